// Looking on at a run that is not there yet, goes on, becomes longer and ends.
#include "engine/run/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>

#include "engine/error.h"
#include "engine/options/json.h"
#include "tests/support/tiny_run.h"

namespace innerloop {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class WatchTest : public testing::Test {
 protected:
  WatchTest() { run_.path = folder_.path() / "run"; }

  void begin() {
    std::filesystem::create_directory(run_.path);
    write_json(run_.config(), to_json(tiny_config()));
    lock_.emplace(run_.path);
  }
  void log(int iteration) {
    std::ofstream(run_.metrics(), std::ios::app)
        << R"({"iteration": )" << iteration << R"(, "returns": [-4, -2], "env_steps_per_second": 1000})"
        << "\n";
  }
  void evaluate(int iteration) {
    write_json(
        run_.evaluation(),
        {{"iteration", iteration},
         {"deterministic", false},
         {"tasks", 2},
         {"episodes_per_task", 3},
         {"algorithm", "maml"},
         {"curve", {{{"step", 0}, {"mean_return", -2.5}, {"ci95", nullptr}}}},
         {"baselines",
          {{{"name", "random"}, {"curve", {{{"step", 0}, {"mean_return", -5}, {"ci95", nullptr}}}}}}}});
  }
  // What is shown where between looks the run does one after the other of `events`; then it is stopped.
  std::string shown(std::vector<std::function<void()>> events, bool terminal = false) {
    std::ostringstream out;
    std::size_t next = 0;
    const auto stops = [&] {
      if (next == events.size()) return true;
      events[next++]();
      return false;
    };
    complete_ = watch_run(run_.path, out,
                          {.terminal = terminal, .stops = stops, .every = std::chrono::milliseconds(0)});
    EXPECT_EQ(next, events.size());
    return out.str();
  }

  TemporaryFolder folder_;
  RunFolder run_;
  std::optional<RunLock> lock_;
  bool complete_ = false;
};

TEST_F(WatchTest, ARunIsFollowedFromBeforeItsBeginToItsEvaluation) {
  const std::string text = shown({[] {}, [&] { begin(); }, [&] { log(1); }, [&] { log(3); }, [&] { log(6); },
                                  [&] { evaluate(3); }, [&] { evaluate(6); }});
  EXPECT_TRUE(complete_);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr("run: waiting for it to begin\n"),
            HasSubstr("maml on point_navigation, 0 of 6 iterations done\n"), HasSubstr("iteration 3/6 "),
            HasSubstr("return -4.00 -> -2.00  1.0 k env-steps/s\n"), HasSubstr("iteration 6/6 "),
            HasSubstr("Evaluating on held-out tasks\n"), HasSubstr("-2.50")));
  EXPECT_THAT(text, Not(HasSubstr("No process")));
  EXPECT_EQ(text.find('\r'), text.npos);
}

TEST_F(WatchTest, ATerminalHasTheLineOfTraining) {
  begin();
  const std::string text = shown({[&] { log(1); }, [&] { log(2); }}, true);
  EXPECT_FALSE(complete_);
  EXPECT_THAT(text, AllOf(HasSubstr("\r["), HasSubstr("] 2/6"), testing::EndsWith("\n")));
}

TEST_F(WatchTest, AnInterruptedRunIsWaitedForUntilItGoesOnAndIsLonger) {
  begin();
  lock_.reset();
  log(2);
  const auto resume = [&] {
    lock_.emplace(run_.path);
    std::filesystem::resize_file(run_.metrics(), 0);
    log(1);
    Json longer = to_json(tiny_config({"iterations=20"}));
    write_json(run_.config(), longer);
    std::filesystem::last_write_time(run_.config(),
                                     std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  };
  const std::string text = shown({[] {}, resume, [&] { log(6); }, [&] { log(10); }});
  EXPECT_FALSE(complete_);
  EXPECT_THAT(
      text,
      AllOf(HasSubstr(
                "2 of 6 iterations done\nNo process trains it; waiting for: innerloop train --resume --out "),
            HasSubstr("iteration 10/20 ")));
}

TEST_F(WatchTest, ACompleteRunIsShownAtOnce) {
  begin();
  lock_.reset();
  log(6);
  EXPECT_THAT(shown({}),
              AllOf(HasSubstr("6 of 6 iterations done\n"), HasSubstr("not evaluated: innerloop evaluate ")));
  EXPECT_TRUE(complete_);
  evaluate(6);
  EXPECT_THAT(shown({}), HasSubstr("-2.50"));
}

TEST_F(WatchTest, ALineThatIsStillWrittenIsNoneYet) {
  begin();
  log(1);
  std::ofstream(run_.metrics(), std::ios::app) << R"({"iteration": 6, "ret)";
  EXPECT_THAT(shown({[] {}}), HasSubstr("1 of 6 iterations done\n"));
}

TEST_F(WatchTest, DamagedFilesAreRefused) {
  begin();
  write_text(run_.config(), "[1]");
  EXPECT_THAT(message_of<InputError>([&] { shown({}); }), HasSubstr("config.json: wanted a file of a run"));
  write_text(run_.config(), "{\"iterations\": \"many\"}");
  EXPECT_THAT(message_of<InputError>([&] { shown({}); }),
              HasSubstr("config.json: /iterations: wanted a number above 0"));
}

}  // namespace
}  // namespace innerloop
