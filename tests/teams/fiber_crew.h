// Lanes as fibers of one thread, which ThreadSanitizer takes for threads: a missing sync is a data race that it reports
// on every run, whatever the timing.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/teams/lane_team.h"

namespace innerloop {

class FiberCrew : public Crew {
 public:
  enum class Order { fixed, random };
  /// In a random order, lanes go from sync to sync in another order each time.
  explicit FiberCrew(int lanes, Order order = Order::fixed, std::uint64_t seed = 1);
  ~FiberCrew() override;

  int lanes() const override;
  /// @throws RunError where some lanes ended and others wait at a sync.
  void run(const std::function<void(int lane)>& work) override;
  void sync(int lane, const std::source_location& where) override;

  /// Lanes do not wait at this sync ("kernels/x.h:12") any more; empty: at all.
  void skip(const std::string& site) { skipped_ = site; }
  /// The syncs that were met so far.
  const std::set<std::string>& sites() const { return sites_; }

 private:
  struct Fiber;
  void resume(Fiber& fiber);
  void pause(Fiber& fiber);
  static void enter(unsigned high, unsigned low);

  std::vector<Fiber> lanes_;
  Order order_;
  std::mt19937_64 random_;
  std::string skipped_;
  std::set<std::string> sites_;
  const std::function<void(int)>* work_ = nullptr;
  void* caller_ = nullptr;  // ThreadSanitizer's name of the thread that called run()
  char barrier_[2] = {};    // their addresses stand for syncs of even and of odd number
};

}  // namespace innerloop
