#include "engine/run/doctor.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "engine/device/buffer_plan.h"
#include "engine/device/cores.h"
#include "engine/device/device.h"
#include "engine/device/host_kernel_set.h"
#include "engine/device/host_memory.h"
#include "engine/run/build_info.h"
#include "engine/run/machine_info.h"
#include "engine/text/columns.h"

namespace innerloop {
namespace {

// What follows `key` in the first line of the file that begins with it; empty where there is none.
std::string line_after(const char* file, const std::string& key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key))
      return line.substr(std::min(line.find_first_not_of(" \t", key.size()), line.size()));
  return "";
}

std::string system_found() {
  utsname system{};
  uname(&system);
  std::string name = line_after("/etc/os-release", "PRETTY_NAME=");
  std::erase(name, '"');
  return name + (name.empty() ? "" : ", ") + system.sysname + " " + system.release + " " + system.machine +
         ", glibc " + gnu_get_libc_version();
}

std::string cores_found() {
  cpu_set_t mask;
  const bool has_mask = sched_getaffinity(0, sizeof mask, &mask) == 0;
  const double quota = cgroup_cores();
  return std::to_string(std::thread::hardware_concurrency()) + " of the machine, " +
         (has_mask ? std::to_string(CPU_COUNT(&mask)) + " in the affinity mask, " : "") +
         (std::isfinite(quota) ? number_cell("%.4g", quota) + " by the control groups' quota"
                               : "no quota of control groups") +
         "; innerloop uses " + std::to_string(usable_cores());
}

std::string instructions_found() {
  std::string names;
  for (const HostKernelSet& set : host_kernel_sets())
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  return names;
}

std::string memory_found() {
  const std::string total = line_after("/proc/meminfo", "MemTotal:");
  const std::int64_t groups = cgroup_bytes();
  const bool limited = groups < std::int64_t{1}
                                    << 60;  // what nobody has is how version 1 says that there is none
  return (total.empty() ? "" : readable_bytes(std::atoll(total.c_str()) * 1024) + " in all, ") +
         readable_bytes(host_available_bytes()) + " free for innerloop, " +
         (limited ? readable_bytes(groups) + " left by the control groups" : "no limit of control groups");
}

std::string limits_found() {
  std::string text;
  for (const auto& [name, resource] : {std::pair{"address space", RLIMIT_AS},
                                       {"size of a file", RLIMIT_FSIZE},
                                       {"open files", RLIMIT_NOFILE},
                                       {"stack", RLIMIT_STACK}}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0) continue;
    const auto most = static_cast<std::int64_t>(limit.rlim_cur);
    text += (text.empty() ? "" : ", ") + std::string(name) + " " +
            (limit.rlim_cur == RLIM_INFINITY ? "unlimited"
             : resource == RLIMIT_NOFILE     ? std::to_string(most)
                                             : readable_bytes(most));
  }
  return text;
}

std::string disk_found() {
  const std::filesystem::path folder = std::filesystem::current_path();
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return folder.string() + ", of which nothing can be told";
  return readable_bytes(static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize)) + " free in " +
         folder.string() + (access(folder.c_str(), W_OK) == 0 ? "" : ", where nothing can be written");
}

// A library of the system, for as long as this lives; nothing is loaded where it is not found.
class Library {
 public:
  explicit Library(const char* name) : handle_(dlopen(name, RTLD_LAZY | RTLD_LOCAL), close) {}

  explicit operator bool() const { return handle_ != nullptr; }
  // Calls the function of that name; -1 where the library has none.
  template <class... Arguments>
  int call(const char* function, Arguments... arguments) const {
    using Function = int (*)(Arguments...);
    const auto found = reinterpret_cast<Function>(dlsym(handle_.get(), function));
    return found == nullptr ? -1 : found(arguments...);
  }

 private:
  static void close(void* handle) {
    if (handle != nullptr) dlclose(handle);
  }
  std::unique_ptr<void, void (*)(void*)> handle_;
};

// "13.0" for 13000, as CUDA counts.
std::string cuda_version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

std::string gpus_found(const Library& driver) {
  int devices = 0;
  if (const int status = driver.call("cuInit", 0u); status != 0)
    return "no GPU answers (cuInit: error " + std::to_string(status) + ")";
  if (driver.call("cuDeviceGetCount", &devices) != 0 || devices == 0) return "no GPU answers";
  std::string text;
  for (int number = 0; number < devices; ++number) {
    int device = 0, major = 0, minor = 0;
    std::array<char, 128> name{};
    std::size_t bytes = 0;
    constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…
    driver.call("cuDeviceGet", &device, number);
    driver.call("cuDeviceGetName", name.data(), static_cast<int>(name.size()) - 1, device);
    driver.call("cuDeviceTotalMem_v2", &bytes, device);
    driver.call("cuDeviceGetAttribute", &major, kMajor, device);
    driver.call("cuDeviceGetAttribute", &minor, kMinor, device);
    text += (text.empty() ? "" : "; ") + std::to_string(number) + ": " + name.data() + ", " +
            readable_bytes(static_cast<std::int64_t>(bytes)) + ", compute capability " +
            std::to_string(major) + "." + std::to_string(minor);
  }
  return text;
}

std::string driver_found() {
  const Library driver("libcuda.so.1");
  if (!driver) return "no libcuda.so.1, which NVIDIA's driver brings";
  int version = 0;
  const bool known = driver.call("cuDriverGetVersion", &version) == 0;
  return (known ? "for CUDA " + cuda_version(version) : std::string("of an unknown version")) + "; " +
         gpus_found(driver);
}

// The first of these libraries that is found, and what its `version` function says.
std::string library_found(const std::string& name, const char* version) {
  for (const char* major : {".13", ".12", ""}) {
    const std::string file = name + major;
    const Library library(file.c_str());
    int number = 0;
    if (library) return file + (library.call(version, &number) == 0 ? ", " + cuda_version(number) : "");
  }
  return "no " + name + ", .12 or .13";
}

std::string cublas_found() {
  for (const char* file : {"libcublas.so.13", "libcublas.so.12"})
    if (const Library library(file); library) return file;
  return "no libcublas.so.12 or .13";
}

std::string device_found() { return Device(DeviceOptions{}).description(); }

std::string python_found() {
  constexpr const char* kAsk =
      R"(python3 -c 'import sys, importlib.metadata as packages
found = []
for name in "innerloop", "numpy", "gymnasium", "torch", "jax":
  try: found.append(name + " " + packages.version(name))
  except Exception: pass
has = ", with " + ", ".join(found) if found else ""
print(sys.version.split()[0] + ", " + (sys.executable or "python3") + has)' 2>/dev/null)";
  const std::unique_ptr<FILE, int (*)(FILE*)> answer(popen(kAsk, "r"), pclose);
  std::array<char, 1024> text{};
  if (!answer || std::fgets(text.data(), text.size(), answer.get()) == nullptr)
    return "no python3 that answers";
  const std::string line = text.data();
  return line.substr(0, line.find('\n'));
}

std::string variables_found() {
  std::string text;
  for (const char* name :
       {"CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "SLURM_JOB_ID", "SLURM_CPUS_PER_TASK", "NO_COLOR"})
    if (const char* value = std::getenv(name))
      text += (text.empty() ? "" : ", ") + std::string(name) + "=" + value;
  return text.empty() ? "none that matter" : text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> examine_machine() {
  const std::vector<std::pair<std::string, std::function<std::string()>>> subjects = {
      {"innerloop",
       [] {
         return std::string(version()) + ", commit " + build_commit() + ", " + build_compiler() + ", " +
                build_type();
       }},
      {"compiled with", [] { return std::string(build_flags()); }},
      {"system", system_found},
      {"processor", processor_name},
      {"cores", cores_found},
      {"kernels for", instructions_found},
      {"memory", memory_found},
      {"limits", limits_found},
      {"disk", disk_found},
      {"NVIDIA driver", driver_found},
      {"CUDA runtime", [] { return library_found("libcudart.so", "cudaRuntimeGetVersion"); }},
      {"cuBLAS", cublas_found},
      {"Python", python_found},
      {"variables", variables_found},
      {"train uses", device_found}};
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [subject, examine] : subjects) {
    try {
      found.emplace_back(subject, examine());
    } catch (const std::exception& error) {
      found.emplace_back(subject, std::string("cannot be told: ") + error.what());
    }
  }
  return found;
}

}  // namespace innerloop
