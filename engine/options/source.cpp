#include "engine/options/source.h"

#include <algorithm>
#include <charconv>

#include "engine/error.h"

namespace innerloop {
namespace {

std::vector<std::string> split_at_dots(std::string_view path) {
  std::vector<std::string> keys(1);
  for (const char c : path) {
    if (c == '.')
      keys.emplace_back();
    else
      keys.back() += c;
  }
  return keys;
}

// The group of options that a value of `option`, a group itself, has; null where it has none.
const OptionGroup* group_of(const Option& option, const Json& value) {
  if (option.groups.empty()) return nullptr;
  for (const OptionGroup& group : option.groups)
    if (option.kind == Option::Kind::one_of && value.is_object() && value.contains("name") &&
        value["name"] == group.name)
      return &group;
  return &option.groups.front();
}

// Makes a list of what stands for one, or for the default.
bool make_list(Json& value, const Option& option) {
  using Shape = Option::Shape;
  if (option.shape == Shape::single || option.shape == Shape::nullable) return false;
  const bool is_new = value.is_null();
  if (is_new) value = option.default_value;
  if (option.shape == Shape::one_or_many && value.is_number()) value = Json::array({value});
  return is_new;
}

Json parse_value(std::string_view text, const std::string& source) {
  return Json::accept(text) ? parse_json(text, source) : Json(std::string(text));
}

}  // namespace

void OptionSource::apply(std::string_view override_text, Json& document, const OptionGroup& outline) {
  std::string text = flag_ + std::string(override_text);
  std::size_t equals = override_text.find('=');
  std::vector<std::string> keys = split_at_dots(override_text.substr(0, equals));
  if (equals == override_text.npos || keys.empty() || std::ranges::any_of(keys, &std::string::empty)) {
    throw InputError(text + ": wanted path=value, as in algorithm.inner_steps=3");
  }
  Json value = parse_value(override_text.substr(equals + 1), text);

  std::string pointer, made;
  Json* place = &document;
  const OptionGroup* group = &outline;
  auto refuse = [&](const std::string& wanted, const std::string& found) {
    throw InputError(text + ": " + pointer + (pointer.empty() ? "" : ": ") + "wanted " + wanted + ", found " +
                     found);
  };
  for (const std::string& key : keys) {
    if (place->is_array()) {
      std::size_t index = 0;
      auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || end != key.data() + key.size() || index > place->size()) {
        refuse("a place from 0 to " + std::to_string(place->size()) + ", the one behind the list's end",
               "\"" + key + "\"");
      }
      if (index == place->size()) place->push_back(nullptr);
      place = &(*place)[index];
      group = nullptr;
    } else if (place->is_object()) {
      const Option* option = group == nullptr ? nullptr : group->find(key);
      place = &(*place)[key];
      const bool is_list = option != nullptr && &key != &keys.back() && make_list(*place, *option);
      if (is_list && made.empty()) made = pointer_to(pointer, key);
      group = option == nullptr ? nullptr : group_of(*option, *place);
    } else {
      refuse("a group or a list to set \"" + key + "\" in", found_value(*place));
    }
    pointer = pointer_to(pointer, key);
    if (place->is_null() && &key != &keys.back()) {
      *place = Json::object();
      if (made.empty()) made = pointer;
    }
  }
  *place = std::move(value);
  overrides_.push_back({made.empty() ? pointer : made, text});
}

void OptionSource::refuse(std::string_view pointer, std::string_view wanted, std::string_view found) const {
  const std::string* source = &file_;
  for (const Override& each : overrides_) {
    if (pointer == each.pointer || pointer.starts_with(each.pointer + "/")) source = &each.text;
  }
  std::string message = *source + ": ";
  if (!pointer.empty()) message.append(pointer).append(": ");
  throw InputError(message.append("wanted ").append(wanted).append(", found ").append(found));
}

}  // namespace innerloop
