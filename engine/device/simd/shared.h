// Functions that the kernels of many files call: each kind of team has them compiled once, in shared.cpp, where EXTERN is
// empty; elsewhere it is `extern`. One that is missing here is compiled in every file that calls it, which costs time alone.
#include "kernels/networks/context.h"
#include "kernels/trials/objective.h"

namespace innerloop {
using TheTeam = INNERLOOP_TEAM;

// Products.
EXTERN template void product<TheTeam::Vector>(const TheTeam&, int, int, const Array<Term<float>, 1>&,
                                              Start<float>, float*, int);
EXTERN template void product<TheTeam::Vector>(const TheTeam&, int, int, const Array<Term<float>, 2>&,
                                              Start<float>, float*, int);
EXTERN template void dot_products(const TheTeam&, int, int, const Array<DotTerm<float>, 1>&, const float*,
                                  float*, int);
EXTERN template void add_columns(const TheTeam&, int, int, float*, const float*, int);
EXTERN template void add_rows(const TheTeam&, int, int, const float*, int, float*);

// Networks.
EXTERN template void load_head_constants(const TheTeam&, const PolicyShape&, const float*,
                                         const HeadConstants<float>&);
EXTERN template void load_weights(const TheTeam&, const PolicyShape&, const ValuesAt<float>&,
                                  const Weights<float>&);
EXTERN template void add_context(const TheTeam&, const PolicyShape&, const ValuesAt<float>&,
                                 const Weights<float>&);
EXTERN template void look_up_symbols(const TheTeam&, const SymbolTable&, int, const SeenSymbols<float>&,
                                     const SymbolWeights<float>&, const float*, float*, int);
EXTERN template void forward_hidden(const TheTeam&, const PolicyShape&, const Weights<float>&,
                                    const Block<float>&);
EXTERN template void forward_head(const TheTeam&, const PolicyShape&, const Weights<float>&,
                                  const Block<float>&);

// Memories.
EXTERN template void load_heads(const TheTeam&, const MemoryPolicyShape&, const float*,
                                const MemoryHeads<float>&);
EXTERN template void forward_heads(const TheTeam&, const MemoryPolicyShape&, int, const MemoryHeads<float>&,
                                   int, const HeadInputs<float>&, float*, int);

// Trials.
EXTERN template void TrialTerms<float>::seed_rows(const TheTeam&, const MemoryPolicyShape&, const Rows&, int,
                                                  float) const;
}  // namespace innerloop
