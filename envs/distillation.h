// A distillation column whose two ends are held at set points by reflux and steam, through dead times that couple them. Wood
// and Berry 1973.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/environment/environment.h"
#include "kernels/environment/plants.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/maths.h"
#include "kernels/options/options.h"

namespace innerloop {

// x_D = 12.8·e^(−s)/(16.7s + 1)·R − 18.9·e^(−3s)/(21s + 1)·S, x_B = 6.6·e^(−7s)/(10.9s + 1)·R − 19.4·e^(−3s)/(14.4s + 1)·S, in
// minutes and deviations, and a step of the feed through 3.8·e^(−8.1s)/(14.9s + 1) and 4.9·e^(−3.4s)/(13.2s + 1). Inputs are
// held for a minute, so a step is exact: x ← e^(−1/τ)·x + (1 − e^(−1/τ))·K·u(t − delay).
struct Distillation {
  static constexpr const char* name = "distillation";
  static constexpr const char* meaning =
      "a distillation column, of gains and time constants that differ and drift";

  static constexpr int kSteps = 200;  // of the schedule of set points, a quarter for each
  static constexpr int kPast = 7;     // minutes that the longest dead time looks back

  struct Options {
    float noise = 0.001f;
    PlantClock clock = PlantClock::episode;
    Interval gain_top_reflux = {0.6f, 1.4f};
    Interval gain_top_steam = {0.6f, 1.4f};
    Interval gain_bottom_reflux = {0.6f, 1.4f};
    Interval gain_bottom_steam = {0.6f, 1.4f};
    Interval time_top_reflux = {0.7f, 1.3f};
    Interval time_top_steam = {0.7f, 1.3f};
    Interval time_bottom_reflux = {0.7f, 1.3f};
    Interval time_bottom_steam = {0.7f, 1.3f};
    Interval gain_drift = {0.0f, 0.0f};
    Interval feed_change = {0.0f, 0.0f};
    Interval feed_minute = {0.0f, 0.0f};
    Interval sensor_bias = {0.0f, 0.0f};
    Interval fault_minute = {0.0f, 0.0f};
    bool operator==(const Options&) const = default;
  };

  template <class Fields>
  static void describe(Fields& field, Options& o) {
    describe_noise(field, o.noise);
    describe_clock(field, o.clock);
    const Range factor = between(0.1, 5);
    field("gain_top_reflux", o.gain_top_reflux, factor, "range of the factor of the gain 12.8");
    field("gain_top_steam", o.gain_top_steam, factor, "range of the factor of the gain -18.9");
    field("gain_bottom_reflux", o.gain_bottom_reflux, factor, "range of the factor of the gain 6.6");
    field("gain_bottom_steam", o.gain_bottom_steam, factor, "range of the factor of the gain -19.4");
    field("time_top_reflux", o.time_top_reflux, factor, "range of the factor of the time constant 16.7 min");
    field("time_top_steam", o.time_top_steam, factor, "range of the factor of the time constant 21 min");
    field("time_bottom_reflux", o.time_bottom_reflux, factor,
          "range of the factor of the time constant 10.9 min");
    field("time_bottom_steam", o.time_bottom_steam, factor,
          "range of the factor of the time constant 14.4 min");
    field("gain_drift", o.gain_drift, between(-0.02, 0.02),
          "range of the rate at which all gains drift, a minute: the factor after t is exp(rate·t), from 0.4 "
          "to 2.5");
    field("feed_change", o.feed_change, between(-1, 1), "range of a step that the feed makes");
    field("feed_minute", o.feed_minute, at_least(0), "range of the minute of that step");
    field("sensor_bias", o.sensor_bias, between(-1, 1),
          "range of what a faulty sensor adds to the top's deviation");
    field("fault_minute", o.fault_minute, at_least(0), "range of the minute from which on it is faulty");
  }

  using Action = Continuous<2>;  // reflux and steam, deviations from −1 to 1

  template <class Real>
  struct Task {
    Array<Real, 4> gains,
        times;        // factors: of the top by reflux and steam, of the bottom by reflux and steam
    Real gain_drift;  // 1/min
    Real feed_change, feed_minute, sensor_bias, fault_minute;
  };
  template <class Real>
  struct Trial {
    Real minutes;
  };
  template <class Real>
  struct State {
    Array<Real, 4> parts;              // of the top by reflux and steam, of the bottom by reflux and steam
    Array<Real, kPast> reflux, steam;  // of the last minutes, the newest first
    Array<Real, 2> error_sum;          // of what the sensors show, minutes
    Real steps;
  };

  static std::vector<TaskNumber> task_numbers(const Options&) { return interval_options<Distillation>(); }
  FN static Observation observation(const Options&) { return {.numbers = 8}; }

  template <class Real>
  FN static Task<Real> draw(const Options& o, Random<Real>& random) {
    const auto in = [&](Interval range)
                        FN_LAMBDA { return random.uniform(Real(range.low), Real(range.high)); };
    Task<Real> task;
    task.gains = {in(o.gain_top_reflux), in(o.gain_top_steam), in(o.gain_bottom_reflux),
                  in(o.gain_bottom_steam)};
    task.times = {in(o.time_top_reflux), in(o.time_top_steam), in(o.time_bottom_reflux),
                  in(o.time_bottom_steam)};
    task.gain_drift = in(o.gain_drift);
    task.feed_change = in(o.feed_change);
    task.feed_minute = in(o.feed_minute);
    task.sensor_bias = in(o.sensor_bias);
    task.fault_minute = in(o.fault_minute);
    return task;
  }

  template <class Real>
  FN static Trial<Real> begin(const Options&, const Task<Real>&, Random<Real>&) {
    return {Real(0)};
  }

  template <class Real>
  FN static State<Real> reset(const Options& o, const Task<Real>&, Trial<Real>& trial, Random<Real>&) {
    if (o.clock == PlantClock::episode) trial.minutes = Real(0);
    State<Real> state;
    for (int i = 0; i < 4; ++i) state.parts[i] = Real(0);
    for (int i = 0; i < kPast; ++i) state.reflux[i] = state.steam[i] = Real(0);
    state.error_sum = {Real(0), Real(0)};
    state.steps = Real(0);
    return state;
  }

  /// The measured deviations of top and bottom, their set points, the last inputs, and the sums of errors, −1 … 1 for 50
  /// minutes.
  template <class Real, class See>
  FN static void observe(const Options& o, const Task<Real>& task, const Trial<Real>& trial,
                         const State<Real>& state, Random<Real>& random, const See& see) {
    const Array<Real, 2> shown = deviations(task, trial, state), wanted = targets(state);
    see(0, measured(shown[0] + bias(task, trial), o.noise, random));
    see(1, measured(shown[1], o.noise, random));
    for (int i = 0; i < 2; ++i) {
      see(2 + i, wanted[i]);
      see(4 + i, i == 0 ? state.reflux[0] : state.steam[0]);
      see(6 + i, state.error_sum[i] * constant<Real>(0.02));
    }
  }

  /// −‖e‖² − 0.1·‖change of the inputs‖², of the true deviations after the step.
  template <class Real>
  FN static Outcome<Real> step(const Options&, const Task<Real>& task, Trial<Real>& trial, State<Real>& state,
                               const Array<Real, 2>& action, Random<Real>&) {
    const Real one(1);
    const Array<Real, 2> input = {clamp(action[0], -one, one), clamp(action[1], -one, one)},
                         moved = {input[0] - state.reflux[0], input[1] - state.steam[0]};
    constexpr double gains[] = {12.8, -18.9, 6.6, -19.4}, times[] = {16.7, 21, 10.9, 14.4};
    constexpr int delays[] = {1, 3, 7, 3};
    const Real drift = clamp(exp(task.gain_drift * trial.minutes), constant<Real>(0.4), constant<Real>(2.5));
    for (int i = 0; i < 4; ++i) {
      const Real past = (i % 2 == 0 ? state.reflux : state.steam)[delays[i] - 1];
      const Real kept = exp(-one / (task.times[i] * constant<Real>(times[i])));
      state.parts[i] =
          fma(kept, state.parts[i], (one - kept) * task.gains[i] * drift * constant<Real>(gains[i]) * past);
    }
    for (int i = kPast - 1; i > 0; --i) {
      state.reflux[i] = state.reflux[i - 1];
      state.steam[i] = state.steam[i - 1];
    }
    state.reflux[0] = input[0];
    state.steam[0] = input[1];
    trial.minutes = trial.minutes + one;
    const Array<Real, 2> now = deviations(task, trial, state), wanted = targets(state);
    Real cost(0);
    for (int i = 0; i < 2; ++i) {
      const Real error = wanted[i] - now[i], shown = i == 0 ? error - bias(task, trial) : error;
      state.error_sum[i] = clamp(state.error_sum[i] + shown, Real(-50), Real(50));
      cost = cost + error * error + constant<Real>(0.1) * moved[i] * moved[i];
    }
    state.steps = state.steps + one;
    return {-cost, Mask<Real>(0)};
  }

  static int state_number(const Options&, const State<Pack<float, 1>>&) { return 0; }

  /// Both deviations over the time, and their set points, the top's above; at the right the last inputs, at the left the gains
  /// of the top by reflux and of the bottom by steam.
  template <class Canvas>
  static void sketch(const Options&, const Task<Pack<float, 1>>& task, const Trial<Pack<float, 1>>& trial,
                     const State<Pack<float, 1>>& state, std::span<const float>, Canvas& canvas) {
    canvas.frame(-0.3, -1.6, 2.3, 1.6);
    const double x = 2 * double{state.steps.get(0)} / kSteps;
    const Array<Pack<float, 1>, 2> now = deviations(task, trial, state);
    for (int end = 0; end < 2; ++end) {
      const double middle = end == 0 ? 0.7 : -0.7;
      for (int i = 0; i < 4; ++i) {
        const double wanted = middle + (i == 2 * end ? 0.3 : 0);
        canvas.line(0.5 * i, wanted, 0.5 * (i + 1), wanted, Ink::goal);
      }
      const double y = middle + 0.3 * std::clamp(double{now[end].get(0)}, -2.5, 2.5),
                   gain = 0.4 * double{task.gains[end == 0 ? 0 : 3].get(0)},
                   input = 0.5 * double{(end == 0 ? state.reflux : state.steam)[0].get(0)};
      canvas.line(-0.2, middle, -0.2, middle + gain, Ink::scene);
      canvas.line(2.15, middle, 2.15, middle + input, Ink::part);
      canvas.circle(x, y, 0.04, Ink::body);
      if (end == 0) canvas.trace(x, y);
    }
  }

 private:
  // Of top and bottom, the feed's part included.
  template <class Real>
  FN static Array<Real, 2> deviations(const Task<Real>& task, const Trial<Real>& trial,
                                      const State<Real>& state) {
    constexpr double gains[] = {3.8, 4.9}, times[] = {14.9, 13.2}, delays[] = {8.1, 3.4};
    Array<Real, 2> of;
    for (int i = 0; i < 2; ++i) {
      const Real since = max(trial.minutes - task.feed_minute - constant<Real>(delays[i]), Real(0));
      const Real share = Real(1) - exp(since * constant<Real>(-1 / times[i]));
      of[i] =
          state.parts[2 * i] + state.parts[2 * i + 1] + task.feed_change * constant<Real>(gains[i]) * share;
    }
    return of;
  }
  // (1, 0), (0, 0), (0, 1) and (0, 0), a quarter of the schedule each.
  template <class Real>
  FN static Array<Real, 2> targets(const State<Real>& state) {
    const auto within = [&](int quarter) FN_LAMBDA {
      constexpr int kQuarter = kSteps / 4;
      const Real first(static_cast<typename Real::value_type>(quarter * kQuarter)), length(kQuarter);
      return select((state.steps >= first) & (state.steps < first + length), Real(1), Real(0));
    };
    return {within(0), within(2)};
  }
  template <class Real>
  FN static Real bias(const Task<Real>& task, const Trial<Real>& trial) {
    return select(trial.minutes >= task.fault_minute, task.sensor_bias, Real(0));
  }
};

static_assert(Environment<Distillation>);

}  // namespace innerloop
