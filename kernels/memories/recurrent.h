// What memories with gates have in common: a step and the way back are matrix products, and then one pass over each row's
// numbers, or the other way round.
#pragma once

#include <string>

#include "kernels/memories/memory.h"
#include "kernels/networks/gradient_sums.h"

namespace innerloop {

// The team functions of a memory with `gates` gates that names its products (kernels/memories/memory.h). Its weights of the
// inputs, of the state and its biases lie side by side in scratch memory, and so do their sums.
template <class Memory, int gates>
struct Recurrent {
  using Shape = MemorySizes;
  static constexpr bool names_products = true;

  static Shape shape_of(const RecurrentOptions& options, int inputs) { return {inputs, options.hidden}; }
  static ProductOperations operations(const Shape& s) {
    const double of_each = 2.0 * gates * s.hidden;
    return {(s.inputs + s.hidden) * of_each, (s.inputs - s.learned) * of_each};
  }
  FN static int widest(const Shape& s) { return gates * padded(s.hidden); }

  // The flat parameters begin with W [inputs][gates·hidden] and U [hidden][gates·hidden].
  FN static int recurrent_offset(const Shape& s) { return s.inputs * gates * s.hidden; }
  FN static int bias_offset(const Shape& s) { return recurrent_offset(s) + s.hidden * gates * s.hidden; }

  template <class T>
  struct Sums {
    T* input;      // as in Memory::Weights
    T* recurrent;  // "
    T* bias;       // "
  };
  template <class T>
  FN static Sums<T> take_sums(Scratch& scratch, const Shape& s) {
    const auto same = Memory::template take_weights<T>(scratch, s, false);
    return {same.input, same.recurrent, same.bias};
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void clear_sums(const Team& team, const Shape& s, const Sums<typename Team::Scalar>& sums) {
    const long row = Memory::gates_size(s);
    fill(team, sums.input, row * s.inputs, 0);
    fill(team, sums.recurrent, row * s.hidden, 0);
    fill(team, sums.bias, sums_size(s), 0);
  }

  // Sums that enter a row's gates, each with a bias.
  FN static int sums_size(const Shape& s) { return 4 * padded(s.hidden); }

  // Syncs.
  template <class Team, class Weights>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights& w,
                           const MemoryStep<typename Team::Scalar>& now) {
    Memory::step_products(s, w, now, multiply_on(team));
    team.sync();
    Memory::activate(team, s, now);
    team.sync();
  }
  // Of rows within longer ones. Syncs.
  template <class Team, class Weights>
  TEAM_FN static void step(const Team& team, const Shape& s, const Weights& w,
                           const MemoryStep<typename Team::Scalar>& now, const RowSizes& sizes) {
    Memory::step_products(s, w, now, multiply_on(team), sizes);
    team.sync();
    Memory::activate(team, s, now, sizes);
    team.sync();
  }
  // Syncs.
  template <class Team, class Weights>
  TEAM_FN static void back(const Team& team, const Shape& s, const Weights& w,
                           const MemoryBack<typename Team::Scalar>& now) {
    Memory::slopes(team, s, now);
    team.sync();
    Memory::back_products(s, w, now, multiply_on(team));
    team.sync();
  }
  // Syncs.
  template <class Team, class Weights>
  TEAM_FN static void input_gradient(const Team& team, const Shape& s, const Weights& w,
                                     const MemoryInputs<typename Team::Scalar>& now) {
    Memory::input_products(s, w, now, multiply_on(team));
    team.sync();
  }
  // Does not sync.
  template <class Team>
  TEAM_FN static void add_gradient(const Team& team, const Shape& s,
                                   const MemoryRows<typename Team::Scalar>& rows,
                                   const Sums<typename Team::Scalar>& sums) {
    Memory::gradient_products(s, rows, sums, multiply_on(team));
    add_columns(team, rows.rows, sums_size(s), sums.bias, rows.back, Memory::back_size(s));
  }

 protected:
  static void describe_gates(const Shape& s, const std::string& name, const auto& add) {
    const int columns = gates * s.hidden;
    add({name + ".input_weight", {s.inputs, columns}, true, InitialNumbers::glorot(s.inputs, columns)});
    add({name + ".recurrent_weight", {s.hidden, columns}, true, InitialNumbers::orthogonal(gates)});
  }

  // at(row, column) for each vector of `rows` rows of `width` numbers.
  template <class Team, class At>
  FN static void for_row_vectors(const Team& team, int rows, int width, const At& at) {
    using V = typename Team::Vector;
    for_cells(team, rows, width / V::lanes,
              [&](int row, int vector) FN_LAMBDA { at(row, vector * V::lanes); });
  }

 private:
  template <class Team>
  struct Multiply {
    using T = typename Team::Scalar;
    const Team& team;

    template <class Terms>
    TEAM_FN void operator()(int rows, int columns, const Terms& terms, Start<T> start, T* to,
                            int to_stride) const {
      product<typename Team::Vector>(team, rows, columns, terms, start, to, to_stride);
    }
  };
  template <class Team>
  FN static Multiply<Team> multiply_on(const Team& team) {
    return {team};
  }
};

}  // namespace innerloop
