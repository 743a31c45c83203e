// `innerloop report`, and the page that training leaves.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/commands/command_line_fixture.h"

namespace innerloop {
namespace {

using testing::HasSubstr;

class ReportCommandTest : public CommandLineTest {};

TEST_F(ReportCommandTest, TrainingLeavesItsOwnPageAndSeveralRunsGiveOne) {
  train();
  EXPECT_THAT(read_text(path("run/report.html")), HasSubstr("Return after each gradient step"));
  train({"--set", "seed=8"}, "other");
  const Ended ended = run({"report", "run", "other", "--out", "both.html"});
  EXPECT_EQ(ended.exit_code, kExitDone) << ended.err;
  EXPECT_EQ(ended.out, "report: both.html\n");
  EXPECT_THAT(read_text(path("both.html")), HasSubstr("<h1>2 runs</h1>"));
  EXPECT_EQ(run({"report", "run"}).exit_code, kExitDone);
  EXPECT_EQ(read_text(path("report.html")), read_text(path("run/report.html")));
}

TEST_F(ReportCommandTest, EvaluationsOnTheWayHaveTheIntervalsOfTheOneAtTheEnd) {
  const auto last_line = [&](const std::string& run) {
    std::string text = read_text(path(run) / "metrics.jsonl");
    text.pop_back();
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  };
  train();
  const auto curve = nlohmann::json::parse(read_text(path("run/evaluation.json")))["curve"];
  for (std::size_t step = 0; step < 2; ++step) {
    EXPECT_EQ(last_line("run")["evaluation_returns"].at(step), curve[step]["mean_return"]);
    EXPECT_EQ(last_line("run")["evaluation_ci95"].at(step), curve[step]["ci95"]);
  }
  train({"--set", "evaluation.tasks=1"}, "one");
  EXPECT_EQ(last_line("one")["evaluation_ci95"], nlohmann::json({nullptr, nullptr}));
}

TEST_F(ReportCommandTest, APageThatCannotBeWrittenCostsItselfAlone) {
  train();
  std::filesystem::remove(path("run/report.html"));
  std::filesystem::remove(path("run/evaluation.json"));
  std::filesystem::create_directory(path("run/report.html"));  // in the page's place
  const Ended ended = run({"train", "--resume", "--out", "run"});
  EXPECT_EQ(ended.exit_code, kExitRunFailed);
  EXPECT_THAT(ended.err, testing::StartsWith("innerloop: run/report.html: wanted to write "));
  EXPECT_TRUE(std::filesystem::exists(path("run/evaluation.json")));
}

TEST_F(ReportCommandTest, ItsCommandsRepeatTheRunToTheBit) {
  train({}, "Ann's run");
  const std::string page = read_text(path("Ann's run/report.html"));
  const std::size_t begin = page.find("<pre>") + 5;
  std::string commands = page.substr(begin, page.find("</pre>", begin) - begin);
  commands = std::regex_replace(commands, std::regex("&#39;"), "'");
  EXPECT_THAT(commands, HasSubstr("innerloop train"));
  EXPECT_THAT(commands, HasSubstr("\ncmp "));
  write_text(path("again.sh"), "set -e\nPATH='" + binary_folder().string() + "':$PATH\n" + commands + "\n");
  EXPECT_EQ(std::system(("cd '" + path(".").string() + "' && sh again.sh >out 2>&1").c_str()), 0)
      << read_text(path("out"));
}

TEST_F(ReportCommandTest, BadArgumentsAreRefused) {
  train();
  EXPECT_THAT(refusal({"report"}), HasSubstr("RUN"));
  EXPECT_EQ(refusal({"report", "none"}), "innerloop: none: wanted a run folder, found none");
  EXPECT_THAT(refusal({"report", "run", "--out", "none/page.html"}),
              HasSubstr("none/page.html: wanted the name of a file to write, found no folder none"));
  EXPECT_THAT(refusal({"report", "run", "--out", "run"}), HasSubstr("found a folder"));
  EXPECT_THAT(refusal({"report", "run", "--out", "-"}), HasSubstr("/dev/stdout"));
  EXPECT_THAT(refusal({"report", "run", "--out", ""}), HasSubstr("wanted a value"));
}

TEST_F(ReportCommandTest, APipeTakesThePageAndNothingElse) {
  train();
  const std::string program = (binary_folder() / "innerloop").string(), folder = path(".").string();
  const std::string command =
      "cd '" + folder + "' && '" + program + "' report run --out /dev/stdout | cat >page";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_text(path("page")), read_text(path("run/report.html")));
}

}  // namespace
}  // namespace innerloop
