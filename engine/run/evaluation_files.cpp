#include "engine/run/evaluation_files.h"

#include <string>

#include "engine/files/atomic_file.h"
#include "engine/options/json.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// A line for each element of each of the object's lists.
std::string lines_of(const Json& object) {
  std::string text = "{";
  for (const auto& [key, list] : object.items()) {
    std::string elements;
    for (const Json& element : list) elements += (elements.empty() ? "\n  " : ",\n  ") + json_text(element);
    text += (text.size() == 1 ? "" : ",") + ("\n \"" + key + "\": [") + elements + "]";
  }
  return text + "}\n";
}

}  // namespace

void write_evaluation(const RunFolder& run, const Evaluation& evaluation) {
  write_json(run.evaluation(), evaluation.report);
  write_file_atomically(run.evaluation_tasks(), lines_of(evaluation.by_task));
}

}  // namespace innerloop
