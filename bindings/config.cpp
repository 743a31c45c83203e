#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <nlohmann/json.hpp>

#include "bindings/exports.h"
#include "engine/config/config.h"
#include "engine/config/tasks.h"
#include "engine/sweep/sweep.h"
#include "engine/text/json.h"

namespace innerloop {

void export_config(nb::module_& m) {
  nb::class_<Config>(m, "Config")
      .def("task_names", &task_names)
      .def_static(
          "read",
          [](const std::filesystem::path& path, const std::vector<std::string>& overrides) {
            return read_config(path, overrides);
          },
          nb::arg("path"), nb::arg("overrides"))
      .def_static(
          "parse",
          [](const std::string& text, const std::string& source, const std::vector<std::string>& overrides) {
            return parse_config(text, source, overrides);
          },
          nb::arg("text"), nb::arg("source"), nb::arg("overrides"))
      .def("json", [](const Config& config) { return json_text(to_json(config), 2); })
      .def(
          "__eq__", [](const Config& one, const Config& other) { return one == other; }, nb::is_operator(),
          nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def_prop_ro("iterations", [](const Config& config) { return config.iterations; })
      .def_prop_ro("algorithm", &algorithm_name)
      .def_prop_ro("environment", &environment_name)
      .def_prop_ro("policy", &policy_name);
  m.def("schema", [] { return json_text(json_schema()); });
  m.def("listings", [] {
    std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> all;
    for (const Listing& listing : listings()) all.emplace_back(listing.title, listing.entries);
    return all;
  });
  m.def(
      "sweep", [](const std::filesystem::path& path) { return json_text(to_json(read_sweep(path))); },
      nb::arg("path"));
}

}  // namespace innerloop
