// What built this program and what it runs on, for machine.json.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace innerloop {

// What the engine has chosen for this run.
struct MachineFacts {
  std::string backend;          // "cpu" or "cuda"
  std::string instruction_set;  // of the host's kernels: "avx512", "avx2", "portable"
  std::string gpu;              // its name; empty where none is used
  int threads = 1;              // of the host
};

/// The processor's name: from the system's list, else the architecture's ("aarch64").
std::string processor_name();

/// machine.json: the build (version, commit, compiler, flags, type), the processor, its cores and those that this
/// process may use (engine/device/cores.h), and `facts`.
nlohmann::ordered_json machine_info(const MachineFacts& facts);

/// The same of a run that goes on from `iteration` on, whose machine.json was `before`: `from_iteration`, and in
/// `earlier` what was written of each start before, the first one first.
nlohmann::ordered_json resumed_machine_info(const MachineFacts& facts, std::int64_t iteration,
                                            nlohmann::ordered_json before);

}  // namespace innerloop
