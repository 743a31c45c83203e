#include "engine/sweep/sweep.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/files/text_file.h"
#include "engine/options/check.h"
#include "engine/options/docs.h"
#include "engine/options/source.h"
#include "engine/options/visitors.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr std::size_t kMostSweepBytes = 1 << 22;

// What is not described as options are, with what the schema and the documentation say of it.
struct FreeKey {
  const char *name, *type, *meaning;
};
constexpr FreeKey kFreeKeys[] = {
    {"config", "a path, an object or a list of them",
     "the configs that are varied: their paths as seen from this file, or the configs themselves"},
    {"set", "an object", "what all of them have: values by the options' dotted paths, as `--set` takes them"},
    {"points", "a list of objects",
     "options that vary together, as in `[{\"algorithm\": {…}, \"outer.lr\": 0.01}, …]`: each is combined "
     "with the whole grid"},
    {"grid", "an object of lists", "options and the values that each takes: every combination is a point"},
    {"random", "an object of draws",
     "options that are drawn `samples` times for each point of the grid, from `{\"uniform\": [low, high]}`, "
     "`{\"log_uniform\": [low, high]}`, `{\"int\": [low, high], \"step\": 1}` or `{\"choice\": [value, …]}`; "
     "numbers have six "
     "digits"},
    {"when", "a list of objects",
     "`{\"if\": {option: value}, \"set\": {…}, \"grid\": {…}, \"random\": {…}}`: the same for the points "
     "where all these "
     "options have these values"},
    {"seeds", "a number of seeds or a list of them", "each point is trained with every seed; 3 is [1, 2, 3]"},
};

const OptionGroup& sweep_outline() {
  static const OptionGroup outline = {"", "", outline_of<SweepOptions>()};
  return outline;
}

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path), source_(path.string()) {}

  Sweep read(Json document) {
    if (!document.is_object()) refuse("", "a JSON object", document);
    check_names(document);
    Sweep sweep;
    sweep.source = path_.string();
    sweep.configs = configs(take(document, "config"));
    sweep.set = assignments(take(document, "set"), "/set");
    sweep.points = points(take(document, "points"));
    sweep.grid = axes(take(document, "grid"), "/grid");
    sweep.random = draws(take(document, "random"), "/random");
    sweep.when = cases(take(document, "when"));
    sweep.seeds = seeds(take(document, "seeds"));
    check_options(document, sweep_outline(), source_, "an option of a sweep");
    read_options<SweepOptions>(document, sweep.options);
    return sweep;
  }

 private:
  [[noreturn]] void refuse(const std::string& pointer, const std::string& wanted, const Json& found) const {
    source_.refuse(pointer, wanted, found_value(found));
    throw;  // not reached
  }

  // Null where the document has no such key.
  static Json take(Json& document, const char* key) {
    if (!document.contains(key)) return nullptr;
    Json value = std::move(document[key]);
    document.erase(key);
    return value;
  }

  void check_names(Json& document) const {
    if (const Json schema = take(document, "$schema"); !schema.is_null() && !schema.is_string())
      refuse("/$schema", "a string, the place of a JSON Schema", schema);
    std::vector<std::string> names;
    for (const FreeKey& key : kFreeKeys) names.emplace_back(key.name);
    for (const Option& option : sweep_outline().options) names.push_back(option.name);
    for (const auto& [key, value] : document.items())
      if (std::ranges::find(names, key) == names.end())
        source_.refuse(pointer_to("", key), "an option of a sweep" + nearest_hint(key, names),
                       "\"" + key + "\"");
  }

  std::vector<BaseConfig> configs(const Json& value) const {
    if (value.is_null()) refuse("/config", "a config, its path or an object", value);
    if (!value.is_array()) return {config(value, "/config", "config")};
    if (value.empty()) refuse("/config", "at least one config", value);
    std::vector<BaseConfig> all;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string pointer = pointer_to("/config", std::to_string(i));
      all.push_back(config(value[i], pointer, "config " + std::to_string(i)));
      for (std::size_t before = 0; before < i; ++before)
        if (all[before].name == all[i].name) refuse(pointer, "another config than the ones before", value[i]);
    }
    return all;
  }

  BaseConfig config(const Json& value, const std::string& pointer, const std::string& name) const {
    BaseConfig base;
    if (value.is_object()) {
      base = {name, path_.string() + ": " + pointer, value};
      // What to_json has put there: the name by which its points know it.
      if (value.contains("$name") && value["$name"].is_string()) {
        base.name = value["$name"].get<std::string>();
        base.document.erase("$name");
      }
    } else if (value.is_string()) {
      const std::filesystem::path file = path_.parent_path() / value.get<std::string>();
      const std::string text = read_text_file(file, kMostSweepBytes, [&](const std::string& found) {
        source_.refuse(pointer, "a config file", found + " at " + file.string());
      });
      base = {value.get<std::string>(), file.string(), parse_json(text, file.string())};
    } else {
      refuse(pointer, "a config, its path or an object", value);
    }
    parse_config(json_text(base.document), base.source);  // with its own message where it is none
    return base;
  }

  const Json& object(const Json& value, const std::string& pointer, const char* wanted) const {
    if (!value.is_object()) refuse(pointer, wanted, value);
    return value;
  }

  // A dotted path; what a sweep has another place for is refused.
  void check_path(const std::string& path, const std::string& pointer) const {
    if (path.empty() || path.front() == '.' || path.back() == '.' || path.find("..") != path.npos)
      refuse(pointer, "the path of an option, as in algorithm.inner_lr", path);
    if (path == "seed") refuse(pointer, "the seeds of runs under /seeds", path);
  }

  Assignments assignments(const Json& value, const std::string& pointer) const {
    Assignments all;
    if (value.is_null()) return all;
    for (const auto& [path, its] : object(value, pointer, "an object of options and their values").items()) {
      check_path(path, pointer_to(pointer, path));
      all.push_back({path, its});
    }
    return all;
  }

  std::vector<Assignments> points(const Json& value) const {
    std::vector<Assignments> all;
    if (value.is_null()) return all;
    const std::vector<Json> values = different_values(value, "/points");
    for (std::size_t i = 0; i < values.size(); ++i)
      all.push_back(assignments(values[i], pointer_to("/points", std::to_string(i))));
    return all;
  }

  std::vector<GridAxis> axes(const Json& value, const std::string& pointer) const {
    std::vector<GridAxis> all;
    if (value.is_null()) return all;
    for (const auto& [path, its] :
         object(value, pointer, "an object of options and lists of values").items()) {
      const std::string here = pointer_to(pointer, path);
      check_path(path, here);
      all.push_back({path, different_values(its, here)});
    }
    if (all.empty()) refuse(pointer, "at least one option", value);
    return all;
  }

  std::vector<Json> different_values(const Json& value, const std::string& pointer) const {
    if (!value.is_array() || value.empty()) refuse(pointer, "a list of at least one value", value);
    std::vector<Json> values(value.begin(), value.end());
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        refuse(pointer_to(pointer, std::to_string(i)), "another value than the ones before", values[i]);
    return values;
  }

  std::vector<Draw> draws(const Json& value, const std::string& pointer) const {
    std::vector<Draw> all;
    if (value.is_null()) return all;
    for (const auto& [path, its] :
         object(value, pointer, "an object of options and what they are drawn from").items()) {
      const std::string here = pointer_to(pointer, path);
      check_path(path, here);
      all.push_back(draw(path, its, here));
    }
    if (all.empty()) refuse(pointer, "at least one option", value);
    return all;
  }

  Draw draw(const std::string& path, const Json& value, const std::string& pointer) const {
    constexpr auto kForms =
        R"({"uniform": [low, high]}, {"log_uniform": [low, high]}, {"int": [low, high]} or {"choice": […]})";
    const bool stepped = value.is_object() && value.contains("int") && value.contains("step");
    if (!value.is_object() || value.size() != (stepped ? 2u : 1u)) refuse(pointer, kForms, value);
    Draw draw;
    draw.path = path;
    const std::string name = stepped ? "int" : value.begin().key();
    const std::string here = pointer_to(pointer, name);
    if (name == "choice") {
      draw.choices = different_values(value[name], here);
      return draw;
    }
    if (name == "uniform")
      draw.kind = Draw::Kind::uniform;
    else if (name == "log_uniform")
      draw.kind = Draw::Kind::log_uniform;
    else if (name == "int")
      draw.kind = Draw::Kind::integer;
    else
      refuse(pointer, kForms, value);
    read_range(draw, value[name], here);
    if (stepped) {
      const Json& step = value["step"];
      if (!step.is_number() || !is_whole(step.get<double>()) || step.get<double>() < 1)
        refuse(pointer_to(pointer, "step"), "an integer of at least 1", step);
      draw.step = step.get<double>();
    }
    return draw;
  }

  static bool is_whole(double number) { return std::floor(number) == number && std::abs(number) <= 1e15; }

  void read_range(Draw& draw, const Json& range, const std::string& pointer) const {
    const bool integers = draw.kind == Draw::Kind::integer, positive = draw.kind == Draw::Kind::log_uniform;
    const auto is_good = [&](const Json& number) {
      return number.is_number() && (!integers || is_whole(number.get<double>())) &&
             (!positive || number.get<double>() > 0);
    };
    if (!range.is_array() || range.size() != 2 || !is_good(range[0]) || !is_good(range[1]) ||
        !(range[0].get<double>() < range[1].get<double>()))
      refuse(pointer,
             std::string("[low, high], two ") +
                 (integers   ? "integers"
                  : positive ? "numbers above 0"
                             : "numbers") +
                 ", the low below the high",
             range);
    draw.low = range[0].get<double>();
    draw.high = range[1].get<double>();
  }

  std::vector<When> cases(const Json& value) const {
    std::vector<When> all;
    if (value.is_null()) return all;
    if (!value.is_array()) refuse("/when", "a list of objects", value);
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string pointer = pointer_to("/when", std::to_string(i));
      Json its = object(value[i], pointer, R"(an object with "if" and "set", "grid" or "random")");
      When when;
      const Json conditions = take(its, "if");
      if (!conditions.is_object() || conditions.empty())
        refuse(pointer_to(pointer, "if"), "an object of options and the value that each has to have",
               conditions);
      when.conditions = assignments(conditions, pointer_to(pointer, "if"));
      when.set = assignments(take(its, "set"), pointer_to(pointer, "set"));
      when.grid = axes(take(its, "grid"), pointer_to(pointer, "grid"));
      when.random = draws(take(its, "random"), pointer_to(pointer, "random"));
      if (!its.empty())
        source_.refuse(pointer_to(pointer, its.begin().key()), R"("if", "set", "grid" or "random")",
                       "\"" + its.begin().key() + "\"");
      if (when.set.empty() && when.grid.empty() && when.random.empty())
        refuse(pointer, R"("set", "grid" or "random" beside "if")", value[i]);
      all.push_back(std::move(when));
    }
    return all;
  }

  std::vector<std::uint32_t> seeds(const Json& value) const {
    if (value.is_null()) return {1};
    const auto is_seed = [](const Json& seed) {
      return seed.is_number() && is_whole(seed.get<double>()) && seed.get<double>() >= 0 &&
             seed.get<double>() <= 4294967295.0;
    };
    std::vector<std::uint32_t> all;
    if (is_seed(value) && value.get<double>() >= 1 && value.get<double>() <= 1e6) {
      for (std::uint32_t seed = 1; seed <= value.get<std::uint32_t>(); ++seed) all.push_back(seed);
      return all;
    }
    if (!value.is_array() || value.empty())
      refuse("/seeds", "a number of seeds from 1 to 1000000, or a list of seeds", value);
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string pointer = pointer_to("/seeds", std::to_string(i));
      if (!is_seed(value[i])) refuse(pointer, "an integer from 0 to 4294967295", value[i]);
      const auto seed = value[i].get<std::uint32_t>();
      if (std::ranges::find(all, seed) != all.end())
        refuse(pointer, "another seed than the ones before", value[i]);
      all.push_back(seed);
    }
    return all;
  }

  const std::filesystem::path path_;
  const OptionSource source_;
};

Json object_of(const Assignments& assignments) {
  Json object = Json::object();
  for (const Assignment& each : assignments) object[each.path] = each.value;
  return object;
}

Json object_of(const std::vector<GridAxis>& axes) {
  Json object = Json::object();
  for (const GridAxis& axis : axes) object[axis.path] = axis.values;
  return object;
}

Json object_of(const std::vector<Draw>& draws) {
  Json object = Json::object();
  for (const Draw& draw : draws) {
    const auto whole = [](double number) { return static_cast<std::int64_t>(number); };
    Json& its = object[draw.path];
    if (draw.kind == Draw::Kind::uniform) its = {{"uniform", {draw.low, draw.high}}};
    if (draw.kind == Draw::Kind::log_uniform) its = {{"log_uniform", {draw.low, draw.high}}};
    if (draw.kind == Draw::Kind::integer)
      its = {{"int", {whole(draw.low), whole(draw.high)}}, {"step", whole(draw.step)}};
    if (draw.kind == Draw::Kind::choice) its = {{"choice", draw.choices}};
  }
  return object;
}

// Adds what is not empty.
void put(Json& object, const char* key, const auto& all) {
  if (!all.empty()) object[key] = object_of(all);
}

}  // namespace

Sweep parse_sweep(std::string_view text, const std::filesystem::path& source) {
  return Reader(source).read(parse_json(text, source.string()));
}

Sweep read_sweep(const std::filesystem::path& path) {
  return parse_sweep(
      read_text_file(path, kMostSweepBytes,
                     [&](const std::string& found) {
                       throw InputError(path.string() + ": wanted a sweep's file, found " + found);
                     }),
      path);
}

Json to_json(const Sweep& sweep) {
  Json object = Json::object();
  Json configs = Json::array();
  for (const BaseConfig& base : sweep.configs) {
    Json config = {{"$name", base.name}};
    // With its tasks' file, which is looked for in the config's folder.
    config.update(to_json(parse_config(json_text(base.document), base.source)));
    configs.push_back(std::move(config));
  }
  object["config"] = configs.size() == 1 ? configs[0] : configs;
  put(object, "set", sweep.set);
  for (const Assignments& point : sweep.points) object["points"].push_back(object_of(point));
  put(object, "grid", sweep.grid);
  put(object, "random", sweep.random);
  for (const When& when : sweep.when) {
    Json& its = object["when"].emplace_back(Json{{"if", object_of(when.conditions)}});
    put(its, "set", when.set);
    put(its, "grid", when.grid);
    put(its, "random", when.random);
  }
  object["seeds"] = sweep.seeds;
  object.update(write_options<SweepOptions>(sweep.options));
  return object;
}

Json sweep_schema() {
  Json schema = schema_of(sweep_outline(), "innerloop sweep");
  Json properties = {{"$schema", {{"description", "place of this schema, for editors"}, {"type", "string"}}}};
  const Json config = {{"type", {"string", "object"}}};
  const Json types[] = {
      {{"anyOf", {config, {{"type", "array"}, {"items", config}, {"minItems", 1}}}}},
      {{"type", "object"}},
      {{"type", "array"}, {"items", {{"type", "object"}}}, {"minItems", 1}},
      {{"type", "object"}, {"additionalProperties", {{"type", "array"}, {"minItems", 1}}}},
      {{"type", "object"}, {"additionalProperties", {{"type", "object"}}}},
      {{"type", "array"}, {"items", {{"type", "object"}, {"required", {"if"}}}}},
      {{"type", {"integer", "array"}}},
  };
  for (std::size_t i = 0; i < std::size(kFreeKeys); ++i) {
    Json& property = properties[kFreeKeys[i].name] = {{"description", kFreeKeys[i].meaning}};
    property.update(types[i]);
  }
  properties.update(schema["properties"]);
  schema["properties"] = properties;
  schema["required"] = {"config"};
  return schema;
}

std::string sweep_options_markdown() {
  std::string text =
      "# Every option of a sweep\n\nGenerated by `innerloop list --sweep --markdown`. [sweeps.md](sweeps.md) "
      "tells what they are "
      "for.\n\n| option | is | meaning |\n|---|---|---|\n";
  for (const FreeKey& key : kFreeKeys)
    text += "| `" + std::string(key.name) + "` | " + key.type + " | " + key.meaning + " |\n";
  return text + "\n" + markdown_of(sweep_outline());
}

const Json* find_at(const Json& document, std::string_view path) {
  const Json* place = &document;
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string key(path.substr(0, dot));
    if (place->is_array()) {
      std::int64_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      const auto size = static_cast<std::int64_t>(place->size());
      if (error != std::errc() || end != key.data() + key.size() || index < -size || index >= size)
        return nullptr;
      place = &(*place)[static_cast<std::size_t>(index < 0 ? index + size : index)];
    } else if (place->is_object() && place->contains(key)) {
      place = &(*place)[key];
    } else {
      return nullptr;
    }
    if (dot == path.npos) return place;
    path.remove_prefix(dot + 1);
  }
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() || !value.contains("name") || !value["name"].is_string()) return json_text(value);
  std::string text = value["name"].get<std::string>();
  for (const auto& [key, its] : value.items())
    if (key != "name") text += " " + key + "=" + value_text(its);
  return text;
}

}  // namespace innerloop
