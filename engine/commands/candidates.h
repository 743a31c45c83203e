// What may stand for the last word of a command line that is being typed.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace innerloop {

struct Candidate {
  std::string word, meaning;
};

struct Candidates {
  std::vector<Candidate> words = {};
  bool files = false, folders = false;  // names of these, too
};

/// For the last of `words`, those behind "innerloop"; it may be empty. Nothing is an error: what is wrong
/// before it has no candidates.
Candidates candidates(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace innerloop
