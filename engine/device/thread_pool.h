// Operating-system threads that work through numbered items.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace innerloop {

/// `wanted` threads, or where that is 0 one for each core that this process may use (engine/device/cores.h).
int threads_or_cores(int wanted);

class ThreadPool {
 public:
  /// `threads` >= 1, the caller's among them.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls work(item, thread) for each item < items, thread < threads(); returns when all are done. Which thread takes
  /// which item is not defined, so results must not depend on it.
  /// @throws RunError in a fork of the process that made the pool, which has none of its threads.
  void run(int items, const std::function<void(int item, int thread)>& work);

 private:
  void serve(int thread);
  void take_items(int thread);
  void start_round();
  int changed(const std::atomic<int>& value, int from) const;

  std::vector<std::thread> workers_;
  bool spins_;
  const int forks_;  // that led to the process which made the pool
  const std::function<void(int, int)>* work_ = nullptr;
  int items_ = 0;
  std::atomic<int> next_ = 0;
  std::atomic<int> busy_ = 0;   // workers that have not ended the round
  std::atomic<int> round_ = 0;  // whoever sees a new one sees what it works on
  bool stop_ = false;
};

}  // namespace innerloop
