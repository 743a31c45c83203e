// Checks what an operation is handed, once, as it is enqueued on any device: whatever it shares with others by name, as
// `op.batch` or `op.shape`. A new operation is checked without a further line. A wrong number is a mistake of the engine or
// of who drives it, not of a user:
//   TrialGradient: wanted row_stride a multiple of 16 and at least the rows, found row_stride 12 for 40 rows
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "kernels/environment/draw_tasks.h"
#include "kernels/memories/policy.h"
#include "kernels/products/matrix_product.h"

namespace innerloop {

/// "TrialGradient" of a TrialGradient<float, Gru>.
template <class Op>
constexpr std::string_view short_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("Op = ") + 5);
  name = name.substr(0, name.find_first_of("<;]"));
  return name.substr(name.rfind(':') + 1);
}

/// Says whose numbers are wrong.
class ShapeCheck {
 public:
  /// `objective`: of a pass through a network; else empty.
  explicit ShapeCheck(std::string_view operation, std::string_view objective = {})
      : operation_(operation), objective_(objective) {}

  // A piece of a message.
  struct Part {
    Part(const char* words) : text(words) {}
    Part(long number) : text(std::to_string(number)) {}
    std::string text;
  };

  /// @throws std::logic_error "<operation>: wanted <wanted>, found <found>" unless it holds.
  template <class... Found>
  void want(bool holds, const char* wanted, const Found&... found) const {
    if (!holds) refuse(wanted, {Part(found)...});
  }
  /// `wanted` names what a pointer points to.
  void want_memory(const void* pointer, const char* wanted) const {
    want(pointer != nullptr, wanted, "a null pointer");
  }

 private:
  [[noreturn]] void refuse(const char* wanted, std::initializer_list<Part> found) const;

  std::string_view operation_, objective_;
};

// What operations share.
void check_part(const ShapeCheck& check, const PolicyShape& shape);
void check_part(const ShapeCheck& check, const MemorySizes& sizes);
void check_part(const ShapeCheck& check, const MemoryPolicyShape& shape);
void check_part(const ShapeCheck& check, const InputRows<float>& inputs);
void check_part(const ShapeCheck& check, const Batch<float>& batch);
void check_part(const ShapeCheck& check, const Trials<float>& trials);
void check_part(const ShapeCheck& check, const Kept<float>& kept);
void check_part(const ShapeCheck& check, const Parameters<float>& params);
void check_given(const ShapeCheck& check, const float* given, int count);

// Rows of a task in whole packs.
void check_row_stride(const ShapeCheck& check, long row_stride, long rows);
// Whether a network takes in what there is.
void check_inputs(const ShapeCheck& check, const PolicyShape& shape, const InputRows<float>& inputs);
void check_inputs(const ShapeCheck& check, const MemoryPolicyShape& shape, const InputRows<float>& inputs);
void check_memory(const ShapeCheck& check, const MemoryPolicyShape& shape, const MemorySizes& memory);

/// Checks all parts of `op` that are known here; `op` is an operation, or an objective in one.
template <class Op>
void check_parts(const ShapeCheck& check, const Op& op) {
  if constexpr (requires { check_part(check, op.shape); }) check_part(check, op.shape);
  if constexpr (requires { check_memory(check, op.shape, op.shape.memory); })
    check_memory(check, op.shape, op.shape.memory);
  if constexpr (requires { check_part(check, op.inputs); }) check_part(check, op.inputs);
  if constexpr (requires { check_inputs(check, op.shape, op.inputs); })
    check_inputs(check, op.shape, op.inputs);
  if constexpr (requires { check_part(check, op.batch); }) check_part(check, op.batch);
  if constexpr (requires { check_inputs(check, op.shape, op.batch.inputs()); })
    check_inputs(check, op.shape, op.batch.inputs());
  if constexpr (requires { check_part(check, op.trials); }) check_part(check, op.trials);
  if constexpr (requires { check_inputs(check, op.shape, op.trials.batch.inputs()); })
    check_inputs(check, op.shape, op.trials.batch.inputs());
  if constexpr (requires { check_part(check, op.kept); }) check_part(check, op.kept);
  if constexpr (requires { check_part(check, op.params); }) check_part(check, op.params);
  if constexpr (requires { check_given(check, op.given, op.count); }) check_given(check, op.given, op.count);
  if constexpr (requires { check_row_stride(check, op.row_stride, op.rows()); })
    check_row_stride(check, op.row_stride, op.rows());
  if constexpr (requires { op.objective; }) check_parts(check, op.objective);
  if constexpr (requires { check_row_stride(check, op.objective.row_stride, op.inputs.rows); })
    check_row_stride(check, op.objective.row_stride, op.inputs.rows);
}

/// @throws std::logic_error where `op`, or the number of tasks that it is enqueued for, cannot be.
template <class Op>
void check_shapes(const Op& op, int tasks) {
  std::string_view objective;
  if constexpr (requires { op.objective; }) objective = short_name<decltype(op.objective)>();
  const ShapeCheck check(short_name<Op>(), objective);
  check.want(tasks >= 0, "tasks at least 0", tasks);
  check_parts(check, op);
}
void check_shapes(const MatrixProduct<float>& product);

}  // namespace innerloop
