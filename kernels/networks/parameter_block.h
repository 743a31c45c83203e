// What a network says of its parameters: blocks that lie one behind the other in a flat vector, each with a name and with
// how its numbers start. Host code only.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace innerloop {

// How the numbers of a block start.
struct InitialNumbers {
  enum class Kind { pieces, uniform, orthogonal };
  Kind kind = Kind::pieces;
  std::vector<float> pieces = {0};  // as many equal pieces of the block, each of one number
  float bound = 0;                  // uniform in ±bound
  int matrices = 1;                 // orthogonal [n][n], side by side: the block is [n][matrices][n]

  static InitialNumbers constant(float number) { return of_pieces({number}); }
  // @pre the block's size is a multiple of the number of pieces
  static InitialNumbers of_pieces(std::vector<float> numbers) {
    InitialNumbers initial;
    initial.pieces = std::move(numbers);
    return initial;
  }
  // Uniform in ±gain·√(6/(in + out)) (Glorot and Bengio 2010).
  static InitialNumbers glorot(int in, int out, float gain = 1) {
    InitialNumbers initial;
    initial.kind = Kind::uniform;
    initial.bound = gain * std::sqrt(6.0f / static_cast<float>(in + out));
    return initial;
  }
  // Matrices of a recurrent network's gates (Saxe et al. 2014).
  static InitialNumbers orthogonal(int matrices) {
    InitialNumbers initial;
    initial.kind = Kind::orthogonal;
    initial.matrices = matrices;
    return initial;
  }
};

struct ParameterBlock {
  std::string name;
  std::vector<std::int64_t> shape;
  bool decays = false;          // a weight, which AdamW shrinks
  InitialNumbers initial = {};  // 0
  bool drawn_last = false;  // after all other blocks, so that they start the same with and without this one

  std::int64_t size() const {
    std::int64_t count = 1;
    for (const std::int64_t each : shape) count *= each;
    return count;
  }
};

}  // namespace innerloop
