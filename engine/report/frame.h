// What every page has: the document around its content, and figures with the numbers that the script shows of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/options/json.h"
#include "engine/report/chart.h"

namespace innerloop {

struct Figure {
  std::string html;   // a `<figure>`
  Json numbers = {};  // chart_numbers; null: the script has nothing to show of it
};

/// A figure around a drawing that is no Chart: title, SVG, and behind it a sentence unless that is empty.
Figure figure_of(const std::string& title, const std::string& svg, const std::string& note = "");

/// The figures of a page, in the order in which they stand on it.
class Figures {
 public:
  /// The figures beside each other; `kind` is the style's class for that: "figures", "figures small", "figures wide".
  std::string add(const std::vector<Figure>& figures, const char* kind = "figures");
  std::string add(const std::vector<Chart>& charts, const char* kind = "figures");

  /// Of all of them, as they may stand in a script: no text of a name can end that.
  std::string numbers() const;

 private:
  Json numbers_ = Json::array();
};

/// A paragraph in small print; nothing for an empty text.
std::string page_note(const std::string& text);

/// "runs/maml" for "runs/maml/"; a name also where the folder is ".".
std::string plain_folder(const std::filesystem::path& folder);

/// The whole document. `body` is HTML, `title` is text.
std::string page_of(const std::string& title, const std::string& body, const Figures& figures);

}  // namespace innerloop
