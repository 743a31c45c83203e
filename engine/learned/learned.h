// What a run learns: named blocks of one flat vector. Whoever asks what lies where, how it starts or what decays asks here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/networks/parameter_block.h"

namespace innerloop {

/// A block, and where in the vector it starts.
struct LearnedBlock : ParameterBlock {
  std::int64_t offset = 0;
};

/// A part of the vector.
struct LearnedRange {
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

class Learned {
 public:
  /// Puts blocks behind those that are there, `prefix` before their names.
  /// @throws std::logic_error where there is a block of that name, or where initial numbers do not fit a block's shape.
  void add(const std::string& prefix, const std::vector<ParameterBlock>& blocks);

  const std::vector<LearnedBlock>& blocks() const& { return blocks_; }
  const std::vector<LearnedBlock>& blocks() && = delete;  // they would be gone with the object
  /// Numbers of the whole vector.
  std::int64_t size() const { return size_; }
  /// The block of that name; null where there is none.
  const LearnedBlock* find(std::string_view name) const;
  /// Where the blocks lie whose names begin with `prefix`; of size 0 where there are none.
  /// @throws std::logic_error where others lie between them.
  LearnedRange range(std::string_view prefix) const;

  /// The vector as training starts: [size()]. Random numbers are drawn block by block, and in a block by place; number i of
  /// them is the first draw of (task 0, env 0, step i, Purpose::initial_parameters).
  std::vector<float> initial(std::uint32_t seed) const;
  /// `rate` where a number decays, else 0, of the blocks in `part`: [part.size].
  std::vector<float> decay(const LearnedRange& part, double rate) const;

 private:
  std::vector<LearnedBlock> blocks_;
  std::int64_t size_ = 0;
};

}  // namespace innerloop
