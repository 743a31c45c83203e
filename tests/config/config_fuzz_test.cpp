// Thousands of damaged configs: each is read, or refused with an InputError; what is read reads back equal.
#include <gtest/gtest.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/error.h"

namespace innerloop {
namespace {

using Json = nlohmann::ordered_json;
using Generator = std::mt19937;

std::size_t below(Generator& random, std::size_t count) { return random() % count; }

std::string damaged_text(Generator& random, std::string text) {
  static const std::vector<std::string> pieces = {
      "NaN",     "-",    "1e999", "{",  "}",   "[",   "]", "\"", ",", ":", "null", "9223372036854775808",
      "\\u0000", "\xff", "[[[[",  "\\", "0.5", "name"};
  for (std::size_t edits = 1 + below(random, 3); edits > 0; --edits) {
    std::size_t at = below(random, text.size() + 1);
    switch (below(random, 4)) {
      case 0:
        text.insert(at, pieces[below(random, pieces.size())]);
        break;
      case 1:
        text.erase(at, below(random, 8));
        break;
      case 2:
        text.insert(at, 1, static_cast<char>(random()));
        break;
      default:
        text.insert(at, text.substr(below(random, text.size()), below(random, 30)));
        break;
    }
  }
  return text;
}

// Replaces, or removes, a value somewhere in the document.
Json damaged_values(Generator& random, Json document) {
  static const std::vector<Json> values = {nullptr,
                                           true,
                                           -1,
                                           0,
                                           1,
                                           3,
                                           0.5,
                                           1e300,
                                           4294967296,
                                           "maml",
                                           "promp",
                                           "bandit",
                                           "trpo",
                                           "",
                                           Json::array(),
                                           Json::object(),
                                           {0.1, 0.2},
                                           {{"name", "sgd"}}};
  for (std::size_t edits = 1 + below(random, 3); edits > 0; --edits) {
    Json* place = &document;
    while (place->is_structured() && !place->empty()) {
      auto child = std::next(place->begin(), static_cast<std::ptrdiff_t>(below(random, place->size())));
      if (below(random, 16) == 0) {
        place->erase(child);
        break;
      }
      place = &*child;
      if (below(random, 4) == 0) break;
    }
    if (place != &document) *place = values[below(random, values.size())];
  }
  return document;
}

// Was it accepted? Anything but a Config or an InputError fails the test.
bool accepts(const std::string& text) {
  try {
    Config config = parse_config(text, "x.json");
    EXPECT_EQ(parse_config(to_json(config).dump(), "x.json"), config) << text;
    return true;
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 8), "x.json: ") << text;
    return false;
  }
}

TEST(ConfigFuzz, DamagedConfigsAreReadOrRefused) {
  Generator random(20240229);  // a fixed seed: the same cases every time
  Json whole = to_json(Config{});
  int accepted = 0, refused = 0;
  for (int i = 0; i < 3000; ++i) {
    ++(accepts(damaged_text(random, whole.dump(1))) ? accepted : refused);
    ++(accepts(damaged_values(random, whole).dump(1)) ? accepted : refused);
  }
  EXPECT_GT(accepted, 100);
  EXPECT_GT(refused, 1000);
}

TEST(ConfigFuzz, DamagedOverridesAreReadOrRefused) {
  Generator random(20240301);
  const std::vector<std::string> seeds = {"algorithm.inner_lr=[0.1]", "environment.name=bandit",
                                          "policy.hidden.0=3", "outer={\"name\":\"sgd\"}"};
  int accepted = 0, refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::string> overrides = {damaged_text(random, seeds[below(random, seeds.size())])};
    try {
      parse_config(R"({"policy": {"hidden": [4, 4]}})", "x.json", overrides);
      ++accepted;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(accepted, 20);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace innerloop
