#include "engine/evaluation/table_cell.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace innerloop {

std::string number_cell(const char* form, double value) {
  char text[48];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string interval_cell(const nlohmann::ordered_json& of, const char* mean) {
  const std::string value = number_cell("%9.2f", of[mean]);
  return of["ci95"].is_null() ? value + "        " : value + " ±" + number_cell("%6.2f", of["ci95"]);
}

}  // namespace innerloop
