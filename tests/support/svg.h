// Reads SVG as far as tests ask of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

namespace innerloop {

// The names of the elements, each of which has to be closed, by itself or in its turn.
inline std::vector<std::string> elements(const std::string& svg) {
  std::vector<std::string> found, open;
  const std::regex tag(R"(<(/?)([a-z]+)((?: [A-Za-z0-9-]+="[^"<>&]*")*)(/?)>)");
  std::size_t brackets = 0;
  for (std::sregex_iterator at(svg.begin(), svg.end(), tag), end; at != end; ++at, ++brackets) {
    if ((*at)[1].length() > 0) {
      EXPECT_FALSE(open.empty() || open.back() != (*at)[2]) << (*at)[0];
      if (!open.empty()) open.pop_back();
      continue;
    }
    found.push_back((*at)[2]);
    if ((*at)[4].length() == 0) open.push_back((*at)[2]);
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(brackets, static_cast<std::size_t>(std::ranges::count(svg, '<')));
  EXPECT_EQ(found.at(0), "svg");
  return found;
}

inline std::size_t panels(const std::string& svg) {
  std::size_t count = 0;
  for (std::size_t at = svg.find("class=\"panel\""); at != svg.npos; at = svg.find("class=\"panel\"", at + 1))
    ++count;
  return count;
}

}  // namespace innerloop
