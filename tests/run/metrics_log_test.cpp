#include "engine/run/metrics_log.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/support/full_disk.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;

class Metrics : public testing::Test {
 protected:
  std::string after_cut(const std::string& text, std::int64_t iteration) const {
    write_text(path, text);
    cut_metrics(path, iteration);
    return read_text(path);
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "metrics.jsonl";
  const std::string one = "{\"iteration\":1,\"returns\":[-1.5]}\n", two = "{\"iteration\":2}\n",
                    three = "{\"iteration\":3}\n";
};

TEST_F(Metrics, EachLineIsInTheFileAtOnceInTheOrderOfItsKeys) {
  MetricsLog log(path);
  log.write({{"iteration", 1}, {"seconds", 0.1}, {"returns", {-40.5, -12.25}}, {"env_steps", 80000}});
  const std::string first = R"({"iteration":1,"seconds":0.1,"returns":[-40.5,-12.25],"env_steps":80000})"
                            "\n";
  EXPECT_EQ(read_text(path), first);
  log.write({{"iteration", 2}});
  log.sync();
  EXPECT_EQ(read_text(path), first + two);
}

TEST_F(Metrics, WhatIsNoNumberIsNull) {
  const double infinity = std::numeric_limits<double>::infinity();
  MetricsLog(path).write({{"iteration", 1}, {"a", std::nan("")}, {"b", {infinity, -infinity}}});
  EXPECT_EQ(read_text(path), "{\"iteration\":1,\"a\":null,\"b\":[null,null]}\n");
}

// As in the name of a folder.
TEST_F(Metrics, BytesThatAreNoUtf8AreReplaced) {
  MetricsLog(path).write({{"iteration", 1}, {"run", "r\xff"}});
  EXPECT_EQ(read_text(path), "{\"iteration\":1,\"run\":\"r\uFFFD\"}\n");
}

TEST_F(Metrics, GoOnAtTheFilesEnd) {
  write_text(path, one);
  MetricsLog(path).write({{"iteration", 2}});
  EXPECT_EQ(read_text(path), one + two);
}

TEST_F(Metrics, AFullDiskIsAnError) {
  MetricsLog log(path);
  log.write({{"iteration", 1}, {"returns", {-1.5}}});
  const FullDisk full(one.size());
  EXPECT_THAT(message_of<RunError>([&] {
                log.write({{"iteration", 2}});
              }),
              AllOf(HasSubstr(path.string()), HasSubstr("wanted to write 16 bytes")));
}

TEST_F(Metrics, AreCutAfterTheCheckpointsIteration) {
  EXPECT_EQ(after_cut(one + two + three, 2), one + two);
  EXPECT_EQ(after_cut(one + two + three, 3), one + two + three);
  EXPECT_EQ(after_cut(one + two + three, 0), "");
  EXPECT_EQ(after_cut(one + two + three, 9), one + two + three);
  EXPECT_EQ(after_cut("", 9), "");
  EXPECT_EQ(after_cut(one + three, 2), one);
}

TEST_F(Metrics, ALineWithoutItsEndIsDropped) {
  EXPECT_EQ(after_cut(one + two + "{\"iterat", 9), one + two);
  EXPECT_EQ(after_cut(one + "{\"iteration\":2}", 9), one);
}

TEST_F(Metrics, WhatACrashLeftBeyondTheCheckpointIsDropped) {
  EXPECT_EQ(after_cut(one + two + std::string(20, '\0') + "\n" + three, 2), one + two);
}

TEST_F(Metrics, ADamagedLineBeforeTheCheckpointsIsAnErrorAndStays) {
  for (const std::string damage :
       {"{\"iteration\":", "[1]", "{}", "{\"iteration\":1.5}", "{\"iteration\":\"1\"}", ""}) {
    const std::string text = one + damage + "\n" + three;
    EXPECT_EQ(message_of<InputError>([&] { after_cut(text, 3); }),
              path.string() + ": line 2: wanted an object with a whole number \"iteration\", found none");
    EXPECT_EQ(read_text(path), text);
  }
}

TEST_F(Metrics, WhatIsNoFileIsRefused) {
  std::filesystem::create_directory(path);
  EXPECT_EQ(message_of<InputError>([&] { cut_metrics(path, 5); }),
            path.string() + ": wanted a file, found something else");
}

TEST_F(Metrics, NoFileIsAsGoodAsAnEmptyOne) {
  cut_metrics(path, 5);
  EXPECT_EQ(count_entries(folder.path()), 0u);
}

}  // namespace
}  // namespace innerloop
