// Reports: what the page shows are the run's own numbers, whatever its folder is called and however far it
// is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "engine/error.h"
#include "engine/evaluation/report.h"
#include "engine/options/json.h"
#include "engine/report/axis.h"
#include "engine/report/page.h"
#include "engine/run/evaluation_files.h"
#include "engine/text/markup.h"
#include "tests/support/html_page.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ReportTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  // A run's folder with these files, of an agent that takes gradient steps.
  std::filesystem::path write_run(const std::string& name, const std::vector<std::string>& metrics,
                                  const std::vector<std::string>& options = {}) const {
    const auto run = path(name);
    std::filesystem::create_directories(run);
    write_json(run / "config.json", to_json(tiny_config(options)));
    std::string lines;
    for (const std::string& line : metrics) lines += line + "\n";
    write_text(run / "metrics.jsonl", lines);
    return run;
  }

  const std::string line_ =
      R"({"iteration": 1, "seconds": 0.5, "env_steps": 60, "returns": [-4.5, -3.25], "gradient_norm": 0.125})";

 private:
  TemporaryFolder folder_;
};

TEST_F(ReportTest, ItsNumbersAreTheFiles) {
  const Config config = tiny_config();
  const RunFolder run = train_tiny(path("run"), config);
  Device device(kOneThread);
  Trainer trainer(config, device);
  const auto evaluation = evaluation_of(config, device, trainer.params(), 6).report;
  write_json(run.evaluation(), evaluation);

  const std::string page = report_page({run.path});
  expect_well_formed(page);
  const Json numbers = numbers_of(page);
  const Json after = series_of(numbers, "Return over the environment's steps", ", after adaptation"),
             before = series_of(numbers, "Return over the environment's steps", ", before adaptation"),
             over_time = series_of(numbers, "Return over time", ", after adaptation"),
             norm = series_of(numbers, "gradient_norm", "run"),
             held_out = series_of(numbers, "Return over time", ", after adaptation, held-out tasks");
  std::istringstream text(read_text(run.metrics()));
  std::size_t i = 0, evaluated = 0;
  double seconds = 0;
  for (std::string line; std::getline(text, line); ++i) {
    const Json metrics = Json::parse(line);
    seconds += metrics["seconds"].get<double>();
    EXPECT_EQ(after["x"].at(i), metrics["env_steps"].get<double>());
    EXPECT_EQ(after["y"].at(i), metrics["returns"].back());
    EXPECT_EQ(before["y"].at(i), metrics["returns"].front());
    EXPECT_EQ(over_time["x"].at(i), seconds);
    EXPECT_EQ(norm["x"].at(i), metrics["iteration"].get<double>());
    EXPECT_EQ(norm["y"].at(i), metrics["gradient_norm"]);
    if (!metrics.contains("evaluation_returns")) continue;
    EXPECT_EQ(held_out["x"].at(evaluated), seconds);
    EXPECT_EQ(held_out["around"].at(evaluated), metrics["evaluation_ci95"].back());
    EXPECT_EQ(held_out["y"].at(evaluated++), metrics["evaluation_returns"].back());
  }
  EXPECT_EQ(i, after["y"].size());
  EXPECT_EQ(evaluated, held_out["y"].size());
  EXPECT_EQ(evaluated, 2u);

  const Json curve = series_of(numbers, "Return after each gradient step", "run"),
             random = series_of(numbers, "Return after each gradient step", "run: random");
  const auto rows = rows_of(page, run.path.string());
  for (std::size_t step = 0; step < 2; ++step) {
    const Json& point = evaluation["curve"][step];
    EXPECT_EQ(curve["x"].at(step), step);
    EXPECT_EQ(curve["y"].at(step), point["mean_return"]);
    EXPECT_EQ(curve["around"].at(step), point["ci95"]);
    EXPECT_EQ(random["y"].at(step), evaluation["baselines"][0]["curve"][step]["mean_return"]);
    char cell[64];
    std::snprintf(cell, sizeof cell, "%.2f ± %.2f", point["mean_return"].get<double>(),
                  point["ci95"].get<double>());
    EXPECT_EQ(rows.at(1).at(3 + step), cell);
  }
  EXPECT_THAT(rows.at(0),
              testing::ElementsAreArray({run.path.string(), std::string("point_navigation"),
                                         std::string("maml"), std::string("7"), std::string("6"),
                                         std::string("1.1 k"), rows[0][6], rows[1][3], rows[1][4]}));
  // The checksum that the checkpoint's own header states.
  const std::string checkpoint = newest_checkpoint_bytes(run.path);
  const std::size_t digits = checkpoint.find("crc32c:");
  EXPECT_EQ(rows.at(2).back(), checkpoint.substr(digits, 15));
}

TEST_F(ReportTest, TheDotsAreTheTasksOfItsFile) {
  const Config config = tiny_config({"evaluation.tasks=5"});
  const RunFolder run = train_tiny(path("run"), config);
  Device device(kOneThread);
  Trainer trainer(config, device);
  write_evaluation(run, evaluation_of(config, device, trainer.params(), 6));

  const Json file = Json::parse(read_text(run.evaluation_tasks()));
  const std::string page = report_page({run.path});
  expect_well_formed(page);
  const Json numbers = numbers_of(page);
  const Json comparison = series_of(numbers, "Return of each task before and after adaptation", "run"),
             plane = series_of(numbers, "Return of each task after adaptation", "run");
  EXPECT_EQ(file["task_names"], Json({"goal_x", "goal_y"}));
  ASSERT_EQ(file["returns"].size(), 5u);
  for (std::size_t task = 0; task < 5; ++task) {
    const Json &returns = file["returns"][task], &goal = file["tasks"][task];
    EXPECT_EQ(comparison["x"].at(task), returns.front());
    EXPECT_EQ(comparison["y"].at(task), returns.back());
    EXPECT_EQ(plane["x"].at(task), goal[0]);
    EXPECT_EQ(plane["y"].at(task), goal[1]);
    EXPECT_EQ(plane["value"].at(task), returns.back());
    char title[160];
    std::snprintf(title, sizeof title,
                  "<title>goal_x %.4g, goal_y %.4g; before adaptation %.4g, after adaptation %.4g</title>",
                  goal[0].get<double>(), goal[1].get<double>(), returns.front().get<double>(),
                  returns.back().get<double>());
    EXPECT_THAT(page, HasSubstr(title));
  }
  EXPECT_EQ(comparison["x"].size(), 5u);
  std::filesystem::remove(run.evaluation_tasks());
  EXPECT_THAT(report_page({run.path}), Not(HasSubstr("Return of each task")));
}

// A dot's place in its drawing is that of its numbers between the axes' ends; the best and the worst have the last and the
// first colour; what is not finite has no dot.
TEST_F(ReportTest, DotsLieWhereTheirNumbersAre) {
  const auto run = write_run("run", {line_});
  write_text(run / "evaluation.json",
             R"({"curve": [{"step": 0, "mean_return": 1, "ci95": null}], "baselines": []})");
  write_text(run / "evaluation_tasks.json",
             R"({"task_names": ["a", "b"], "tasks": [[0, 2], [1, 4], [2, 6], [3, 3]],
      "returns": [[0, 8, 4], [10, 8, 8], [5, 8, 20], [5, 8, null]]})");
  const std::string page = report_page({run});
  expect_well_formed(page);
  const std::regex dot("<circle (class=\"(v.)\" )?cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"[^>]*><title>([^;]*);");
  int dots = 0, coloured = 0;
  for (const Json& chart : numbers_of(page)) {
    const std::string title = chart["title"];
    if (!title.starts_with("Return of each task")) continue;
    const bool is_plane = title == "Return of each task after adaptation";
    if (!is_plane) {
      EXPECT_EQ(chart["x"][2], chart["y"][2]);  // the line is where both are equal
      EXPECT_EQ(chart["x"][3], chart["y"][3]);
    }
    const Json& series = chart["series"][0];
    for (std::sregex_iterator at(page.begin(), page.end(), dot), end; at != end; ++at) {
      if ((*at)[1].matched != is_plane) continue;
      const std::string name = (*at)[5];
      ASSERT_NE(name, "a 3, b 3");
      const std::size_t task = name == "a 0, b 2" ? 0 : name == "a 1, b 4" ? 1 : 2;
      const auto place = [&](const char* axis) {
        const Json& ends = chart[axis];
        const double part = (series[axis][task].get<double>() - ends[2].get<double>()) /
                            (ends[3].get<double>() - ends[2].get<double>());
        return ends[0].get<double>() + part * (ends[1].get<double>() - ends[0].get<double>());
      };
      EXPECT_NEAR(std::stod((*at)[3]), place("x"), 0.051);
      EXPECT_NEAR(std::stod((*at)[4]), place("y"), 0.051);
      ++dots;
      if (!is_plane) continue;
      ++coloured;
      EXPECT_EQ((*at)[2], task == 0 ? "v0" : task == 1 ? "v1" : "v6");
    }
  }
  EXPECT_EQ(dots, 6);
  EXPECT_EQ(coloured, 3);
}

// Means that lie in a plane of their numbers, stretched along (3, 4, 0): the dots are where they are in that plane, whose
// number of a task is the one that the places tell, and the line is the first task's trial.
TEST_F(ReportTest, BeliefsLieAlongTheirPrincipalAxes) {
  const auto run = write_run("run", {line_});
  const std::string evaluation =
      R"({"curve": [{"episode": 1, "mean_return": 1, "ci95": null}, {"episode": 2, "mean_return": 1, "ci95": null}],
          "baselines": []})";
  write_text(run / "evaluation.json", evaluation);
  const std::string tasks =
      R"({"task_names": ["noise", "goal"], "tasks": [[2, 10], [-1, 20], [2, 30], [-1, 20]],
          "returns": [[0, 1], [0, 2], [0, 3], [0, 4]],
          "belief_means": [[[0, 0, 1], [-3, -4, 1]], [[0, 0, 1], [0, 0, 2]], [[0, 0, 1], [3, 4, 1]],
                           [[1, 0, 1], [0, 0, 0]]],
          "belief_deviations": [1, 0.5, 0.25],
          "belief_path": [[1, 0, 0, 1], [1, 0, 0, 2], [2, 3, 4, 1], [2, -3, -4, 1]]})";
  write_text(run / "evaluation_tasks.json", tasks);
  const std::string page = report_page({run});
  expect_well_formed(page);
  const Json numbers = numbers_of(page);
  const auto expect = [](const Json& found, const std::vector<double>& wanted) {
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i].get<double>(), wanted[i], 1e-14);
  };
  const Json last = series_of(numbers, "Belief about each task at the trial's end", "run"),
             first = series_of(numbers, "Belief about each task at the first episode's end", "run"),
             path = series_of(numbers, "Belief about each task at the trial's end", "run, a trial"),
             ends = series_of(numbers, "Belief about each task at the trial's end", ", episodes' ends");
  expect(last["x"], {-5, 0, 5, 0});
  expect(last["y"], {0, 1, 0, -1});
  EXPECT_EQ(last["value"], Json({10, 20, 30, 20}));
  expect(first["x"], {0, 0, 0, 0.6});
  expect(path["x"], {0, 0, 5, -5});
  expect(path["y"], {0, 1, 0, 0});
  expect(ends["x"], {0, -5});
  EXPECT_THAT(
      page, AllOf(HasSubstr("first principal axis, 96 % of the variance"),
                  HasSubstr("second principal axis, 4 % of the variance"),
                  HasSubstr("colours show goal, of whose variance a line of the two axes tells 100 %"),
                  HasSubstr("1 as a trial begins, 0.5 at the first episode&#39;s end and 0.25 at the last")));
  // A colour is the dots' own, the path's is its series'.
  EXPECT_THAT(page, HasSubstr("<title>episode 2&#39;s end</title>"));
  EXPECT_THAT(page, Not(HasSubstr("class=\"v-")));
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string damaged = tasks;
    damaged.replace(damaged.find(from), from.size(), to);
    write_text(run / "evaluation_tasks.json", damaged);
    return message_of<InputError>([&] { report_page({run}); });
  };
  for (const auto& [from, to] : {std::pair{"[[0, 0, 1], [0, 0, 2]]", "[[0, 0, 1]]"},
                                 {"[[0, 0, 1], [0, 0, 2]]", "[[0, 0, 1], [0, 0]]"},
                                 {"[[0, 0, 1], [0, 0, 2]], ", ""},
                                 {"[2, 3, 4, 1]", "[2, 3, 4]"},
                                 {"[1, 0.5, 0.25]", "1"}})
    EXPECT_THAT(refusal(from, to), HasSubstr("wanted \"belief_means\""));
}

TEST_F(ReportTest, BeliefsThatAreNotFiniteHaveNoDot) {
  const auto run = write_run("run", {line_});
  write_text(run / "evaluation_tasks.json",
             R"({"returns": [[0, 1], [0, 2], [0, 3]], "belief_means": [[[null]], [[1]], [[3]]]})");
  write_text(run / "evaluation.json",
             R"({"curve": [{"episode": 1, "mean_return": 1, "ci95": null}], "baselines": []})");
  const std::string page = report_page({run});
  expect_well_formed(page);
  const Json dots = series_of(numbers_of(page), "Belief about each task at the trial's end", "run");
  EXPECT_EQ(dots["x"], Json({nullptr, -1, 1}));
  EXPECT_EQ(dots["value"], Json({1, 2, 3}));
  EXPECT_THAT(page, HasSubstr("colours show return in the last episode"));
}

TEST_F(ReportTest, ThePageAsksForNothingElse) {
  const std::string page = report_page({write_run("run", {line_})});
  for (const char* foreign : {"http:", "https:", "src=", "href=", "url(", "@import", "fetch(", "<link"})
    EXPECT_THAT(page, Not(HasSubstr(foreign)));
}

TEST_F(ReportTest, TheSameFilesGiveTheSamePage) {
  const auto run = write_run("run", {line_});
  EXPECT_EQ(report_page({run}), report_page({run}));
}

TEST_F(ReportTest, AnUnfinishedRunIsShown) {
  const auto run = write_run("run", {line_});
  write_text(run / "metrics.jsonl", line_ + "\n{\"iteration\": 2, \"sec");  // its line has no end yet
  const std::string page = report_page({run});
  expect_well_formed(page);
  EXPECT_THAT(page, HasSubstr("No run has an evaluation yet."));
  EXPECT_THAT(series_of(numbers_of(page), "Return over time", ", after adaptation")["y"], ElementsAre(-3.25));
  EXPECT_EQ(rows_of(page, run.string()).at(0).at(4), "1 of 6");
  EXPECT_EQ(rows_of(page, run.string()).at(0).at(7), "-");
}

TEST_F(ReportTest, NumbersThatAreNotFiniteInterruptTheCurve) {
  const auto run = write_run(
      "run",
      {line_,
       R"({"iteration": 2, "seconds": 1, "env_steps": 120, "returns": [null, null], "gradient_norm": null})",
       R"({"iteration": 3, "seconds": 1, "env_steps": 180, "returns": [-4, -2], "gradient_norm": 0.5})"});
  write_text(run / "evaluation.json",
             R"({"curve": [{"step": 0, "mean_return": null, "ci95": null}], "baselines": []})");
  const std::string page = report_page({run});
  expect_well_formed(page);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf,")),
                          HasSubstr("No finite number to show."), HasSubstr("not finite")));
  EXPECT_THAT(series_of(numbers_of(page), "Return over time", ", after adaptation")["y"],
              ElementsAre(-3.25, nullptr, -2.0));
}

TEST_F(ReportTest, AnAgentWithAMemoryIsShownByEpisodes) {
  const auto run = path("memory");
  std::filesystem::create_directories(run);
  write_text(run / "config.json",
             R"({"iterations": 1, "environment": {"name": "bandit"}, "algorithm": {"name": "rl2"}})");
  write_text(run / "metrics.jsonl", line_ + "\n");
  Json evaluation = {{"tasks", 4}, {"episodes_per_task", 1}, {"iteration", 1}, {"curve", Json::array()}};
  for (int episode = 1; episode <= 40; ++episode)
    evaluation["curve"].push_back({{"episode", episode}, {"mean_return", episode / 8.0}, {"ci95", 0.25}});
  evaluation["baselines"] = {{{"name", "gittins"}, {"curve", evaluation["curve"]}}};
  write_json(run / "evaluation.json", evaluation);
  write_text(run / "evaluation_tasks.json",
             R"({"returns": [[0, 1, 0.5], [0.25, 1, 1], [0, 0, 1], [0.25, 0, 1]]})");
  const std::string page = report_page({run});
  expect_well_formed(page);
  const Json tasks =
      series_of(numbers_of(page), "Return of each task in the first and the last episode", "memory");
  EXPECT_THAT(tasks["x"], ElementsAre(0, 0.25, 0));
  EXPECT_THAT(tasks["y"], ElementsAre(0.5, 1, 1));
  // Tasks with the same returns are one dot, whose area is their part of all tasks.
  EXPECT_THAT(page,
              AllOf(HasSubstr("r=\"3.2\"><title>task 1; first episode 0, last episode 0.5</title>"),
                    HasSubstr("r=\"28.3\"><title>2 tasks; first episode 0.25, last episode 1</title>")));
  const Json curve = series_of(numbers_of(page), "Return of each episode", "memory");
  EXPECT_EQ(curve["x"].size(), 40u);
  EXPECT_EQ(curve["x"].at(39), 40);
  EXPECT_THAT(curve["around"], Each(0.25));
  EXPECT_EQ(rows_of(page, "agent").at(0).back(), "episode 40");
  EXPECT_EQ(rows_of(page, run.string() + ": gittins").at(0).back(), "5.00 ± 0.25");
  EXPECT_THAT(page, AllOf(HasSubstr("class=\"band\""), HasSubstr("last episode")));
  series_of(numbers_of(page), "Return over time", ", last episode");
}

TEST_F(ReportTest, RunsInDifferentEnvironmentsAreNotDrawnInOneChart) {
  const auto a = write_run("a", {line_}),
             b = write_run("b", {line_}, {R"(environment={"name": "wind_navigation"})"});
  const std::string page = report_page({a, b, a});
  EXPECT_THAT(page,
              AllOf(HasSubstr("Training on point_navigation"), HasSubstr("Training on wind_navigation")));
  int charts = 0;
  for (const Json& chart : numbers_of(page)) charts += chart["title"] == "Return over time" ? 1 : 0;
  EXPECT_EQ(charts, 2);
}

TEST_F(ReportTest, OnlyOptionsThatDifferAreCompared) {
  const auto a = write_run("a", {line_}),
             b = write_run("b", {line_}, {"outer.lr=0.5", "algorithm.inner_lr=[0.1,0.2]"});
  const std::string page = report_page({a, b});
  EXPECT_THAT(rows_of(page, "outer.lr").at(0), ElementsAre("outer.lr", "0.01", "0.5"));
  EXPECT_EQ(rows_of(page, "algorithm.inner_lr").at(0).back(), "[0.1,0.2]");
  // Beside that, each stands in the list of all options of each run.
  EXPECT_EQ(rows_of(page, "outer.lr").size(), 3u);
  EXPECT_EQ(rows_of(page, "horizon").size(), 2u);
  EXPECT_THAT(report_page({a, a}), HasSubstr("All options are the same."));
  // More runs than options: a line a run.
  EXPECT_THAT(rows_of(report_page({a, b, a, b}), b.string()).at(2).back(), "0.5");
}

TEST_F(ReportTest, NamesAreTextWhateverIsInThem) {
  const std::string name = "<script>alert('&\"1\")<\x01\xff\n{";
  const auto run = write_run(name, {line_});
  const std::string page = report_page({run});
  expect_well_formed(page);
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>alert")), Not(HasSubstr("\xff")), Not(HasSubstr("\x01"))));
  EXPECT_THAT(page, HasSubstr(markup_text(run.string())));
  EXPECT_THAT(
      series_of(numbers_of(page), "Return over time", ", after adaptation")["label"].get<std::string>(),
      HasSubstr("<script>alert('&\"1\")<"));
  EXPECT_EQ(markup_text("a<b & \"c\" 'd'"), "a&lt;b &amp; &quot;c&quot; &#39;d&#39;");
  EXPECT_EQ(markup_text("é\xff\x02"), "é\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_F(ReportTest, APointOfALongRunIsTheMeanOfNeighboursWithTheirRange) {
  std::vector<std::string> lines;
  for (int i = 1; i <= 1000; ++i)
    lines.push_back(R"({"iteration": )" + std::to_string(i) + R"(, "seconds": 1, "env_steps": )" +
                    std::to_string(i) + R"(, "returns": [)" + std::to_string(i % 3) + "]}");
  const std::string page = report_page({write_run("run", lines)});
  const Json series = series_of(numbers_of(page), "Return over the environment's steps", "run");
  ASSERT_EQ(series["y"].size(), 334u);  // of three each, the last alone
  EXPECT_EQ(series["x"].at(0), 3);
  EXPECT_EQ(series["y"].at(0), 1);
  EXPECT_EQ(series["x"].at(333), 1000);
  EXPECT_EQ(series["y"].at(333), 1);
  EXPECT_THAT(page, AllOf(HasSubstr("the mean of up to 3 iterations"), HasSubstr("class=\"band\"")));
}

TEST_F(ReportTest, WhatIsNoRunIsRefused) {
  const auto refusal = [](const std::filesystem::path& run) {
    return message_of<InputError>([&] { report_page({run}); });
  };
  EXPECT_EQ(refusal(path("none")), path("none").string() + ": wanted a run folder, found none");
  std::filesystem::create_directories(path("empty"));
  EXPECT_EQ(refusal(path("empty")),
            path("empty").string() + ": wanted a run folder, found no config.json in it");
  const auto run = write_run("run", {});
  EXPECT_EQ(refusal(run),
            (run / "metrics.jsonl").string() + ": wanted the metrics of a run, found those of no iteration");
  std::filesystem::remove(run / "metrics.jsonl");
  EXPECT_THAT(refusal(run), HasSubstr("found those of no iteration"));
  write_text(run / "metrics.jsonl", line_ + "\n[1]\n" + line_ + "\n");
  EXPECT_THAT(refusal(run), HasSubstr("metrics.jsonl: line 2: wanted an object"));
  write_text(run / "metrics.jsonl", line_ + "\n");
  for (const char* evaluation : {"{}", R"({"curve": 1})", R"({"curve": []})", R"({"curve": [1]})",
                                 R"({"curve": [{"step": 0}], "baselines": [{"name": "random"}]})",
                                 R"({"curve": [{"step": 0}], "baselines": {"name": "random"}})"}) {
    write_text(run / "evaluation.json", evaluation);
    EXPECT_THAT(refusal(run), HasSubstr("evaluation.json: ")) << evaluation;
  }
  write_text(run / "evaluation.json", "[1]");
  EXPECT_THAT(refusal(run), HasSubstr("evaluation.json: wanted a file of a run, found [1] (list)"));
  write_text(run / "evaluation.json", "{");
  EXPECT_THAT(refusal(run), HasSubstr("evaluation.json"));
  std::filesystem::remove(run / "evaluation.json");
  for (const char* tasks : {"{}", R"({"returns": 1})", R"({"returns": []})", R"({"returns": [1]})",
                            R"({"returns": [[]]})", R"({"returns": [[1, 2], [1]]})"}) {
    write_text(run / "evaluation_tasks.json", tasks);
    EXPECT_THAT(refusal(run), HasSubstr("evaluation_tasks.json: wanted \"returns\", a list of")) << tasks;
  }
  for (const char* tasks :
       {R"({"task_names": 1, "returns": [[1]]})", R"({"task_names": ["a"], "returns": [[1]]})",
        R"({"task_names": ["a"], "tasks": [[1, 2]], "returns": [[1]]})",
        R"({"task_names": ["a"], "tasks": [[1], [2]], "returns": [[1]]})"}) {
    write_text(run / "evaluation_tasks.json", tasks);
    EXPECT_THAT(refusal(run), HasSubstr("evaluation_tasks.json: wanted \"tasks\", the numbers of")) << tasks;
  }
}

TEST_F(ReportTest, ADamagedCheckpointIsToldOfBesideTheCurves) {
  const RunFolder run = train_tiny(path("run"), tiny_config());
  write_text(checkpoint_file(run.path, 6), "damaged");
  EXPECT_THAT(report_page({run.path}), HasSubstr("6.safetensors: wanted at least"));
}

TEST(Axis, HasRoundTicksAndLabelsAsExactAsTheyAre) {
  const auto labels = [](double low, double high, bool whole = false) {
    const Axis axis = make_axis(low, high, 5, true, whole);
    std::vector<std::string> all;
    for (const double tick : axis.ticks()) all.push_back(axis.label(tick));
    return all;
  };
  EXPECT_THAT(labels(-39, -3), ElementsAre("-40", "-30", "-20", "-10", "0"));
  EXPECT_THAT(labels(0.481, 0.599), ElementsAre("0.45", "0.50", "0.55", "0.60"));
  EXPECT_THAT(labels(0, 3, true), ElementsAre("0", "1", "2", "3"));
  EXPECT_THAT(labels(1, 2, true), ElementsAre("1", "2"));
  EXPECT_THAT(labels(0, 14e6), ElementsAre("0", "5 M", "10 M", "15 M"));
  EXPECT_THAT(labels(0, 2.2e6), ElementsAre("0", "500 k", "1000 k", "1500 k", "2000 k", "2500 k"));
  EXPECT_THAT(labels(7, 7), testing::Contains("7.0"));
  EXPECT_THAT(labels(0, 0), testing::Contains("0.0"));
  for (const double huge : {1e300, 1e15, 1e-300, -1e20}) EXPECT_LT(labels(huge, huge).size(), 12u) << huge;
  EXPECT_LT(labels(-1e308, 1e308).size(), 12u);
}

}  // namespace
}  // namespace innerloop
