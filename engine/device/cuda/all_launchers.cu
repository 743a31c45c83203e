#include "engine/device/cuda/all_launchers.h"

namespace innerloop::cuda {

const Launchers<Operations>& all_launchers() {
  static const Launchers<Operations> all = [] {
    Launchers<Operations> table;
    for_each_type(OperationLists{}, [&]<class List>() { table.put(launchers<List>()); });
    return table;
  }();
  return all;
}

}  // namespace innerloop::cuda
