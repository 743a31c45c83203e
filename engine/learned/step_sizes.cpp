#include "engine/learned/step_sizes.h"

#include <algorithm>
#include <cmath>

namespace innerloop {
namespace {

// Sets where each layer's parameters start, log_std's as one more layer's, and where the last ones end. How many there are.
int set_layer_starts(const PolicyShape& shape, int* first) {
  int layers = 0;
  for (int l = 0; l < shape.layers; ++l) first[layers++] = shape.weight_offset(l);
  if (shape.head == HeadKind::gaussian) first[layers++] = shape.log_std_offset();
  first[layers] = shape.parameters();
  return layers;
}

}  // namespace

StepSizeLayout step_size_layout(const InnerLoopOptions& options, const PolicyShape& shape, int steps) {
  StepSizeLayout layout;
  layout.parameters = shape.parameters();
  layout.steps = steps;
  layout.positive = options.learned_lr_sign == LearnedLrSign::positive;
  if (options.learned_lr == LearnedLr::none) return layout;
  layout.sets = options.learned_lr_per_step ? options.inner_steps : 1;
  switch (options.learned_lr) {
    case LearnedLr::parameter:
      layout.one_each = true;
      layout.numbers = shape.parameters();
      break;
    case LearnedLr::layer:
      layout.numbers = set_layer_starts(shape, layout.first);
      break;
    default:
      layout.numbers = 1;
      layout.first[1] = shape.parameters();
  }
  return layout;
}

MultiplierLayout multiplier_layout(const InnerLoopOptions& options, const PolicyShape& shape) {
  MultiplierLayout layout;
  layout.parameters = shape.parameters();
  if (options.multipliers) layout.layers = set_layer_starts(shape, layout.first);
  return layout;
}

bool adapts_all(const InnerLoopOptions& options, const PolicyShape& shape) {
  return shape.context == 0 && options.adapted_layers.empty();
}

std::vector<float> adapted_parameters(const InnerLoopOptions& options, const PolicyShape& shape) {
  const std::vector<int>& layers = options.adapted_layers;
  if (shape.context > 0) {
    std::vector<float> adapted(static_cast<std::size_t>(shape.parameters()), 0.0f);
    std::fill(adapted.begin() + shape.context_offset(), adapted.end(), 1.0f);
    return adapted;
  }
  std::vector<float> adapted(static_cast<std::size_t>(shape.parameters()), layers.empty() ? 1.0f : 0.0f);
  for (const int layer : layers) {
    const bool head = layer + 1 == shape.layers;
    std::fill(adapted.begin() + shape.weight_offset(layer),
              head ? adapted.end() : adapted.begin() + shape.weight_offset(layer + 1), 1.0f);
  }
  return adapted;
}

std::vector<float> fixed_step_sizes(const InnerLoopOptions& options, const PolicyShape& shape,
                                    const std::vector<double>& lr) {
  if (adapts_all(options, shape)) return {lr.begin(), lr.end()};
  const std::vector<float> adapted = adapted_parameters(options, shape);
  std::vector<float> sizes;
  for (const double each : lr)
    for (const float a : adapted) sizes.push_back(static_cast<float>(each) * a);
  return sizes;
}

const char* step_size_block(const InnerLoopOptions& options) {
  return options.learned_lr_sign == LearnedLrSign::positive ? "log_inner_lr" : "inner_lr";
}

std::vector<ParameterBlock> step_size_blocks(const Config& config, const PolicyShape& shape) {
  const StepSizeLayout layout = step_size_layout(inner_loop(config), shape, inner_loop(config).inner_steps);
  if (layout.sets == 0) return {};
  const std::vector<double> lr = inner_lr_of_steps(config);
  std::vector<float> starts;
  for (int set = 0; set < layout.sets; ++set) {
    const double start = lr[static_cast<std::size_t>(set)];
    starts.push_back(static_cast<float>(layout.positive ? std::log(start) : start));
  }
  return {{step_size_block(inner_loop(config)),
           {layout.sets, layout.numbers},
           false,
           InitialNumbers::of_pieces(starts)}};
}

std::vector<ParameterBlock> multiplier_blocks(const Config& config, const PolicyShape& shape) {
  const int units = multiplier_layout(inner_loop(config), shape).units();
  if (units == 0) return {};
  return {{"hidden_weight", {units, units}, true, InitialNumbers::glorot(units, units)},
          {"hidden_bias", {units}},
          {"output_weight", {units, units}, true},
          {"output_bias", {units}, false, InitialNumbers::constant(1)}};
}

}  // namespace innerloop
