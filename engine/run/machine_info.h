// What built this program and what it runs on, for machine.json.
#pragma once

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

/// machine.json: the build (version, commit, compiler, flags, type), the processor and its cores, and
/// `facts`.
nlohmann::ordered_json machine_info(const MachineFacts& facts);

}  // namespace innerloop
