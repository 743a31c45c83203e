#include "engine/learned/learned.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/lanes/random.h"

namespace innerloop {
namespace {

// Random numbers one after the other, each the first draw of a stream of its own.
class InitialDraws {
 public:
  using One = Pack<float, 1>;
  explicit InitialDraws(std::uint32_t seed) : seed_(seed) {}
  float uniform(float bound) { return next().uniform(One(-bound), One(bound)).get(0); }
  double normal() { return next().normal().get(0); }

 private:
  Random<One> next() { return {{seed_, 0}, 0u, 0u, drawn_++, Purpose::initial_parameters, 0}; }
  const std::uint32_t seed_;
  std::uint32_t drawn_ = 0;
};

// The rows of a matrix [n][n] of normal numbers, made orthonormal one after the other (modified Gram and Schmidt).
std::vector<double> orthogonal_matrix(std::size_t n, InitialDraws& draws) {
  std::vector<double> matrix(n * n);
  for (double& x : matrix) x = draws.normal();
  for (std::size_t row = 0; row < n; ++row) {
    double* const own = matrix.data() + row * n;
    for (std::size_t other = 0; other < row; ++other) {
      const double* const done = matrix.data() + other * n;
      double dot = 0;
      for (std::size_t i = 0; i < n; ++i) dot += own[i] * done[i];
      for (std::size_t i = 0; i < n; ++i) own[i] -= dot * done[i];
    }
    double square = 0;
    for (std::size_t i = 0; i < n; ++i) square += own[i] * own[i];
    for (std::size_t i = 0; i < n; ++i) own[i] /= std::sqrt(square);
  }
  return matrix;
}

bool fits(const ParameterBlock& block) {
  const std::int64_t pieces = static_cast<std::int64_t>(block.initial.pieces.size());
  switch (block.initial.kind) {
    case InitialNumbers::Kind::pieces:
      return pieces > 0 && block.size() % pieces == 0;
    case InitialNumbers::Kind::uniform:
      return true;
    case InitialNumbers::Kind::orthogonal:
      return block.shape.size() == 2 && block.shape[1] == block.initial.matrices * block.shape[0];
  }
  return false;
}

void set_initial(const LearnedBlock& block, InitialDraws& draws, float* numbers) {
  const auto size = static_cast<std::size_t>(block.size());
  switch (block.initial.kind) {
    case InitialNumbers::Kind::pieces: {
      const std::size_t length = size / block.initial.pieces.size();
      for (const float number : block.initial.pieces) numbers = std::fill_n(numbers, length, number);
      return;
    }
    case InitialNumbers::Kind::uniform:
      for (std::size_t i = 0; i < size; ++i) numbers[i] = draws.uniform(block.initial.bound);
      return;
    case InitialNumbers::Kind::orthogonal: {
      const auto n = static_cast<std::size_t>(block.shape[0]);
      const auto matrices = static_cast<std::size_t>(block.initial.matrices);
      for (std::size_t m = 0; m < matrices; ++m) {
        const std::vector<double> matrix = orthogonal_matrix(n, draws);
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t o = 0; o < n; ++o)
            numbers[(i * matrices + m) * n + o] = static_cast<float>(matrix[i * n + o]);
      }
    }
  }
}

}  // namespace

void Learned::add(const std::string& prefix, const std::vector<ParameterBlock>& blocks) {
  for (const ParameterBlock& block : blocks) {
    LearnedBlock added{block, size_};
    added.name = prefix + block.name;
    if (find(added.name) != nullptr)
      throw std::logic_error("Learned: wanted a new name for a block, found \"" + added.name + "\" again");
    if (!fits(block))
      throw std::logic_error("Learned: wanted initial numbers that fit block \"" + added.name +
                             "\", found some for another shape");
    size_ += block.size();
    blocks_.push_back(std::move(added));
  }
}

const LearnedBlock* Learned::find(std::string_view name) const {
  const auto found = std::ranges::find(blocks_, name, &LearnedBlock::name);
  return found == blocks_.end() ? nullptr : &*found;
}

LearnedRange Learned::range(std::string_view prefix) const {
  LearnedRange range;
  for (const LearnedBlock& block : blocks_) {
    if (!block.name.starts_with(prefix)) continue;
    if (range.size == 0) range.offset = block.offset;
    if (range.offset + range.size != block.offset)
      throw std::logic_error("Learned: wanted the blocks \"" + std::string(prefix) +
                             "…\" side by side, found others between them");
    range.size += block.size();
  }
  return range;
}

std::vector<float> Learned::initial(std::uint32_t seed) const {
  std::vector<float> numbers(static_cast<std::size_t>(size_));
  InitialDraws draws(seed);
  for (const bool last : {false, true})
    for (const LearnedBlock& block : blocks_)
      if (block.drawn_last == last) set_initial(block, draws, numbers.data() + block.offset);
  return numbers;
}

std::vector<float> Learned::decay(const LearnedRange& part, double rate) const {
  std::vector<float> decays(static_cast<std::size_t>(part.size), 0.0f);
  for (const LearnedBlock& block : blocks_)
    if (block.decays && block.offset >= part.offset && block.offset < part.offset + part.size)
      std::fill_n(decays.begin() + (block.offset - part.offset), block.size(), static_cast<float>(rate));
  return decays;
}

}  // namespace innerloop
