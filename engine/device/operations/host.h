// The operations that only the host's processors have kernels of: a GPU has a library for products.
#pragma once

#include "kernels/options/type_list.h"
#include "kernels/products/matrix_product.h"

namespace innerloop {

template <class T>
using HostOnlyOperations = TypeList<MatrixProduct<T>>;

}  // namespace innerloop
