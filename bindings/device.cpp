#include <nanobind/stl/string.h>

#include "bindings/exports.h"
#include "engine/device/device.h"
#include "engine/error.h"

namespace innerloop {
namespace {

Backend backend_of(const std::string& name) {
  if (name == "auto") return Backend::automatic;
  if (name == "cpu") return Backend::cpu;
  if (name == "cuda") return Backend::cuda;
  throw InputError("backend: wanted \"auto\", \"cpu\" or \"cuda\", found \"" + name + "\"");
}

void check_range(const char* name, int number, int least, int most) {
  if (number < least || number > most)
    throw InputError(std::string(name) + ": wanted a whole number from " + std::to_string(least) + " to " +
                     std::to_string(most) + ", found " + std::to_string(number));
}

}  // namespace

void export_device(nb::module_& m) {
  nb::class_<DeviceOptions>(m, "DeviceOptions")
      .def(
          "__init__",
          [](DeviceOptions* self, const std::string& backend, int threads, int device,
             const std::string& instructions) {
            check_range("threads", threads, 0, 1024);
            check_range("device", device, 0, 1023);
            new (self) DeviceOptions{.backend = backend_of(backend),
                                     .threads = threads,
                                     .instructions = instructions == "auto" ? "" : instructions,
                                     .device = device};
          },
          nb::arg("backend"), nb::arg("threads"), nb::arg("device"), nb::arg("instructions"));
}

}  // namespace innerloop
