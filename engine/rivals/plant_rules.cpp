#include "engine/rivals/plant_rules.h"

#include <algorithm>
#include <optional>

namespace innerloop {
namespace {

// Proportional and integral control of one input, with a bias that it starts from: bias + gain·(e + ∫e/time), within bounds;
// at a bound it does not integrate, so that it leaves it as soon as the error turns.
class PiLoop {
 public:
  struct Gains {
    double gain, time;
  };
  PiLoop(Gains gains, double bias, double low, double high)
      : gains_(gains), bias_(bias), low_(low), high_(high) {}

  double input(double error, double step) {
    const double wanted = bias_ + gains_.gain * (error + sum_ / gains_.time),
                 input = std::clamp(wanted, low_, high_);
    if (input == wanted) sum_ += error * step;
    return input;
  }

 private:
  const Gains gains_;
  const double bias_, low_, high_;
  double sum_ = 0;
};

float scaled(double input, double low, double high) {
  return static_cast<float>(2 * (input - low) / (high - low) - 1);
}

class CstrController : public TrialLearner {
 public:
  CstrController(const Cstr::Options& options, PiLoop::Gains gains, double bias)
      : low_(options.coolant_low),
        high_(options.coolant_high),
        start_(gains, bias, low_, high_),
        loop_(start_) {}

  void begin_episode(Draws&) override { loop_.emplace(start_); }
  void control(const Situation& now, Draws&, std::span<float> action) override {
    const double error = 0.1 * (double{now.seen[2]} - double{now.seen[0]});  // mol/L
    action[0] = scaled(loop_->input(error, Cstr::kMinutes), low_, high_);
  }

 private:
  const double low_, high_;
  const PiLoop start_;
  std::optional<PiLoop> loop_;
};

// Gains K·L/mol and min, and the coolant that it starts from, K.
LearnerOfTrial prepare_cstr(const Config& config, PiLoop::Gains gains, double bias) {
  return [options = std::get<Cstr::Options>(config.environment), gains, bias](const std::vector<float>&) {
    return std::make_unique<CstrController>(options, gains, bias);
  };
}

// Two loops. The plant shows first what is measured of its two outputs, then what they are to be.
struct PairTuning {
  PiLoop::Gains first, second;
  bool crossed;       // each loop moves the other output's input
  double bias;        // of both inputs
  double low, high;   // of both inputs
  double per_number;  // units of the error in one of what is seen
  double step;
};
class PairController : public TrialLearner {
 public:
  explicit PairController(const PairTuning& tuning) : tuning_(tuning) {}

  void begin_episode(Draws&) override {
    loops_.clear();
    for (const PiLoop::Gains& gains : {tuning_.first, tuning_.second})
      loops_.emplace_back(gains, tuning_.bias, tuning_.low, tuning_.high);
  }
  void control(const Situation& now, Draws&, std::span<float> action) override {
    for (std::size_t i = 0; i < 2; ++i) {
      const std::size_t output = tuning_.crossed ? 1 - i : i;
      const double error = tuning_.per_number * (double{now.seen[2 + output]} - double{now.seen[output]});
      action[i] = scaled(loops_[i].input(error, tuning_.step), tuning_.low, tuning_.high);
    }
  }

 private:
  const PairTuning tuning_;
  std::vector<PiLoop> loops_;
};
LearnerOfTrial prepare_pair(const PairTuning& tuning) {
  return [tuning](const std::vector<float>&) { return std::make_unique<PairController>(tuning); };
}
// 5 cm are one of what is seen, and 0.5 V of the sensor one cm.
LearnerOfTrial prepare_tanks(PiLoop::Gains first, PiLoop::Gains second, bool crossed) {
  return prepare_pair(
      {first, second, crossed, FourTank::kHeld, 0, FourTank::kVolts, 5 * 0.5, FourTank::kSeconds});
}
LearnerOfTrial prepare_column(PiLoop::Gains top, PiLoop::Gains bottom) {
  return prepare_pair({top, bottom, false, 0, -1, 1, 1, 1});
}

class DriveCascade : public TrialLearner {
 public:
  DriveCascade(double resistance, double flux) : resistance_(resistance), flux_(flux) {}

  void begin_episode(Draws&) override { speed_.emplace(PiLoop::Gains{16, 0.3}, 0, -180, 180); }
  void control(const Situation& now, Draws&, std::span<float> action) override {
    const double current = DcDrive::kAmperes * double{now.seen[0]},
                 speed = DcDrive::kSpeed * double{now.seen[1]},
                 error = DcDrive::kSpeed * double{now.seen[2]} - speed,
                 wanted = speed_->input(error, DcDrive::kSeconds),
                 voltage = flux_ * speed + resistance_ * wanted + 0.016 * (wanted - current);
    action[0] = static_cast<float>(voltage / DcDrive::kVolts);
  }

 private:
  const double resistance_, flux_;
  std::optional<PiLoop> speed_;
};
template <bool Known>
LearnerOfTrial prepare_cascade(const Config&) {
  return [](const std::vector<float>& task) {
    const double resistance = Known ? double{task[0]} : 1, flux = Known ? double{task[2]} : 1;
    return std::make_unique<DriveCascade>(DcDrive::kOhms * resistance, DcDrive::kFlux * flux);
  };
}

class Zero : public TrialLearner {};
LearnerOfTrial prepare_zero(const Config&) {
  return [](const std::vector<float>&) { return std::make_unique<Zero>(); };
}

}  // namespace

std::vector<Rival> cstr_rivals() {
  return {{"constant",
           [](const Config& config) {
             return prepare_cstr(config, {0, 1}, 298.5);
           }},
          {"pi_nominal",
           [](const Config& config) {
             return prepare_cstr(config, {-240, 3}, 300);
           }},
          {"pi", [](const Config& config) {
             return prepare_cstr(config, {-160, 2}, 300);
           }}};
}
std::vector<Rival> four_tank_rivals() {
  return {{"hold",
           [](const Config&) {
             return prepare_tanks({0, 1}, {0, 1}, false);
           }},
          {"pi",
           [](const Config&) {
             return prepare_tanks({3, 30}, {2.7, 40}, false);
           }},
          {"pi_crossed", [](const Config&) {
             return prepare_tanks({0.8, 450}, {0.8, 450}, true);
           }}};
}
std::vector<Rival> dc_drive_rivals() {
  return {
      {"zero", prepare_zero}, {"cascade", prepare_cascade<false>}, {"cascade_known", prepare_cascade<true>}};
}
std::vector<Rival> distillation_rivals() {
  return {{"none", prepare_zero},
          {"blt",
           [](const Config&) {
             return prepare_column({0.375, 8.29}, {-0.075, 23.6});
           }},
          {"pi", [](const Config&) {
             return prepare_column({0.8, 20}, {-0.12, 8});
           }}};
}

}  // namespace innerloop
