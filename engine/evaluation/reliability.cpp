#include "engine/evaluation/reliability.h"

#include <cstddef>
#include <numeric>

namespace innerloop {

std::vector<double> pass_k(const std::vector<std::vector<float>>& solved) {
  const std::size_t episodes = solved.size(), trials = solved[0].size();
  std::vector<double> shares(episodes);
  for (std::size_t trial = 0; trial < trials; ++trial) {
    double count = 0;
    for (const std::vector<float>& of : solved) count += of[trial];
    // C(c, k)/C(n, k) grows from k − 1 to k by (c − k + 1)/(n − k + 1), and is 0 from k = c + 1 on.
    double all_solved = 1;
    for (std::size_t k = 1; k <= episodes; ++k) {
      const auto before = static_cast<double>(k - 1);
      all_solved *= (count - before) / (static_cast<double>(episodes) - before);
      shares[k - 1] += all_solved;
    }
  }
  for (double& share : shares) share /= static_cast<double>(trials);
  return shares;
}

std::vector<double> solved_shares(const std::vector<std::vector<float>>& solved) {
  std::vector<double> shares;
  shares.reserve(solved.size());
  for (const std::vector<float>& of : solved)
    shares.push_back(std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size()));
  return shares;
}

std::vector<double> shares_of_steps(const std::vector<std::vector<float>>& steps,
                                    const std::vector<std::vector<float>>& lengths) {
  const auto sum = [](const std::vector<float>& of) { return std::accumulate(of.begin(), of.end(), 0.0); };
  std::vector<double> shares;
  shares.reserve(steps.size());
  for (std::size_t episode = 0; episode < steps.size(); ++episode)
    shares.push_back(sum(steps[episode]) / sum(lengths[episode]));
  return shares;
}

}  // namespace innerloop
