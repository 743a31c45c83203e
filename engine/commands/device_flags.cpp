#include "engine/commands/device_flags.h"

#include <map>
#include <string>

namespace innerloop {

void add_device_flags(CLI::App& command, DeviceOptions& options) {
  const std::map<std::string, Backend> backends = {
      {"auto", Backend::automatic}, {"cpu", Backend::cpu}, {"cuda", Backend::cuda}};
  command
      .add_option_function<std::string>(
          "--backend", [&options, backends](const std::string& name) { options.backend = backends.at(name); },
          "auto (cuda if a device answers, else cpu), cpu or cuda")
      ->check(CLI::IsMember(backends));
  command
      .add_option("--device", options.device, "number of the GPU, where there are several; 0 unless given")
      ->check(CLI::Range(0, 1023));
  command
      .add_option(
          "--threads", options.threads,
          "threads of the processor; unless given, one for each core that affinity and the container's quota "
          "allow")
      ->check(CLI::Range(1, 1024));
  command
      .add_option_function<std::string>(
          "--instructions",
          [&options](const std::string& name) { options.instructions = name == "auto" ? "" : name; },
          "auto (the best that this processor has), portable, avx2 or avx512; the results are the same")
      ->check(CLI::IsMember({"auto", "portable", "avx2", "avx512"}));
}

}  // namespace innerloop
