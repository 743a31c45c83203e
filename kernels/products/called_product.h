// Products by calls, for operations that make dozens of them. Everything else is inlined, and with so many products in one
// kernel, each in every precision, nvcc needs minutes for it.
#pragma once

#include "kernels/products/product.h"

namespace innerloop {

#if defined(__CUDACC__)
// A team whose products are calls, with the same bits.
template <class Team>
struct CallsProducts : Team {
  FN explicit CallsProducts(const Team& team) : Team(team) {}
};

template <class V, class Team, class Terms>
TEAM_CALL void product(const CallsProducts<Team>& team, int rows, int columns, const Terms& terms,
                       Start<typename Team::Scalar> start, typename Team::Scalar* to, int to_stride) {
  product<V>(static_cast<const Team&>(team), rows, columns, terms, start, to, to_stride);
}
#else
// A processor's products are calls anyway.
template <class Team>
using CallsProducts = Team;
#endif

// to[m][n] = start[m][n] + Σ_k left[m][k]·right[k][n], as product(). Does not sync.
template <class Team>
TEAM_CALL void multiply(const Team& team, int rows, int columns, const Left<typename Team::Scalar>& left,
                        const Right<typename Team::Scalar>& right, int depth,
                        const Start<typename Team::Scalar>& start, typename Team::Scalar* to, int to_stride) {
  product<typename Team::Vector>(team, rows, columns,
                                 Array<Term<typename Team::Scalar>, 1>{{{left, right, depth}}}, start, to,
                                 to_stride);
}

}  // namespace innerloop
