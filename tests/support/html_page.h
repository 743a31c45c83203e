// What a page that the engine wrote says: its numbers, the rows of its tables, and whether it is one.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "engine/options/json.h"

namespace innerloop {

// What the page's script knows of its charts.
inline Json numbers_of(const std::string& page) {
  const std::string start = "id=\"numbers\">";
  const std::size_t begin = page.find(start) + start.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

// The series of a chart whose label ends so.
inline Json series_of(const Json& numbers, const std::string& title, const std::string& label_end) {
  for (const Json& chart : numbers)
    if (!chart.is_null() && chart["title"].get<std::string>().starts_with(title))
      for (const Json& series : chart["series"])
        if (series["label"].get<std::string>().ends_with(label_end)) return series;
  ADD_FAILURE() << title << ": no series " << label_end;
  return {};
}

// The cells of the rows whose first cell is `first`.
inline std::vector<std::vector<std::string>> rows_of(const std::string& page, const std::string& first) {
  std::vector<std::vector<std::string>> rows;
  const std::regex row("<tr>(.*?)</tr>"), cell("<t[dh][^>]*>(.*?)</t[dh]>");
  for (std::sregex_iterator at(page.begin(), page.end(), row), end; at != end; ++at) {
    const std::string cells = (*at)[1];
    std::vector<std::string> found;
    for (std::sregex_iterator in(cells.begin(), cells.end(), cell); in != end; ++in)
      found.push_back((*in)[1]);
    if (!found.empty() && found[0] == first) rows.push_back(found);
  }
  return rows;
}

// Whether every tag is closed in its turn, and no other `<` is there.
inline void expect_well_formed(std::string page) {
  page = std::regex_replace(page, std::regex("<!DOCTYPE html>"), "");
  for (const char* raw : {"style", "script"}) {  // their content is none of the document's
    const std::string close = std::string("</") + raw + ">";
    for (std::size_t at = page.find(std::string("<") + raw); at != page.npos;
         at = page.find(std::string("<") + raw, at))
      page.erase(at, page.find(close, at) + close.size() - at);
  }
  std::vector<std::string> open;
  const std::regex tag(R"(<(/?)([a-z0-9]+)((?: [A-Za-z0-9-]+="[^"<>]*")*)(/?)>)");
  std::size_t brackets = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at, ++brackets) {
    if ((*at)[1].length() > 0) {
      ASSERT_FALSE(open.empty() || open.back() != (*at)[2]) << (*at)[0];
      open.pop_back();
    } else if ((*at)[4].length() == 0) {
      open.push_back((*at)[2]);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(brackets, static_cast<std::size_t>(std::ranges::count(page, '<')));
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(page, '>')), brackets);
}

}  // namespace innerloop
