#include "engine/stages/played_tasks.h"

#include <algorithm>

#include "engine/device/launch.h"

namespace innerloop {

PlayedTasks::PlayedTasks(const EnvironmentOptions& environment, const EnvironmentInfo& info, int tasks,
                         int copies, const TaskTable& given, Device& device, BufferPlan& plan)
    : environment_(environment),
      size_(info.task_size),
      named_(static_cast<int>(info.task_numbers.size())),
      tasks_(tasks),
      copies_(copies),
      given_(given),
      device_(device) {
  // Whole packs of environments read their tasks.
  plan.add(&numbers_, "tasks", copies == 1 ? "[task][number]" : "[env][number]",
           {(std::int64_t{tasks} * copies + 15) / 16 * 16, size_});
  if (!given.empty())
    plan.add(&given_numbers_, "given_tasks", "[task][number]",
             {static_cast<std::int64_t>(given.size()), size_});
}

void PlayedTasks::prepare() {
  if (!given_.empty()) device_.write(given_numbers_, in_memory(given_));
}

void PlayedTasks::fix(const TaskTable& tasks) {
  TaskTable places;
  for (int place = 0; place < tasks_ * copies_; ++place)
    places.push_back(tasks[tasks.size() == 1 ? 0 : static_cast<std::size_t>(place / copies_)]);
  device_.write(numbers_, in_memory(places));
  fixed_ = true;
}

void PlayedTasks::draw(const RandomKey* key) {
  if (fixed_) return;
  if (!given_.empty())
    return device_.per_task(
        DrawGivenTasks<float>{key, given_numbers_, static_cast<int>(given_.size()), size_, numbers_, copies_},
        tasks_);
  with_environment(environment_, [&]<class Env>(const typename Env::Options& options) {
    device_.per_task(DrawTasks<float, Env>{options, key, numbers_, copies_}, tasks_);
  });
}

std::vector<float> PlayedTasks::at(int place) const {
  std::vector<float> task(static_cast<std::size_t>(named_));
  device_.read(numbers_ + std::ptrdiff_t{place} * size_, task);
  return task;
}

TaskTable PlayedTasks::all() const {
  TaskTable tasks;
  const std::vector<float> numbers = device_.read(numbers_, std::int64_t{tasks_} * copies_ * size_);
  for (auto from = numbers.begin(); from != numbers.end(); from += size_)
    tasks.emplace_back(from, from + named_);
  return tasks;
}

std::vector<float> PlayedTasks::in_memory(const TaskTable& tasks) const {
  std::vector<float> numbers(tasks.size() * static_cast<std::size_t>(size_), 0.0f);
  auto to = numbers.begin();
  for (const std::vector<float>& task : tasks) {
    std::ranges::copy(task, to);
    to += size_;
  }
  return numbers;
}

}  // namespace innerloop
