// An algorithm with two networks, each with its own optimiser and options (engine/optimisers/optimiser.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "engine/device/launch.h"
#include "engine/device/planned_buffers.h"
#include "engine/run/checkpoint.h"
#include "tests/support/learner.h"
#include "tests/support/temporary_folder.h"

namespace innerloop {
namespace {

using testing::ElementsAre;

OptionsVariant<OuterOptimisers> adamw(double lr) {
  AdamWOptions options;
  options.lr = lr;
  options.weight_decay = 0.1;
  return options;
}
OptionsVariant<OuterOptimisers> falling_sgd() {
  SgdOptions options;
  options.lr = 0.2;
  options.momentum = 0.5;
  options.schedule = OuterSchedule::linear;
  return options;
}

// Climbs −½·Σ(θ − target)², whose targets change from iteration to iteration.
class TwoNetworks : public Algorithm {
 public:
  static constexpr int kIterations = 10;

  TwoNetworks(const OptionsVariant<OuterOptimisers>& actor, const OptionsVariant<OuterOptimisers>& critic) {
    learned_.add("actor.", {{"weight", {4, 5}, true, InitialNumbers::glorot(4, 5)}, {"bias", {5}}});
    learned_.add("critic.", {{"weight", {5, 7}, true, InitialNumbers::glorot(5, 7)}, {"bias", {7}}});
    plan_.add(&params_, "params", "[parameter]", {learned_.size()});
    plan_.add(&gradient_, "gradient", "[parameter]", {learned_.size()});
    plan_.add(&key_, "key", "[1]", {1});
    actor_ = OuterOptimiser::create(actor, learned_, "actor.", kIterations, device_, plan_);
    critic_ = OuterOptimiser::create(critic, learned_, "critic.", kIterations, device_, plan_);
    allocate();
  }

  const BufferPlan& plan() const override { return plan_; }
  void allocate() override {
    memory_ = allocate_planned(device_, plan_, "the test");
    const std::vector<float> start = learned_.initial(5);
    device_.write(params_, start);
    actor_->prepare(key_);
    critic_->prepare(key_);
  }
  IterationReport iterate(std::uint32_t iteration) override {
    device_.once(SetKey<float>{{1, iteration}, key_});
    std::vector<float> gradient = params_on_host();
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] = std::sin(static_cast<float>(i + iteration)) - gradient[i];
    device_.write(gradient_, gradient);
    actor_->update(params_, gradient_);
    critic_->update(params_, gradient_);
    device_.finish();
    IterationReport report;
    actor_->report(report);
    critic_->report(report);
    return report;
  }
  std::vector<StateTensor> state() const override {
    std::vector<StateTensor> tensors = {
        {"params", DType::F32, {learned_.size()}, params_, learned_.size() * 4}};
    for (const OuterOptimiser* each : {actor_.get(), critic_.get()})
      for (const StateTensor& tensor : each->state()) tensors.push_back(tensor);
    return tensors;
  }
  const Learned& learned() const override { return learned_; }
  const float* params() const override { return params_; }

  Device& device() { return device_; }
  std::vector<float> params_on_host() { return device_.read(params_, learned_.size()); }
  std::vector<float> part(const std::string& prefix) {
    const std::vector<float> all = params_on_host();
    const LearnedRange range = learned_.range(prefix);
    return {all.begin() + range.offset, all.begin() + range.offset + range.size};
  }

 private:
  Device device_{{.backend = Backend::cpu, .threads = 1, .instructions = ""}};
  Learned learned_;
  BufferPlan plan_;
  std::unique_ptr<OuterOptimiser> actor_, critic_;
  float *params_ = nullptr, *gradient_ = nullptr;
  RandomKey* key_ = nullptr;
  std::shared_ptr<void> memory_;
};

void iterate(TwoNetworks& networks, std::uint32_t from, std::uint32_t to) {
  for (std::uint32_t i = from; i < to; ++i) networks.iterate(i);
}

TEST(SeveralNetworks, EachStateHasANameOfItsOwn) {
  const TwoNetworks networks(adamw(0.1), adamw(0.2));
  std::vector<std::string> names;
  for (const StateTensor& tensor : networks.state()) names.push_back(tensor.name);
  EXPECT_THAT(
      names, ElementsAre("params", "actor.adam.first_moment", "actor.adam.second_moment", "actor.adam.powers",
                         "critic.adam.first_moment", "critic.adam.second_moment", "critic.adam.powers"));
}

TEST(SeveralNetworks, AnOptimiserMovesItsNetworkByItsOptionsAlone) {
  TwoNetworks networks(adamw(0.1), falling_sgd()), other(adamw(0.1), adamw(0.1)),
      third(adamw(0.3), falling_sgd());
  for (TwoNetworks* each : {&networks, &other, &third}) iterate(*each, 0, 4);
  EXPECT_EQ(networks.part("actor."), other.part("actor."));
  EXPECT_NE(networks.part("critic."), other.part("critic."));
  EXPECT_NE(networks.part("actor."), third.part("actor."));
  EXPECT_EQ(networks.part("critic."), third.part("critic."));
}

TEST(SeveralNetworks, TheNormIsThatOfTheWholeGradient) {
  TwoNetworks networks(adamw(0.1), falling_sgd());
  std::vector<float> gradient = networks.params_on_host();
  double actor = 0, critic = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const double g = std::sin(static_cast<double>(i)) - gradient[i];
    (i < 25 ? actor : critic) += g * g;
  }
  const IterationReport report = networks.iterate(0);
  EXPECT_NEAR(report.gradient_norm, std::sqrt(actor + critic), 1e-5);
  ASSERT_EQ(report.extra.size(), 2u);
  EXPECT_EQ(report.extra[0].first, "actor.gradient_norm");
  EXPECT_NEAR(report.extra[0].second, std::sqrt(actor), 1e-5);
  EXPECT_EQ(report.extra[1].first, "critic.gradient_norm");
  EXPECT_NEAR(report.extra[1].second, std::sqrt(critic), 1e-5);
}

TEST(SeveralNetworks, ARunThatIsResumedGoesOnWithTheSameBits) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "checkpoints");
  TwoNetworks whole(adamw(0.1), falling_sgd()), first(adamw(0.1), falling_sgd()),
      second(adamw(0.1), falling_sgd());
  iterate(whole, 0, 6);
  iterate(first, 0, 3);
  write_checkpoint(folder.path(), small_config(), first.learned(), first.device(), first.state(), {3, 0});
  const RunCounts counts = restore_checkpoint(read_newest_checkpoint(folder.path()), second.learned(),
                                              second.device(), second.state());
  EXPECT_EQ(counts.iteration, 3);
  EXPECT_EQ(second.params_on_host(), first.params_on_host());
  iterate(second, 3, 6);
  EXPECT_EQ(second.params_on_host(), whole.params_on_host());
}

TEST(SeveralNetworks, AnOptimiserWantsANetworkAndTrpoAnObjective) {
  Device device({.backend = Backend::cpu, .threads = 1, .instructions = ""});
  BufferPlan plan;
  Learned learned;
  learned.add("actor.", {{"bias", {5}}});
  EXPECT_THROW(OuterOptimiser::create(adamw(0.1), learned, "critic.", 1, device, plan), std::logic_error);
  try {
    OuterOptimiser::create(TrpoOptions{}, learned, "actor.", 1, device, plan);
    FAIL() << "TRPO climbs nothing";
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("wanted an objective"));
  }
}

}  // namespace
}  // namespace innerloop
