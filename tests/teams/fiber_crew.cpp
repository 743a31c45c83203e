#include "tests/teams/fiber_crew.h"

#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>

#include "engine/error.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace innerloop {
namespace {

// What ThreadSanitizer is told; nothing without it.
#if defined(__SANITIZE_THREAD__)
void* current_fiber() { return __tsan_get_current_fiber(); }
void* create_fiber() { return __tsan_create_fiber(0); }
void destroy_fiber(void* fiber) { __tsan_destroy_fiber(fiber); }
// Right before the switch, so inlined: the sanitizer keeps a call stack for each fiber. A switch orders nothing: only
// syncs do.
FN void announce_switch_to(void* fiber) { __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync); }
void release(void* address) { __tsan_release(address); }
void acquire(void* address) { __tsan_acquire(address); }
#else
void* current_fiber() { return nullptr; }
void* create_fiber() { return nullptr; }
void destroy_fiber(void*) {}
void announce_switch_to(void*) {}
void release(void*) {}
void acquire(void*) {}
#endif

constexpr std::size_t kStackBytes = std::size_t{1} << 18;

std::string site_of(const std::source_location& where) {
  const std::string file = where.file_name();
  const auto at = file.rfind("kernels/");
  return (at == std::string::npos ? file : file.substr(at)) + ":" + std::to_string(where.line());
}

}  // namespace

struct FiberCrew::Fiber {
  FiberCrew* crew = nullptr;
  int lane = 0;
  ucontext_t context, caller;
  std::unique_ptr<char[]> stack{new char[kStackBytes]};
  void* tsan = nullptr;
  unsigned syncs = 0;
  std::atomic<bool> done = false;  // relaxed: it orders nothing that a missing sync would not
};

FiberCrew::FiberCrew(int lanes, Order order, std::uint64_t seed)
    : lanes_(static_cast<std::size_t>(lanes)), order_(order), random_(seed) {}

FiberCrew::~FiberCrew() = default;

int FiberCrew::lanes() const { return static_cast<int>(lanes_.size()); }

// The switching itself is no business of the sanitizer's, which would take its bookkeeping for a race.
#define UNWATCHED __attribute__((no_sanitize_thread, noinline))

UNWATCHED void FiberCrew::enter(unsigned high, unsigned low) {
  // makecontext hands on ints only.
  auto& fiber = *reinterpret_cast<Fiber*>(std::uintptr_t{high} << 32 | low);
  (*fiber.crew->work_)(fiber.lane);
  fiber.done.store(true, std::memory_order_relaxed);
  release(&fiber.done);
  fiber.crew->pause(fiber);
}

UNWATCHED void FiberCrew::resume(Fiber& fiber) {
  announce_switch_to(fiber.tsan);
  swapcontext(&fiber.caller, &fiber.context);
}

UNWATCHED void FiberCrew::pause(Fiber& fiber) {
  announce_switch_to(caller_);
  swapcontext(&fiber.context, &fiber.caller);
}

void FiberCrew::sync(int lane, const std::source_location& where) {
  Fiber& fiber = lanes_[static_cast<std::size_t>(lane)];
  if (lane == 0 || !skipped_.empty()) {
    const std::string site = site_of(where);
    if (lane == 0) sites_.insert(site);
    if (site == skipped_) return;
  }
  // A lane may be at the next sync before others have left this one: two addresses in turn keep them apart, with one
  // address the second arrival would seem to come before what others still do.
  char* barrier = &barrier_[fiber.syncs++ % 2];
  release(barrier);
  pause(fiber);
  acquire(barrier);
}

void FiberCrew::run(const std::function<void(int)>& work) {
  work_ = &work;
  caller_ = current_fiber();
  for (int lane = 0; lane < lanes(); ++lane) {
    Fiber& fiber = lanes_[static_cast<std::size_t>(lane)];
    fiber.crew = this;
    fiber.lane = lane;
    fiber.syncs = 0;
    fiber.done.store(false, std::memory_order_relaxed);
    fiber.tsan = create_fiber();
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    const auto address = reinterpret_cast<std::uintptr_t>(&fiber);
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&FiberCrew::enter), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  }
  std::vector<std::size_t> order(lanes_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto done = [](const Fiber& fiber) { return fiber.done.load(std::memory_order_relaxed); };
  do {
    // Each lane goes to its next sync, or to its end.
    if (order_ == Order::random) std::shuffle(order.begin(), order.end(), random_);
    for (const std::size_t lane : order) resume(lanes_[lane]);
  } while (std::none_of(lanes_.begin(), lanes_.end(), done));
  acquire(&barrier_[0]);
  acquire(&barrier_[1]);
  for (Fiber& fiber : lanes_) {
    acquire(&fiber.done);
    destroy_fiber(fiber.tsan);
  }
  if (!std::all_of(lanes_.begin(), lanes_.end(), done))
    throw RunError("team: wanted every lane at the same sync, found lanes that ended before others");
}

}  // namespace innerloop
