#include "engine/run/machine_info.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace innerloop {
namespace {

TEST(MachineInfo, TellsTheBuildTheProcessorAndWhatWasChosen) {
  const auto info = machine_info({.backend = "cpu", .instruction_set = "avx2", .gpu = "", .threads = 2});
  for (const char* fact : {"version", "commit", "compiler", "flags", "type"}) {
    EXPECT_TRUE(info["build"][fact].is_string()) << fact;
  }
  EXPECT_EQ(info["processor"], processor_name());
  EXPECT_GE(info["cores"], 1);
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

TEST(MachineInfo, TheProcessorHasAName) { EXPECT_NE(processor_name(), ""); }

}  // namespace
}  // namespace innerloop
