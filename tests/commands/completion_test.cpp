// What shells complete, asked of the program and of the shells themselves.
#include <cstdlib>
#include <sstream>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class CompletionTest : public CommandLineTest {
 protected:
  // What the last of the words may become.
  Lines candidates(const Lines& words, const std::string& shell = "bash") const {
    Lines arguments = {"completion", shell, "--"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Ended ended = run(arguments);
    EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
    return lines_of(ended.out);
  }
  // What the script of a shell prints, in the folder of the test and with the program on the PATH.
  std::string printed(const std::string& shell, const std::string& script) const {
    write_text(path("script"), script);
    const std::string command = "cd '" + path(".").string() + "' && PATH='" + binary_folder().string() +
                                "':$PATH " + shell + " ./script >out 2>err";
    EXPECT_EQ(std::system(command.c_str()), 0) << read_text(path("err"));
    EXPECT_EQ(read_text(path("err")), "");
    return read_text(path("out"));
  }
  // What bash offers for the line's last word, which begins behind its last space.
  Lines bash_offers(const std::string& line) const {
    // As bash splits it: at spaces and around "=".
    std::string words;
    int count = -1;
    std::string word;
    const auto end = [&](bool always) {
      if (!always && word.empty()) return;
      words += "'" + word + "' ";
      word.clear();
      ++count;
    };
    for (const char c : line) {
      if (c == ' ') {
        end(false);
      } else if (c == '=') {
        end(false);
        word = "=";
        end(true);
      } else {
        word += c;
      }
    }
    end(true);
    return lines_of(
        printed("bash", "source <(innerloop completion bash)\ncompopt() { :; }\nCOMP_WORDS=(" + words +
                            ") COMP_CWORD=" + std::to_string(count) + "\nCOMP_LINE='" + line +
                            "' COMP_POINT=" + std::to_string(line.size()) +
                            "\n_innerloop\nfor each in \"${COMPREPLY[@]}\"; do echo \"$each\"; done\n"));
  }
  static bool has_shell(const std::string& shell) {
    return std::system(("command -v " + shell + " >/dev/null").c_str()) == 0;
  }
};

TEST_F(CompletionTest, CommandsAndTheirOptionsComplete) {
  EXPECT_THAT(candidates({""}), IsSupersetOf({"train", "evaluate", "report", "completion"}));
  EXPECT_THAT(candidates({"tr"}), ElementsAre("train"));
  EXPECT_THAT(candidates({"--v"}), ElementsAre("--version"));
  EXPECT_THAT(candidates({"train", "--dump"}), ElementsAre("--dump-batch", "--dump-iteration"));
  EXPECT_THAT(candidates({"nonsense", ""}), IsEmpty());
}

TEST_F(CompletionTest, EveryHelpHasExamplesAndSaysWhatValuesAre) {
  for (const std::string& command : candidates({""})) {
    const Ended ended = run({command, "--help"});
    EXPECT_EQ(ended.exit_code, kExitDone);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("\nExamples:\n  innerloop "), Not(HasSubstr("TEXT")))) << command;
    for (const std::string& line : lines_of(ended.out)) EXPECT_LE(line.size(), 120u) << line;
  }
}

TEST_F(CompletionTest, ValuesCompleteByWhatTheyAre) {
  EXPECT_THAT(candidates({"train", "--backend", ""}), ElementsAre("auto", "cpu", "cuda"));
  EXPECT_THAT(candidates({"train", "--backend=c"}), ElementsAre("--backend=cpu", "--backend=cuda"));
  EXPECT_THAT(candidates({"train", "--threads", ""}), IsEmpty());
  EXPECT_THAT(candidates({"train", "--threads", "1", ""}), ElementsAre(":files"));
  EXPECT_THAT(candidates({"train", "a.json", ""}), IsEmpty());
  EXPECT_THAT(candidates({"train", "--out", ""}), ElementsAre(":folders"));
  EXPECT_THAT(candidates({"adapt", "run", "--out", ""}), ElementsAre(":files"));
  EXPECT_THAT(candidates({"report", "run", ""}), ElementsAre(":folders"));
  EXPECT_THAT(candidates({"list", "env"}), ElementsAre("environments"));
  EXPECT_THAT(candidates({"completion", ""}), ElementsAre("bash", "fish", "zsh"));
}

TEST_F(CompletionTest, OverridesCompleteByTheOptionsOfTheConfig) {
  const Lines all = candidates({"train", "--set", "algorithm."});
  EXPECT_THAT(all, IsSupersetOf({"algorithm.name=", "algorithm.inner_lr=", "algorithm.trial_length="}));
  const Lines of_maml = candidates({"train", "tiny.json", "--set", "algorithm."});
  EXPECT_THAT(of_maml, AllOf(Contains("algorithm.inner_lr="), Not(Contains("algorithm.trial_length="))));
  EXPECT_THAT(candidates({"train", "tiny.json", "--set", "environment.name=bandit", "--set", "environment."}),
              AllOf(Contains("environment.arms="), Not(Contains("environment.layout="))));
  EXPECT_THAT(candidates({"show", "tiny.json", "--set", "algorithm.name=fo"}),
              ElementsAre("algorithm.name=fomaml"));
  EXPECT_THAT(candidates({"show", "--set", "algorithm.estimator="}), Contains("algorithm.estimator=dice"));
  EXPECT_THAT(candidates({"show", "--set", "evaluation.deterministic="}),
              ElementsAre("evaluation.deterministic=true", "evaluation.deterministic=false"));
  EXPECT_THAT(candidates({"show", "--set=outer.l"}), ElementsAre("--set=outer.lr="));
  EXPECT_THAT(candidates({"show", "--set", "outer.lr="}), IsEmpty());
}

TEST_F(CompletionTest, HandWrittenLearnersAreThoseOfTheConfig) {
  write_text(path("bandit.json"),
             R"({"environment": {"name": "bandit"}, "policy": {"name": "gru"}, "algorithm": {"name": "rl2"},
                 "horizon": 1, "at_episode_end": "restart", "envs_per_task": 1})");
  EXPECT_THAT(candidates({"evaluate", "bandit.json", "--baseline", "g"}), ElementsAre("greedy", "gittins"));
}

TEST_F(CompletionTest, MeaningsStandBesideTheWordsWhereAShellShowsThem) {
  EXPECT_THAT(candidates({"li"}, "fish"),
              ElementsAre("list\tprints what a config can name, or every option"));
  EXPECT_THAT(candidates({"li"}, "zsh"), ElementsAre("list:prints what a config can name, or every option"));
}

TEST_F(CompletionTest, BashCompletesWordsAroundEqualsSigns) {
  if (!has_shell("bash")) GTEST_SKIP() << "no bash here";
  EXPECT_THAT(bash_offers("innerloop ev"), ElementsAre("evaluate"));
  EXPECT_THAT(bash_offers("innerloop train --set outer.l"), ElementsAre("outer.lr="));
  // Bash replaces what comes behind the "=" alone.
  EXPECT_THAT(bash_offers("innerloop train --set algorithm.name=fo"), ElementsAre("fomaml"));
  EXPECT_THAT(bash_offers("innerloop train --backend=cu"), ElementsAre("cuda"));
  EXPECT_THAT(bash_offers("innerloop train tiny.json --set algorithm.name="), Contains("maml"));
  EXPECT_THAT(bash_offers("innerloop train --set outer.lr=1 --bac"), ElementsAre("--backend"));
}

TEST_F(CompletionTest, BashCompletesFilesAndRuns) {
  if (!has_shell("bash")) GTEST_SKIP() << "no bash here";
  std::filesystem::create_directories(path("my runs/a"));
  EXPECT_THAT(bash_offers("innerloop train ti"), ElementsAre("tiny.json"));
  EXPECT_THAT(bash_offers("innerloop report m"), ElementsAre("my runs"));
  EXPECT_THAT(bash_offers("innerloop report t"), IsEmpty());
  EXPECT_THAT(bash_offers("innerloop adapt --out=ti"), ElementsAre("tiny.json"));
}

TEST_F(CompletionTest, FishCompletes) {
  if (!has_shell("fish")) GTEST_SKIP() << "no fish here";
  const auto offers = [&](const std::string& line) {
    return printed("fish --no-config", "innerloop completion fish | source\ncomplete -C '" + line + "'\n");
  };
  EXPECT_THAT(offers("innerloop ev"), testing::StartsWith("evaluate\t"));
  EXPECT_THAT(offers("innerloop train --set algorithm.name=fo"), HasSubstr("algorithm.name=fomaml\t"));
  EXPECT_THAT(offers("innerloop train ti"), testing::StartsWith("tiny.json"));
}

TEST_F(CompletionTest, ZshCompletes) {
  if (!has_shell("zsh")) GTEST_SKIP() << "no zsh here";
  // In a terminal of its own, as completion works in no other. What is typed before a completion is done may
  // end it.
  const std::string out = printed("timeout 60 zsh -f", R"(zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source <(innerloop completion zsh); echo rea""dy'
zpty -r shell line '*ready*'
zpty -n -w shell $'innerloop train --set algorithm.name=fom\t'
zpty -r shell line '*aml*'
zpty -n -w shell $'\C-aecho got \C-e end\n'
zpty -r shell line '*got innerloop*end*'
print -r -- $line
)");
  EXPECT_THAT(out, HasSubstr("got innerloop train --set algorithm.name=fomaml end"));
}

TEST_F(CompletionTest, AnotherShellIsRefused) {
  EXPECT_THAT(refusal({"completion", "csh"}), HasSubstr("csh"));
  EXPECT_THAT(refusal({"completion"}), HasSubstr("SHELL"));
}

}  // namespace
}  // namespace innerloop
