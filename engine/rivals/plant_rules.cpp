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

struct CstrTuning {
  double gain, time, bias;  // K·L/mol, min, K
};
template <CstrTuning Tuning>
LearnerOfTrial prepare_cstr(const Config& config) {
  return [options = std::get<Cstr::Options>(config.environment)](const std::vector<float>&) {
    return std::make_unique<CstrController>(options, PiLoop::Gains{Tuning.gain, Tuning.time}, Tuning.bias);
  };
}

}  // namespace

std::vector<Rival> cstr_rivals() {
  return {{"constant", prepare_cstr<CstrTuning{0, 1, 298.5}>},
          {"pi_nominal", prepare_cstr<CstrTuning{-240, 3, 300}>},
          {"pi", prepare_cstr<CstrTuning{-160, 2, 300}>}};
}

}  // namespace innerloop
