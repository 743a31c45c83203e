#include "engine/thread_pool.h"

namespace innerloop {

int threads_or_cores(int wanted) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return wanted > 0 ? wanted : cores > 0 ? cores : 1;
}

ThreadPool::ThreadPool(int threads) {
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { serve(thread); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::take_items(int thread) {
  for (int item; (item = next_.fetch_add(1)) < items_;) (*work_)(item, thread);
}

void ThreadPool::serve(int thread) {
  for (unsigned seen = 0;;) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) return;
      seen = round_;
    }
    take_items(thread);
    std::lock_guard lock(mutex_);
    if (--busy_ == 0) done_.notify_one();
  }
}

void ThreadPool::run(int items, const std::function<void(int, int)>& work) {
  if (workers_.empty() || items <= 1) {
    for (int item = 0; item < items; ++item) work(item, 0);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    work_ = &work;
    items_ = items;
    next_ = 0;
    busy_ = static_cast<int>(workers_.size());
    ++round_;
  }
  start_.notify_all();
  take_items(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return busy_ == 0; });
}

}  // namespace innerloop
