#include "engine/device/thread_pool.h"

#include <pthread.h>

#include "engine/device/cores.h"
#include "engine/error.h"

namespace innerloop {
namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How many forks led to this process since the first pool was made.
int forks() {
  static std::atomic<int> count = 0;
  static const int watched = pthread_atfork(nullptr, nullptr, [] { ++count; });
  static_cast<void>(watched);
  return count;
}

}  // namespace

int threads_or_cores(int wanted) { return wanted > 0 ? wanted : usable_cores(); }

// Threads that share a core must not spin: they would hold up those they wait for.
ThreadPool::ThreadPool(int threads) : spins_(are_cores_free(threads)), forks_(forks()) {
  for (int thread = 1; thread < threads; ++thread) workers_.emplace_back([this, thread] { serve(thread); });
}

ThreadPool::~ThreadPool() {
  if (forks() != forks_) {
    for (std::thread& worker : workers_) worker.detach();
    return;
  }
  stop_ = true;
  start_round();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::take_items(int thread) {
  for (int item; (item = next_.fetch_add(1)) < items_;) (*work_)(item, thread);
}

// A value other than `from`. A small policy's stages are about 10 µs apart, less than a sleep and wake-up cost, so it spins
// for about 50 µs first.
int ThreadPool::changed(const std::atomic<int>& value, int from) const {
  int now = value.load();
  for (int look = 0; now == from && spins_ && look < 1500; ++look, now = value.load()) pause();
  for (; now == from; now = value.load()) value.wait(from);
  return now;
}

void ThreadPool::start_round() {
  ++round_;
  round_.notify_all();
}

void ThreadPool::serve(int thread) {
  for (int seen = 0;;) {
    seen = changed(round_, seen);
    if (stop_) return;
    take_items(thread);
    if (--busy_ == 0) busy_.notify_one();
  }
}

void ThreadPool::run(int items, const std::function<void(int, int)>& work) {
  if (workers_.empty() || items <= 1) {
    for (int item = 0; item < items; ++item) work(item, 0);
    return;
  }
  if (forks() != forks_)
    throw RunError(
        "wanted to go on in the process that began, found a fork of it, which has none of its threads; "
        "begin anew there, or start processes by \"spawn\"");
  work_ = &work;
  items_ = items;
  next_ = 0;
  busy_ = static_cast<int>(workers_.size());
  start_round();
  take_items(0);
  for (int busy = busy_; busy != 0;) busy = changed(busy_, busy);
}

}  // namespace innerloop
