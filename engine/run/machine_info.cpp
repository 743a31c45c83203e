#include "engine/run/machine_info.h"

#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "engine/device/cores.h"
#include "engine/run/build_info.h"

namespace innerloop {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  utsname system{};
  uname(&system);
  return system.machine;
}

nlohmann::ordered_json machine_info(const MachineFacts& facts) {
  nlohmann::ordered_json info;
  info["build"] = {{"version", version()},
                   {"commit", build_commit()},
                   {"compiler", build_compiler()},
                   {"flags", build_flags()},
                   {"type", build_type()}};
  info["processor"] = processor_name();
  info["cores"] = std::thread::hardware_concurrency();
  info["usable_cores"] = usable_cores();
  info["threads"] = facts.threads;
  info["instruction_set"] = facts.instruction_set;
  info["backend"] = facts.backend;
  info["gpu"] = facts.gpu.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(facts.gpu);
  return info;
}

nlohmann::ordered_json resumed_machine_info(const MachineFacts& facts, std::int64_t iteration,
                                            nlohmann::ordered_json before) {
  nlohmann::ordered_json info = machine_info(facts), earlier = nlohmann::ordered_json::array();
  if (before.is_object()) {
    if (before.contains("earlier") && before["earlier"].is_array()) earlier = before["earlier"];
    before.erase("earlier");
    earlier.push_back(std::move(before));
  }
  info["from_iteration"] = iteration;
  info["earlier"] = std::move(earlier);
  return info;
}

}  // namespace innerloop
