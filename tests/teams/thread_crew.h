// Lanes as operating-system threads.
#pragma once

#include <barrier>
#include <thread>
#include <vector>

#include "tests/teams/lane_team.h"

namespace innerloop {

class ThreadCrew : public Crew {
 public:
  explicit ThreadCrew(int lanes) : lanes_(lanes), barrier_(lanes) {}

  int lanes() const override { return lanes_; }
  void run(const std::function<void(int lane)>& work) override {
    std::vector<std::thread> threads;
    for (int lane = 0; lane < lanes_; ++lane) threads.emplace_back(work, lane);
    for (std::thread& thread : threads) thread.join();
  }
  void sync(int, const std::source_location&) override { barrier_.arrive_and_wait(); }

 private:
  int lanes_;
  std::barrier<> barrier_;
};

}  // namespace innerloop
