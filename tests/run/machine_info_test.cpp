#include "engine/run/machine_info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "engine/device/cores.h"

namespace innerloop {
namespace {

TEST(MachineInfo, TellsTheBuildTheProcessorAndWhatWasChosen) {
  const auto info = machine_info({.backend = "cpu", .instruction_set = "avx2", .gpu = "", .threads = 2});
  for (const char* fact : {"version", "commit", "compiler", "flags", "type"}) {
    EXPECT_TRUE(info["build"][fact].is_string()) << fact;
  }
  EXPECT_EQ(info["processor"], processor_name());
  EXPECT_GE(info["cores"], 1);
  EXPECT_EQ(info["usable_cores"], usable_cores());
  EXPECT_EQ(info["threads"], 2);
  EXPECT_EQ(info["instruction_set"], "avx2");
  EXPECT_EQ(info["backend"], "cpu");
  EXPECT_TRUE(info["gpu"].is_null());
}

TEST(MachineInfo, NamesTheGpuWhereOneIsUsed) {
  EXPECT_EQ(
      machine_info({.backend = "cuda", .instruction_set = "avx2", .gpu = "NVIDIA H100", .threads = 1})["gpu"],
      "NVIDIA H100");
}

TEST(MachineInfo, OfAResumedRunTheEarlierStartsStay) {
  const MachineFacts facts = {.backend = "cpu", .instruction_set = "avx2", .gpu = "", .threads = 2};
  const auto first = machine_info({.backend = "cpu", .instruction_set = "avx512", .gpu = "", .threads = 7});
  const auto second = resumed_machine_info(facts, 50, first);
  const auto third = resumed_machine_info(facts, 80, second);
  EXPECT_EQ(third["threads"], 2);
  EXPECT_EQ(third["from_iteration"], 80);
  ASSERT_EQ(third["earlier"].size(), 2u);
  EXPECT_EQ(third["earlier"][0], first);
  EXPECT_EQ(third["earlier"][1]["from_iteration"], 50);
  EXPECT_FALSE(third["earlier"][1].contains("earlier"));
  EXPECT_EQ(resumed_machine_info(facts, 50, nullptr)["earlier"].size(), 0u);
}

TEST(MachineInfo, TheProcessorHasAName) { EXPECT_NE(processor_name(), ""); }

}  // namespace
}  // namespace innerloop
