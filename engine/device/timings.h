// What a device did and when: how long each operation took on each thread, and by option each single call.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <typeindex>
#include <unordered_map>
#include <vector>

namespace innerloop {

/// Handed to Device::record. A thread writes into what is its own; the other members are for when no operation is running.
class Timings {
 public:
  using Clock = std::chrono::steady_clock;

  struct Sum {
    std::string operation;   // "Rollout<Cartpole>"
    std::int64_t calls = 0;  // over tasks on the CPU; launches on a GPU
    double seconds = 0;      // of all threads
  };
  struct Call {
    std::type_index operation;
    double begin, end;  // seconds since the Timings was made
  };

  /// `threads` of the CPU; 1 for a GPU, whose operations come one after the other.
  explicit Timings(int threads) : threads_(static_cast<std::size_t>(threads)) {}

  int threads() const { return static_cast<int>(threads_.size()); }
  /// Whether calls are kept one by one from now on.
  void keep_calls(bool keep) { keeps_calls_ = keep; }

  void add(std::type_index operation, int thread, Clock::time_point begin, Clock::time_point end);
  /// A time at which the device's threads were at work or waited for one another, rather than for the host.
  void add_round(Clock::time_point begin, Clock::time_point end);

  /// The sums since the last take(), those of most seconds first; and then two of what no operation took: "waiting", of threads
  /// for one another, and "host", of all threads for what the host did in between. Together they are threads() · `seconds`.
  std::vector<Sum> take(double seconds);
  /// The calls that were kept, [thread][call].
  std::vector<std::vector<Call>> calls() const;
  double seconds_since_start(Clock::time_point at) const;

 private:
  struct Total {
    std::int64_t calls = 0;
    double seconds = 0;
  };
  struct alignas(64) Thread {
    std::unordered_map<std::type_index, Total> totals;
    std::vector<Call> calls;
  };

  const Clock::time_point start_ = Clock::now();
  bool keeps_calls_ = false;
  double rounds_ = 0;  // seconds since the last take()
  std::vector<Thread> threads_;
};

/// "Rollout<Cartpole>" of Rollout<float, Cartpole>: an operation's type without namespaces and float.
std::string operation_name(std::type_index operation);

/// Adds each sum to the one of the same operation in `to`, or at its end.
void add_sums(std::vector<Timings::Sum>& to, const std::vector<Timings::Sum>& sums);

}  // namespace innerloop
