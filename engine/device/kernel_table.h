// Tables of kernels by the type of their operation: what the host's instruction sets, CUDA and the tests' teams fill.
#pragma once

#include "kernels/options/type_list.h"

namespace innerloop {

/// A `Kernel<Op>` for each operation of a list: the entry of an operation is the base that has its name.
template <template <class> class Kernel, class List>
struct KernelTable;
template <template <class> class Kernel, class... Ops>
struct KernelTable<Kernel, TypeList<Ops...>> : Kernel<Ops>... {
  template <class Op>
  const Kernel<Op>& of() const {
    return *this;
  }
  /// Takes over the entries of another table.
  template <class... Some>
  void put(const KernelTable<Kernel, TypeList<Some...>>& some) {
    ((static_cast<Kernel<Some>&>(*this) = some), ...);
  }
};

}  // namespace innerloop
