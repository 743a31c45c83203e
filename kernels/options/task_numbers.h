// What the numbers of an environment's tasks are called, and which values they may have: the one description that batch
// files, `--task` and its checks follow from.
#pragma once

#include <string>
#include <vector>

#include "kernels/options/options.h"

namespace innerloop {

// One number of a task. `range` holds what makes sense, not only what is drawn: tasks beyond training's may be given.
struct TaskNumber {
  std::string name;
  Range range = any_number();
  bool whole = false;  // an integer
};

// What a task's numbers, each good for itself, do not fulfil together: the name of one of them, what it, or they, had
// to be, and what was found.
struct TaskFault {
  std::string number, wanted, found;
};

namespace task_numbers_detail {
struct Intervals {
  std::vector<TaskNumber> found;
  void operator()(const char* name, Interval&, const Range& range, const char*) {
    found.push_back({name, range});
  }
  void operator()(const char*, auto&, const auto&, const char*) {}
  void operator()(const char*, auto&, const char*) {}
};
}  // namespace task_numbers_detail

// For an environment each of whose numbers is drawn from an Interval option of its name, in the order of the options.
template <class E>
std::vector<TaskNumber> interval_options() {
  task_numbers_detail::Intervals intervals;
  typename E::Options options;
  E::describe(intervals, options);
  return intervals.found;
}

}  // namespace innerloop
