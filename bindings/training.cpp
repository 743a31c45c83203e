#include "engine/run/training.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "bindings/arrays.h"
#include "engine/config/rules.h"
#include "engine/run/batch_file.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

using Release = nb::call_guard<nb::gil_scoped_release>;

// θ as it lies in a CPU's memory, without a copy: it changes with every step. A GPU's is copied.
Numbers<float> params(nb::handle_t<Training> self) {
  auto& training = nb::cast<Training&>(self);
  const Trainer& trainer = training.trainer();
  if (training.device().is_cuda()) return array_of(trainer.params());
  return view_of(trainer.device_params(), static_cast<std::size_t>(trainer.learned().size()), self);
}

void export_report(nb::module_& m) {
  nb::class_<StepReport>(m, "StepReport")
      .def_prop_ro("iteration", [](const StepReport& r) { return r.counts.iteration; })
      .def_prop_ro("env_steps", [](const StepReport& r) { return r.counts.env_steps; })
      .def_ro("seconds", &StepReport::seconds)
      .def_prop_ro("returns", [](const StepReport& r) { return r.iteration.returns; })
      .def_prop_ro("gradient_norm", [](const StepReport& r) { return r.iteration.gradient_norm; })
      .def_prop_ro("extra", [](const StepReport& r) { return r.iteration.extra; })
      .def_ro("evaluation_returns", &StepReport::evaluation_returns)
      .def("json", [](const StepReport& r) { return json_text(metrics_json(r)); });
}

}  // namespace

void export_training(nb::module_& m) {
  export_report(m);
  nb::class_<Training>(m, "Training")
      .def(nb::init<const Config&, const std::string&, const DeviceOptions&>(), nb::arg("config"),
           nb::arg("source"), nb::arg("device"), Release())
      .def_static(
          "resume",
          [](const std::filesystem::path& run, const std::vector<std::string>& overrides,
             const DeviceOptions& device) {
            return std::make_unique<Training>(read_resume(run, overrides), device);
          },
          nb::arg("run"), nb::arg("overrides"), nb::arg("device"), Release())
      .def(
          "write_into_new",
          [](Training& training, const std::filesystem::path& run) {
            training.write_into(create_run_folder(run, to_json(training.config())));
          },
          nb::arg("run"), Release())
      .def(
          "write_into_resumed", [](Training& training) { training.write_into(training.resumed()->folder); },
          Release())
      .def("close", &Training::close, Release())
      .def("step", &Training::step, Release())
      .def(
          "save",
          [](Training& training) {
            if (training.files() != nullptr) training.files()->save();
          },
          Release())
      .def(
          "save_as",
          [](Training& training, const std::filesystem::path& run) {
            training.trainer().save(create_run_folder(run, to_json(training.config())).path);
          },
          nb::arg("run"), Release())
      .def(
          "dump_batch",
          [](Training& training, const std::filesystem::path& file) {
            training.trainer().dump_batch(training.trainer().counts().iteration + 1, file);
            training.step();
          },
          nb::arg("file"), Release())
      .def_prop_ro("config", &Training::config, nb::rv_policy::copy)
      .def_prop_ro("complete", [](Training& training) { return training.trainer().complete(); })
      .def_prop_ro("iteration", [](Training& training) { return training.trainer().counts().iteration; })
      .def_prop_ro("env_steps", [](Training& training) { return training.trainer().counts().env_steps; })
      .def_prop_ro("device", [](Training& training) { return training.device().description(); })
      .def_prop_ro("params", &params, nb::rv_policy::automatic)
      .def_prop_ro("doubt", [](Training& training) { return doubt_about(training.config()); });
}

}  // namespace innerloop
