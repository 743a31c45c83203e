// The policy: a multilayer perceptron with a Gaussian or a categorical head, and where its parameters lie.
//
// Flat parameter vector: layer0.weight [in][out], layer0.bias [out], where there are symbols (symbols.h) layer0.symbols
// [place][kind][out], layer1.weight, …, and for a Gaussian head log_std [outputs]
// (state-independent). The last layer gives the means, or the logits. Where there is a context (context.h) its weights
// [context][layer 0's outputs], for FiLM [context][2][layer 0's outputs], and the context follow.
#pragma once

#include "kernels/lanes/team.h"
#include "kernels/networks/symbol_table.h"
#include "kernels/options/choices.h"

namespace innerloop {

inline constexpr int kMaxLayers = 17;  // 16 hidden layers and the head

// Real-valued actions; one choice; several choices at once, or one of those that are allowed.
enum class HeadKind { gaussian, categorical, grouped };

inline constexpr int kMaxGroups = 16;

struct PolicyShape {
  int layers = 1;                  // weight layers: hidden layers + 1
  int width[kMaxLayers + 1] = {};  // inputs, hidden layers, outputs
  Activation activation = Activation::tanh;
  HeadKind head = HeadKind::gaussian;
  // Places of symbols beside the inputs, and the kinds of each; with them there is a hidden layer.
  int symbols = 0, kinds = 0;
  int context = 0;  // numbers of the context; with one there is a hidden layer
  ContextInput context_input = ContextInput::concatenate;
  // log(1e-6): below it the standard deviation no longer follows the parameter.
  float min_log_std = -13.815511f;
  // The actions of a Gaussian head lie within ± it (gaussian_head.h); 0: they are not squashed.
  float squash = 0;
  // The choices of each group of a grouped head, which add up to the outputs.
  int groups = 0;
  int group_size[kMaxGroups] = {};

  FN int inputs() const { return width[0]; }
  FN int outputs() const { return width[layers]; }
  // Numbers that a batch keeps of an action.
  FN int action_size() const { return head == HeadKind::gaussian ? outputs() : choice_groups(); }
  // Groups of choices.
  FN int choice_groups() const {
    if (head == HeadKind::grouped) return groups;
    return head == HeadKind::categorical ? 1 : 0;
  }
  FN int weight_offset(int layer) const {
    int at = 0;
    ROLLED
    for (int l = 0; l < layer; ++l) at += (width[l] + 1) * width[l + 1];
    return layer > 0 ? at + symbol_rows() * width[1] : at;
  }
  FN int symbol_rows() const { return symbols * kinds; }
  FN int symbol_offset() const { return (width[0] + 1) * width[1]; }
  FN SymbolTable symbol_table() const { return {symbols, kinds, width[1], width[1]}; }
  FN int bias_offset(int layer) const { return weight_offset(layer) + width[layer] * width[layer + 1]; }
  FN int log_std_offset() const { return weight_offset(layers); }
  FN bool film() const { return context > 0 && context_input == ContextInput::film; }
  // Weights of a number of the context: film's that scale, and then those that shift, one for each of layer 0's outputs.
  FN int context_weights() const { return (film() ? 2 : 1) * width[1]; }
  FN int context_weight_offset(int number) const {
    return log_std_offset() + (head == HeadKind::gaussian ? outputs() : 0) + number * context_weights();
  }
  FN int context_shift_offset(int number) const {
    return context_weight_offset(number) + (film() ? width[1] : 0);
  }
  FN int context_offset() const { return context_weight_offset(context); }
  FN int parameters() const { return context_offset() + context; }
  // The head's products have their lanes along its inputs (dot_products.h), not along the outputs (product.h).
  FN bool narrow_head() const { return layers > 1 && outputs() <= 8; }
  // Numbers a row of the hidden layers takes, each layer padded.
  FN int hidden_size() const {
    int size = 0;
    ROLLED
    for (int l = 1; l < layers; ++l) size += padded(width[l]);
    return size;
  }
  FN int widest() const {
    int widest = 0;
    ROLLED
    for (int l = 0; l <= layers; ++l) widest = width[l] > widest ? width[l] : widest;
    return widest;
  }
};

}  // namespace innerloop
