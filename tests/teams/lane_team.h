// A team of several lanes on a CPU: the code path of a CUDA block, for tests on machines without a GPU.
//
// Each lane runs the whole team function, as a thread of a block does; a crew says what a lane is: a fiber
// (fiber_crew.h) or an operating-system thread (thread_crew.h).
#pragma once

#include <functional>
#include <source_location>

#include "kernels/lanes/team.h"

namespace innerloop {

/// Who runs the lanes of a team.
class Crew {
 public:
  virtual ~Crew() = default;
  virtual int lanes() const = 0;
  /// Calls work(lane) for each lane; returns when all are done.
  virtual void run(const std::function<void(int lane)>& work) = 0;
  /// Called by each lane inside `work`; returns when all have called it. `where`: the sync in the source.
  virtual void sync(int lane, const std::source_location& where) = 0;
};

/// What a lane hands to team functions. Packs and tiles are CudaTeam's.
template <class T = float>
class LaneTeam {
 public:
  using Scalar = T;
  using Lane = Pack<T, 1>;
  using Vector = Pack<T, 4>;
  static constexpr int tile_rows = 4, tile_vectors = 2;
  static constexpr bool exact_tiles = false, loads_by_four = true, keeps = true, copies = true,
                        has_warps = false;

  LaneTeam(Crew& crew, int rank) : crew_(&crew), rank_(rank), size_(crew.lanes()) {}
  int rank() const { return rank_; }
  int size() const { return size_; }
  void sync(std::source_location where = std::source_location::current()) const { crew_->sync(rank_, where); }
  template <class P>
  static P* in_scratch(P* p) {
    return p;
  }

 private:
  Crew* crew_;
  int rank_, size_;
};

/// The crew that the operations' kernels of these lanes run on (lane_kernels.h).
inline Crew* lane_crew = nullptr;

}  // namespace innerloop
