#include "engine/report/frame.h"

#include "engine/report/style.h"
#include "engine/text/json.h"
#include "engine/text/markup.h"

namespace innerloop {

Figure figure_of(const std::string& title, const std::string& svg, const std::string& note) {
  return {"<figure>\n<figcaption>" + markup_text(title) + "</figcaption>\n<div class=\"scroll\">\n" + svg +
          "</div>\n" + page_note(note) + "</figure>\n"};
}

std::string Figures::add(const std::vector<Figure>& figures, const char* kind) {
  std::string html = std::string("<div class=\"") + kind + "\">\n";
  for (const Figure& figure : figures) {
    html += figure.html;
    numbers_.push_back(figure.numbers);
  }
  return html + "</div>\n";
}

std::string Figures::add(const std::vector<Chart>& charts, const char* kind) {
  std::vector<Figure> figures;
  figures.reserve(charts.size());
  for (const Chart& chart : charts) figures.push_back({chart_figure(chart), chart_numbers(chart)});
  return add(figures, kind);
}

std::string Figures::numbers() const {
  std::string safe;
  for (const char c : json_text(numbers_)) safe += c == '<' ? "\\u003c" : std::string(1, c);
  return safe;
}

std::string page_note(const std::string& text) {
  return text.empty() ? "" : "<p class=\"note\">" + markup_text(text) + "</p>\n";
}

std::string plain_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder.lexically_normal();
  const std::filesystem::path plain = path.has_filename() ? path : path.parent_path();
  return plain.filename() == "." || plain.filename() == ".." || plain.empty()
             ? std::filesystem::absolute(folder).lexically_normal().parent_path().string()
             : plain.string();
}

std::string page_of(const std::string& title, const std::string& body, const Figures& figures) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>innerloop: " +
         markup_text(title) + "</title>\n<style>" + kReportStyle + "</style>\n</head>\n<body>\n" + body +
         "<script type=\"application/json\" id=\"numbers\">" + figures.numbers() + "</script>\n<script>" +
         kReportScript + "</script>\n</body>\n</html>\n";
}

}  // namespace innerloop
