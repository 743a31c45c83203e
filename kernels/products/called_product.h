// Products by calls, for operations that make several of them. Everything else is inlined, and with so many products in one
// kernel, each in every precision, nvcc needs minutes for it, and the kernel outgrows the cache of instructions.
#pragma once

#include <type_traits>

#include "kernels/products/product.h"

namespace innerloop {

#if defined(__CUDACC__)
// A team whose products are calls, with the same bits.
template <class Team>
struct CallsProducts : Team {
  FN explicit CallsProducts(const Team& team) : Team(team) {}
};

// They take everything by value, as for_warp_tiles does.
template <class V, class Team, class Terms>
TEAM_CALL void product(CallsProducts<Team> team, int rows, int columns, Terms terms,
                       Start<typename Team::Scalar> start, typename Team::Scalar* to, int to_stride) {
  product<V>(static_cast<const Team&>(team), rows, columns, terms, start, to, to_stride);
}
template <class V, class Team, class Finish>
TEAM_CALL void tangent_product(CallsProducts<Team> team, int rows, int columns,
                               TangentTerm<typename Team::Scalar> term, Start<typename Team::Scalar> start,
                               Finish finish) {
  tangent_product<V>(static_cast<const Team&>(team), rows, columns, term, start, finish);
}
template <class V, class Team, class Finish>
TEAM_CALL void product_and_tangent(CallsProducts<Team> team, int rows, int columns,
                                   TangentTerm<typename Team::Scalar> term,
                                   Start<typename Team::Scalar> start,
                                   Start<typename Team::Scalar> tangent_start, Finish finish) {
  product_and_tangent<V>(static_cast<const Team&>(team), rows, columns, term, start, tangent_start, finish);
}
#else
// A processor's products are calls anyway.
template <class Team>
using CallsProducts = Team;
#endif

// Where a call would show, by its time (Rollout, of a few rows) or by the registers that it takes (NetworkPass, whose blocks
// share a multiprocessor): calls where scratch is in device memory alone, since networks as large as that have large products.
template <class Team>
using CallsLargeProducts = std::conditional_t<Team::keeps, CallsProducts<Team>, Team>;

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
