// What Python sees of the engine: each file exports one subject into the module innerloop._core, and has no logic of its
// own. The package around it is in bindings/innerloop/.
#pragma once

#include <nanobind/nanobind.h>

namespace innerloop {

namespace nb = nanobind;

/// InputError and RunError of the engine become those of innerloop._errors.
void export_errors(nb::module_& m);
/// Configs and what they can name.
void export_config(nb::module_& m);
/// Where to compute.
void export_device(nb::module_& m);
/// Training, step by step.
void export_training(nb::module_& m);
/// What was trained: evaluating and adapting it.
void export_trained(nb::module_& m);
/// What lies in a GPU's memory, for other libraries.
void export_device_array(nb::module_& m);
/// Environments that are stepped with given actions.
void export_vector_environment(nb::module_& m);

}  // namespace innerloop
