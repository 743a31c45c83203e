#include "engine/options/docs.h"
#include "engine/text/json.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <vector>

namespace innerloop {
namespace {

Json number_or_integer(const Option& option, double value) {
  return option.kind == Option::Kind::integer ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

Json schema_of_number(const Option& option) {
  Json schema = {{"type", option.kind == Option::Kind::integer ? "integer" : "number"}};
  const Range& range = option.range;
  if (std::isfinite(range.low)) {
    schema[range.low_included ? "minimum" : "exclusiveMinimum"] = number_or_integer(option, range.low);
  }
  if (std::isfinite(range.high)) {
    schema[range.high_included ? "maximum" : "exclusiveMaximum"] = number_or_integer(option, range.high);
  }
  return schema;
}

Json schema_of_numbers(const Option& option) {
  Json number = schema_of_number(option);
  Json list = {
      {"type", "array"}, {"items", number}, {"minItems", option.min_count}, {"maxItems", option.max_count}};
  switch (option.shape) {
    case Option::Shape::nullable:
      return {{"anyOf", Json::array({number, {{"type", "null"}}})}};
    case Option::Shape::interval:
    case Option::Shape::list:
      return list;
    case Option::Shape::one_or_many:
      return {{"anyOf", Json::array({number, list})}};
    default:
      return number;
  }
}

Json schema_of_option(const Option& option);

Json schema_of_group(const OptionGroup& group) {
  Json properties = Json::object();
  for (const Option& option : group.options) properties[option.name] = schema_of_option(option);
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

// The first may go without its name.
Json schema_of_one_of(const Option& option) {
  Json alternatives = Json::array();
  for (const OptionGroup& group : option.groups) {
    Json schema = schema_of_group(group);
    Json properties = {{"name", {{"const", group.name}, {"description", group.meaning}}}};
    properties.update(schema["properties"]);
    schema["properties"] = properties;
    if (!alternatives.empty()) schema["required"] = Json::array({"name"});
    alternatives.push_back(schema);
  }
  return {{"oneOf", alternatives}};
}

Json schema_of_kind(const Option& option) {
  switch (option.kind) {
    case Option::Kind::boolean:
      return {{"type", "boolean"}};
    case Option::Kind::text:
      return {{"type", "string"}};
    case Option::Kind::choice: {
      Json names = Json::array();
      for (const Choice& choice : option.choices) names.push_back(choice.name);
      return {{"enum", names}};
    }
    case Option::Kind::group:
      return schema_of_group(option.groups[0]);
    case Option::Kind::one_of:
      return schema_of_one_of(option);
    default:
      return schema_of_numbers(option);
  }
}

bool is_group(const Option& option) {
  return option.kind == Option::Kind::group || option.kind == Option::Kind::one_of;
}

Json schema_of_option(const Option& option) {
  Json schema = {{"description", option.meaning}};
  schema.update(schema_of_kind(option));
  if (!is_group(option)) schema["default"] = option.default_value;
  return schema;
}

std::string code(const std::string& text) { return "`" + text + "`"; }

std::string values_of(const Option& option) {
  if (option.kind != Option::Kind::choice) return wanted_value(option);
  std::string values;
  for (const Choice& choice : option.choices) values += (values.empty() ? "" : ", ") + code(choice.name);
  return values;
}

std::string meaning_of(const Option& option) {
  std::string meaning = option.meaning;
  for (const Choice& choice : option.choices) {
    if (*choice.meaning) meaning += "<br>" + code(choice.name) + ": " + choice.meaning;
  }
  return meaning;
}

// A table of the group's options, without those that are the same in `listed` (which may be null).
std::string table_of(const OptionGroup& group, const OptionGroup* listed = nullptr) {
  std::string rows;
  for (const Option& option : group.options) {
    const Option* same = listed ? listed->find(option.name) : nullptr;
    if (is_group(option) || (same && same->default_value == option.default_value)) continue;
    rows += "| " + code(option.name) + " | " + values_of(option) + " | " +
            code(json_text(option.default_value)) + " | " + meaning_of(option) + " |\n";
  }
  return rows.empty() ? "" : "| option | values | default | meaning |\n|---|---|---|---|\n" + rows + "\n";
}

// The options, as the first of the groups has them, that all the groups have.
OptionGroup shared_by(const std::vector<OptionGroup>& groups) {
  OptionGroup shared;
  if (groups.size() == 1) return shared;
  for (const Option& option : groups.front().options) {
    if (std::ranges::all_of(groups, [&](const OptionGroup& each) { return each.find(option.name); })) {
      shared.options.push_back(option);
    }
  }
  return shared;
}

std::string sentence(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".\n\n";
}

std::string section_of(const Option& option) {
  std::string text = "## " + code(option.name) + "\n\n" + sentence(option.meaning);
  if (option.kind == Option::Kind::group) return text + table_of(option.groups[0]);
  text += "Which one is said by `name`; without it, " + code(option.groups[0].name) + ".\n\n";
  OptionGroup shared = shared_by(option.groups);
  if (!shared.options.empty()) text += "All of them have:\n\n" + table_of(shared);
  for (const OptionGroup& group : option.groups) {
    text += "### " + code(option.name + ": " + group.name) + "\n\n" + sentence(group.meaning);
    text += table_of(group, &shared);
  }
  return text;
}

}  // namespace

Json schema_of(const OptionGroup& root, const std::string& title) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  schema.update(schema_of_group(root));
  return schema;
}

std::string markdown_of(const OptionGroup& root) {
  std::string text = table_of(root);
  for (const Option& option : root.options) {
    if (is_group(option)) text += section_of(option);
  }
  text.pop_back();  // one newline at the end
  return text;
}

}  // namespace innerloop
