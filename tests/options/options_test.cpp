// The mechanism behind the config, on structs of its own: what is described once is read, checked, shown,
// documented.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "engine/error.h"
#include "engine/options/check.h"
#include "engine/options/docs.h"
#include "engine/options/source.h"
#include "engine/options/visitors.h"

namespace innerloop {
namespace {

enum class Colour { red, green };

struct Circle {
  static constexpr auto name = "circle";
  static constexpr auto meaning = "round";
  struct Options {
    float radius = 0.1f;
    bool operator==(const Options&) const = default;
  };
  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("radius", o.radius, above(0), "how far the rim is");
  }
};

struct Square {
  static constexpr auto name = "square";
  static constexpr auto meaning = "four corners";
  struct Options {
    std::int64_t side = 3;
    bool operator==(const Options&) const = default;
  };
  template <class Fields>
  static void describe(Fields& field, Options& o) {
    field("side", o.side, any_number(), "how long");
  }
};

struct Frame {
  int width = 2;
  bool operator==(const Frame&) const = default;
  template <class Fields>
  static void describe(Fields& field, Frame& o) {
    field("width", o.width, between(0, 9), "in pixels");
  }
};

struct Picture {
  bool visible = true;
  std::uint32_t id = 7;
  double scale = 1.5;
  Colour colour = Colour::green;
  std::optional<double> limit;
  std::vector<int> sizes = {1, 2};
  std::vector<double> rates = {0.5};
  Interval span = {-0.1f, 0.1f};
  Frame frame;
  std::variant<Circle::Options, Square::Options> shape;
  bool operator==(const Picture&) const = default;

  template <class Fields>
  static void describe(Fields& field, Picture& o) {
    field("visible", o.visible, "is it shown");
    field("id", o.id, any_number(), "its number");
    field("scale", o.scale, from_to_below(-1, 2), "its scale");
    field("colour", o.colour, Choices{"red", Choice{"green", "as grass"}}, "its colour");
    field("limit", o.limit, at_least(0), "its limit");
    field("sizes", o.sizes, list_of(between(1, 256), 0, 3), "its sizes");
    field("rates", o.rates, one_or_many(above(0), 1, 3), "its rates");
    field("span", o.span, between(-1, 1), "its span");
    field("frame", o.frame, "around it");
    field("shape", o.shape, OneOf<TypeList<Circle, Square>>{}, "its shape");
  }
};

OptionGroup outline() { return {"", "", outline_of<Picture>()}; }

Picture read(std::string_view text) {
  Json json = parse_json(text, "x.json");
  check_options(json, outline(), OptionSource("x.json"));
  Picture picture;
  read_options<Picture>(json, picture);
  return picture;
}

std::string options_error_of(std::string_view text) {
  try {
    read(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Options, WhatIsLeftOutHasItsDefault) { EXPECT_EQ(read("{}"), Picture{}); }

TEST(Options, EveryTypeIsRead) {
  Picture p =
      read(R"({"visible": false, "id": 4294967295, "scale": -1, "colour": "red", "limit": 2, "sizes": [256],
                       "rates": [0.25, 1], "span": [0, 1], "frame": {"width": 9},
                       "shape": {"name": "square", "side": -9007199254740992}})");
  Picture wanted;
  wanted.visible = false;
  wanted.id = 4294967295u;
  wanted.scale = -1;
  wanted.colour = Colour::red;
  wanted.limit = 2;
  wanted.sizes = {256};
  wanted.rates = {0.25, 1};
  wanted.span = {0, 1};
  wanted.frame.width = 9;
  wanted.shape = Square::Options{-9007199254740992};
  EXPECT_EQ(p, wanted);
}

TEST(Options, OneNumberStandsForAListOfOne) {
  EXPECT_EQ(read(R"({"rates": 0.25})").rates, std::vector{0.25});
  EXPECT_EQ(write_options<Picture>(read(R"({"rates": [0.25]})"))["rates"].dump(), "0.25");
}

TEST(Options, AWholeNumberWithAnExponentIsAnInteger) { EXPECT_EQ(read(R"({"id": 1e3})").id, 1000u); }

TEST(Options, AGroupWithoutANameIsTheFirst) {
  EXPECT_EQ(std::get<Circle::Options>(read(R"({"shape": {"radius": 2}})").shape).radius, 2);
}

TEST(Options, ShowsEveryDefaultWithFloatsAsPeopleWriteThem) {
  EXPECT_EQ(write_options<Picture>(Picture{}).dump(),
            R"({"visible":true,"id":7,"scale":1.5,"colour":"green","limit":null,"sizes":[1,2],"rates":0.5,)"
            R"("span":[-0.1,0.1],"frame":{"width":2},"shape":{"name":"circle","radius":0.1}})");
}

TEST(Options, WhatIsShownReadsBackEqual) {
  Picture p =
      read(R"({"limit": 0.3, "span": [0.7, 0.7], "shape": {"radius": 1e-30}, "rates": [0.1, 0.2, 0.3]})");
  EXPECT_EQ(read(write_options<Picture>(p).dump()), p);
  Picture square = read(R"({"shape": {"name": "square", "side": 5}})");
  EXPECT_EQ(read(write_options<Picture>(square).dump()), square);
}

TEST(Options, RefusesAnUnknownKeyWithTheNearestName) {
  EXPECT_EQ(options_error_of(R"({"scael": 1})"),
            "x.json: /scael: wanted an option of the config (nearest: \"scale\"), found \"scael\"");
  EXPECT_EQ(options_error_of(R"({"frame": {"widht": 1}})"),
            "x.json: /frame/widht: wanted an option of \"frame\" (nearest: \"width\"), found \"widht\"");
  EXPECT_EQ(options_error_of(R"({"shape": {"name": "square", "radius": 1}})"),
            "x.json: /shape/radius: wanted an option of shape \"square\", found \"radius\"");
  EXPECT_EQ(options_error_of(R"({"frame": {"name": "x"}})"),
            "x.json: /frame/name: wanted an option of \"frame\", found \"name\"");
}

TEST(Options, RefusesAnUnknownNameWithTheNearestOne) {
  EXPECT_EQ(options_error_of(R"({"shape": {"name": "sqare"}})"),
            "x.json: /shape/name: wanted one of \"circle\", \"square\" (nearest: \"square\"), found "
            "\"sqare\" (string)");
  EXPECT_EQ(
      options_error_of(R"({"colour": "gren"})"),
      "x.json: /colour: wanted one of \"red\", \"green\" (nearest: \"green\"), found \"gren\" (string)");
}

TEST(Options, RefusesAnotherType) {
  EXPECT_EQ(options_error_of("[]"), "x.json: wanted a JSON object, found [] (list)");
  EXPECT_EQ(options_error_of(R"({"visible": 1})"),
            "x.json: /visible: wanted true or false, found 1 (number)");
  EXPECT_EQ(options_error_of(R"({"scale": "0.1"})"),
            "x.json: /scale: wanted a number of at least -1 and below 2, found \"0.1\" (string)");
  EXPECT_EQ(options_error_of(R"({"scale": null})"),
            "x.json: /scale: wanted a number of at least -1 and below 2, found null");
  EXPECT_EQ(options_error_of(R"({"colour": 0})"),
            "x.json: /colour: wanted one of \"red\", \"green\", found 0 (number)");
  EXPECT_EQ(options_error_of(R"({"limit": false})"),
            "x.json: /limit: wanted a number of at least 0, or null, found false (boolean)");
  EXPECT_EQ(options_error_of(R"({"sizes": 3})"),
            "x.json: /sizes: wanted a list of 0 to 3 integers, each from 1 to 256, found 3 (number)");
  EXPECT_EQ(options_error_of(R"({"sizes": [1, "2"]})"),
            "x.json: /sizes/1: wanted an integer from 1 to 256, found \"2\" (string)");
  EXPECT_EQ(options_error_of(R"({"rates": "1"})"),
            "x.json: /rates: wanted a number above 0, or a list of 1 to 3 numbers, found \"1\" (string)");
  EXPECT_EQ(options_error_of(R"({"span": 1})"),
            "x.json: /span: wanted [low, high], each a number from -1 to 1, found 1 (number)");
  EXPECT_EQ(options_error_of(R"({"frame": 1})"), "x.json: /frame: wanted an object, found 1 (number)");
  EXPECT_EQ(options_error_of(R"({"shape": "circle"})"),
            "x.json: /shape: wanted an object, found \"circle\" (string)");
  EXPECT_EQ(options_error_of(R"({"shape": {"name": 1}})"),
            "x.json: /shape/name: wanted one of \"circle\", \"square\", found 1 (number)");
}

TEST(Options, RefusesWhatIsOutOfRange) {
  EXPECT_EQ(options_error_of(R"({"scale": 2})"),
            "x.json: /scale: wanted a number of at least -1 and below 2, found 2 (number)");
  EXPECT_EQ(options_error_of(R"({"limit": -0.5})"),
            "x.json: /limit: wanted a number of at least 0, or null, found -0.5 (number)");
  EXPECT_EQ(options_error_of(R"({"rates": [1, 0]})"),
            "x.json: /rates/1: wanted a number above 0, found 0 (number)");
  EXPECT_EQ(options_error_of(R"({"sizes": [257]})"),
            "x.json: /sizes/0: wanted an integer from 1 to 256, found 257 (number)");
  EXPECT_EQ(options_error_of(R"({"shape": {"radius": 0}})"),
            "x.json: /shape/radius: wanted a number above 0, found 0 (number)");
}

TEST(Options, RefusesWhatItsTypeCannotHold) {
  EXPECT_EQ(options_error_of(R"({"id": 4294967296})"),
            "x.json: /id: wanted an integer from 0 to 4294967295, found 4294967296 (number)");
  EXPECT_EQ(options_error_of(R"({"id": -1})"),
            "x.json: /id: wanted an integer from 0 to 4294967295, found -1 (number)");
  EXPECT_EQ(options_error_of(R"({"id": 99999999999999999999})"),
            "x.json: /id: wanted an integer from 0 to 4294967295, found 1e+20 (number)");
  EXPECT_EQ(options_error_of(R"({"id": 1.5})"),
            "x.json: /id: wanted an integer from 0 to 4294967295, found 1.5 (number)");
  EXPECT_NE(options_error_of(R"({"shape": {"name": "square", "side": 9223372036854775808}})"), "no error");
  EXPECT_EQ(options_error_of(R"({"shape": {"radius": 1e39}})"),
            "x.json: /shape/radius: wanted a number that 32 bits can hold, found 1e+39 (number)");
  EXPECT_EQ(options_error_of(R"({"shape": {"radius": 1e-60}})"),
            "x.json: /shape/radius: wanted a number that 32 bits can hold, found 1e-60 (number)");
  // Doubles too: the kernels compute with floats.
  EXPECT_EQ(options_error_of(R"({"limit": 1e39})"),
            "x.json: /limit: wanted a number that 32 bits can hold, found 1e+39 (number)");
  EXPECT_EQ(options_error_of(R"({"rates": [1e-60]})"),
            "x.json: /rates/0: wanted a number that 32 bits can hold, found 1e-60 (number)");
}

TEST(Options, RefusesListsOfAnotherLength) {
  EXPECT_EQ(options_error_of(R"({"sizes": [1, 1, 1, 1]})"),
            "x.json: /sizes: wanted a list of 0 to 3 integers, each from 1 to 256, found [1,1,1,1] (list)");
  EXPECT_EQ(options_error_of(R"({"rates": []})"),
            "x.json: /rates: wanted a number above 0, or a list of 1 to 3 numbers, found [] (list)");
  EXPECT_EQ(options_error_of(R"({"sizes": []})"), "no error");
}

TEST(Options, RefusesAnIntervalThatRunsBackwards) {
  EXPECT_EQ(options_error_of(R"({"span": [0.5, 0.25]})"),
            "x.json: /span: wanted [low, high], the low no higher than the high, found [0.5,0.25] (list)");
}

TEST(Options, TheNearestNameTakesTheFewestEdits) {
  EXPECT_EQ(nearest_hint("inner_stepz", {"inner_lr", "inner_steps", "estimator"}),
            " (nearest: \"inner_steps\")");
  EXPECT_EQ(nearest_hint("lear", {"clear", "lead", "leer"}), " (nearest: \"clear\")");  // the first of equals
  EXPECT_EQ(nearest_hint("wdith", {"width"}),
            " (nearest: \"width\")");  // two neighbours swapped are one edit
}

TEST(Options, WhatIsFarFromEveryNameHasNoNearest) {
  EXPECT_EQ(nearest_hint("batch", {"hidden", "activation"}), "");
  EXPECT_EQ(nearest_hint("hiddings", {"hidden"}), "");                         // 3 edits of 8 letters
  EXPECT_EQ(nearest_hint("hidding", {"hiddens"}), " (nearest: \"hiddens\")");  // 2 of 7
  EXPECT_EQ(nearest_hint("lt", {"lr"}), " (nearest: \"lr\")");
  EXPECT_EQ(nearest_hint("", {"four", "two"}), "");
  EXPECT_EQ(nearest_hint("x", {}), "");
  EXPECT_EQ(nearest_hint(std::string(100000, 'x'), {"a", "b"}), "");
}

TEST(Options, TheSchemaSaysTypesRangesAndDefaults) {
  Json schema = schema_of(outline(), "title");
  const Json& properties = schema["properties"];
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(properties["scale"],
            Json::parse(R"({"description": "its scale", "type": "number", "minimum": -1.0,
                                                 "exclusiveMaximum": 2.0, "default": 1.5})"));
  EXPECT_EQ(properties["id"], Json::parse(R"({"description": "its number", "type": "integer", "minimum": 0,
                                              "maximum": 4294967295, "default": 7})"));
  EXPECT_EQ(properties["rates"]["anyOf"][1], Json::parse(R"({"type": "array", "items": {"type": "number",
                                              "exclusiveMinimum": 0.0}, "minItems": 1, "maxItems": 3})"));
  EXPECT_EQ(properties["limit"]["anyOf"][1], Json::parse(R"({"type": "null"})"));
  EXPECT_EQ(properties["colour"]["enum"], Json::parse(R"(["red", "green"])"));
  EXPECT_EQ(properties["shape"]["oneOf"][1]["properties"]["name"]["const"], "square");
  EXPECT_EQ(properties["shape"]["oneOf"][1]["required"], Json::parse(R"(["name"])"));
  EXPECT_FALSE(properties["shape"]["oneOf"][0].contains("required"));
}

TEST(Options, TheReferenceNamesEveryOption) {
  std::string page = markdown_of(outline());
  EXPECT_NE(page.find("| `scale` | a number of at least -1 and below 2 | `1.5` | its scale |\n"), page.npos);
  EXPECT_NE(page.find("| `colour` | `red`, `green` | `\"green\"` | its colour<br>`green`: as grass |\n"),
            page.npos);
  EXPECT_NE(page.find("## `frame`\n\nAround it.\n\n"), page.npos);
  EXPECT_NE(page.find("### `shape: square`\n\nFour corners.\n\n"), page.npos);
  EXPECT_NE(page.find("| `side` |"), page.npos);
}

}  // namespace
}  // namespace innerloop
