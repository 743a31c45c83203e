#include "engine/device/check_shapes.h"

#include <cstdint>
#include <stdexcept>

namespace innerloop {
namespace {

// What a host's widest pack loads at once.
constexpr int kAligned = 64, kAlignedNumbers = kAligned / static_cast<int>(sizeof(float));

void want_aligned(const ShapeCheck& check, const void* pointer, const char* wanted) {
  const auto past = static_cast<long>(reinterpret_cast<std::uintptr_t>(pointer) % kAligned);
  check.want(past == 0, wanted, past, " bytes past that");
}

void want_symbols(const ShapeCheck& check, int places, const void* symbols) {
  check.want(places >= 0, "symbol_places at least 0", places);
  if (places > 0) check.want_memory(symbols, "symbols for the symbol_places");
}

}  // namespace

void ShapeCheck::refuse(const char* wanted, std::initializer_list<Part> found) const {
  std::string message(operation_);
  if (!objective_.empty()) message += " of " + std::string(objective_);
  message += std::string(": wanted ") + wanted + ", found ";
  for (const Part& part : found) message += part.text;
  throw std::logic_error(message);
}

void check_row_stride(const ShapeCheck& check, long row_stride, long rows) {
  check.want(row_stride % kAlignedNumbers == 0 && row_stride >= rows,
             "row_stride a multiple of 16 and at least the rows", "row_stride ", row_stride, " for ", rows,
             " rows");
}

void check_part(const ShapeCheck& check, const PolicyShape& shape) {
  check.want(shape.layers >= 1 && shape.layers <= kMaxLayers, "layers from 1 to 17", shape.layers);
  static_assert(kMaxLayers == 17);
  check.want(shape.symbols >= 0 && shape.context >= 0, "symbols and a context of at least 0", shape.symbols,
             " and ", shape.context);
  // An environment may show symbols alone.
  check.want(shape.inputs() >= (shape.symbols > 0 ? 0 : 1), "inputs to the network", shape.inputs());
  for (int l = 1; l <= shape.layers; ++l)
    check.want(shape.width[l] > 0, "widths at least 1", "width ", shape.width[l], " of layer ", l);
}

void check_part(const ShapeCheck& check, const MemorySizes& sizes) {
  check.want(sizes.inputs >= 0, "inputs at least 0", sizes.inputs);
  check.want(sizes.hidden > 0, "hidden at least 1", sizes.hidden);
  check.want(sizes.learned >= 0 && sizes.learned <= sizes.inputs, "learned inputs among the inputs",
             sizes.learned, " of ", sizes.inputs);
}

void check_part(const ShapeCheck& check, const MemoryPolicyShape& shape) {
  check.want(shape.symbols >= 0, "symbols of at least 0", shape.symbols);
  check.want((shape.embedding > 0) == (shape.symbols > 0) && shape.embedding >= 0,
             "an embedding where there are symbols, and else none", shape.embedding, " for ", shape.symbols,
             " symbols");
  check.want(shape.numbers() >= 0, "inputs of at least the embedding's", shape.inputs, " for ",
             shape.embedding);
  check.want(shape.hidden > 0, "hidden at least 1", shape.hidden);
  check_part(check, shape.actor);
  check.want(shape.actor.layers == 1 && shape.actor.inputs() == shape.hidden,
             "an actor of one layer that reads hidden", shape.actor.layers, " layers that read ",
             shape.actor.inputs(), " of ", shape.hidden);
}

void check_part(const ShapeCheck& check, const InputRows<float>& inputs) {
  check.want(inputs.rows > 0, "rows at least 1", inputs.rows);
  check_row_stride(check, inputs.row_stride, inputs.rows);
  check.want(inputs.size >= 0, "numbers a row at least 0", inputs.size);
  if (inputs.size > 0) check.want_memory(inputs.data, "the rows' numbers");
  want_symbols(check, inputs.symbol_places, inputs.symbols);
}

void check_part(const ShapeCheck& check, const Batch<float>& batch) {
  check.want(batch.horizon > 0, "horizon at least 1", batch.horizon);
  check.want(batch.envs > 0, "envs at least 1", batch.envs);
  check.want(batch.action_size > 0, "action_size at least 1", batch.action_size);
  check.want(batch.observation_size >= 0, "observation_size at least 0", batch.observation_size);
  check.want(batch.limits >= 0 && (batch.looks_beyond || batch.limits == 0),
             "limits at least 0, and 0 unless it looks beyond the last step", batch.limits);
  check_row_stride(check, batch.row_stride, long{batch.seen_steps()} * batch.envs);
  if (batch.looks_beyond) check.want_memory(batch.terminated, "terminated, to look beyond the last step");
  if (batch.observation_size > 0) check.want_memory(batch.observations, "observations");
  want_symbols(check, batch.symbol_places, batch.symbols);
}

void check_part(const ShapeCheck& check, const Trials<float>& trials) {
  check_part(check, trials.batch);
  check.want(trials.episode_steps > 0, "episode_steps at least 1", trials.episode_steps);
  check.want(trials.batch.limits == 0 || trials.batch.limits == trials.limit_steps(),
             "limits 0, or the time limits that a trial's steps have room for", trials.batch.limits, " for ",
             trials.limit_steps());
  check.want_memory(trials.values, "values");
}

void check_part(const ShapeCheck& check, const Kept<float>& kept) {
  want_aligned(check, kept.data, "kept activations aligned to 64 bytes");
  check.want(kept.slot_stride % kAlignedNumbers == 0, "slot_stride a multiple of 16", kept.slot_stride);
}

void check_part(const ShapeCheck& check, const Parameters<float>& params) {
  check.want_memory(params.data, "params");
  check.want(params.task_stride >= 0, "task_stride at least 0", params.task_stride);
}

void check_given(const ShapeCheck& check, const float* given, int count) {
  check.want(count > 0, "at least 1 given task", count);
  check.want_memory(given, "the given tasks");
}

void check_inputs(const ShapeCheck& check, const PolicyShape& shape, const InputRows<float>& inputs) {
  check.want(inputs.size == shape.inputs() && inputs.symbol_places == shape.symbols,
             "as many numbers and symbols a row as the network takes in", inputs.size, " and ",
             inputs.symbol_places, " for ", shape.inputs(), " and ", shape.symbols);
}

void check_inputs(const ShapeCheck& check, const MemoryPolicyShape& shape, const InputRows<float>& inputs) {
  check.want(inputs.size == shape.numbers() && inputs.symbol_places == shape.symbols,
             "as many numbers and symbols a row as the policy takes in", inputs.size, " and ",
             inputs.symbol_places, " for ", shape.numbers(), " and ", shape.symbols);
}

void check_memory(const ShapeCheck& check, const MemoryPolicyShape& shape, const MemorySizes& memory) {
  check.want(memory.inputs == shape.inputs && memory.hidden == shape.hidden,
             "the memory's inputs and hidden to be the policy's", memory.inputs, " and ", memory.hidden,
             " for ", shape.inputs, " and ", shape.hidden);
  check.want(memory.learned == shape.embedding, "the memory's learned inputs to be the embedding",
             memory.learned, " for ", shape.embedding);
}

void check_shapes(const MatrixProduct<float>& product) {
  const ShapeCheck check("MatrixProduct");
  check.want(product.rows > 0, "rows at least 1", product.rows);
  check.want(product.columns > 0 && product.columns % kAlignedNumbers == 0, "columns a multiple of 16",
             product.columns);
  check.want(product.term_count >= 1 && product.term_count <= 2, "one or two terms", product.term_count);
  const auto stride = [&](long found, const char* wanted) {
    check.want(found >= product.columns && found % kAlignedNumbers == 0, wanted, found, " for ",
               product.columns, " columns");
  };
  for (int t = 0; t < product.term_count; ++t) {
    const Term<float>& term = product.terms[t];
    check.want(term.depth >= 0, "depth at least 0", term.depth);
    stride(term.right.depth_stride,
           "the right side's depth_stride a multiple of 16 and at least the columns");
    if (term.depth > 0) check.want_memory(term.left.data, "the left side");
    if (term.depth > 0) check.want_memory(term.right.data, "the right side");
    want_aligned(check, term.right.data, "the right side aligned to 64 bytes");
  }
  check.want_memory(product.start.data, "the start of the sums");
  want_aligned(check, product.start.data, "the start of the sums aligned to 64 bytes");
  if (product.start.row_stride != 0)
    stride(product.start.row_stride,
           "the start's row_stride 0, or a multiple of 16 and at least the columns");
  check.want_memory(product.to, "room for the product");
  want_aligned(check, product.to, "room for the product aligned to 64 bytes");
  stride(product.to_stride, "to_stride a multiple of 16 and at least the columns");
}

}  // namespace innerloop
