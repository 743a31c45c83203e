// One small random problem for each operation and each of its forms, to run on any set of kernels.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <typeindex>
#include <vector>

#include "engine/device/device.h"
#include "engine/device/host_kernel_set.h"
#include "tests/support/buffers.h"

namespace innerloop {

/// Full problems have several tasks and parts; small ones one task and two blocks of rows.
enum class CaseSize { full, small };

struct OperationCase {
  std::type_index operation;
  std::string family;  // the operation's name
  std::string form;    // what is special about this case
  /// What is in all buffers, inputs too, after the operation ran on these kernels: always from the same numbers.
  std::function<std::vector<BufferContent>(const HostKernelSet&)> run;
  /// The same for copies of the buffers on a device that has a slot for each task, a GPU; empty for what only the host has
  /// kernels of.
  std::function<std::vector<BufferContent>(Device&)> run_on;
  /// The first again with another number of rows a block; empty where the operation leaves no choice.
  std::function<std::vector<BufferContent>(const HostKernelSet&, int block_rows)> run_in_blocks;
  std::string name() const { return family + "_" + form; }
};

/// How GoogleTest prints a case.
inline void PrintTo(const OperationCase& operation, std::ostream* to) { *to << operation.name(); }

std::vector<OperationCase> operation_cases(CaseSize size);

}  // namespace innerloop
