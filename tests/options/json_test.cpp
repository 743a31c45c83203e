#include "engine/options/json.h"

#include <gtest/gtest.h>

#include "engine/error.h"

namespace innerloop {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_json(text, "x.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(JsonDocument, KeepsValuesAndTheOrderOfKeys) {
  std::string text = R"({"b":[1,-2,0.5,{"x":null}],"a":{"y":true,"z":"é"},"e":{},"f":[]})";
  EXPECT_EQ(parse_json(text, "x.json").dump(), text);
}

TEST(JsonDocument, RefusesAKeyGivenTwice) {
  EXPECT_EQ(error_of(R"({"a": 1, "b": {"c": 1, "d": 2, "c": 1}})"),
            "x.json: /b/c: wanted this key once, found it again");
  EXPECT_EQ(error_of(R"({"a": [{}, {"c/d~": 1, "c/d~": 1}]})"),
            "x.json: /a/1/c~1d~0: wanted this key once, found it again");
}

TEST(JsonDocument, TheSameKeyInDifferentObjectsIsGood) {
  EXPECT_EQ(error_of(R"({"a": {"a": 1}, "b": {"a": 1}})"), "no error");
}

TEST(JsonDocument, RefusesNumbersThatAreNotFinite) {
  EXPECT_EQ(error_of(R"({"a": {"lr": NaN}})"), "x.json: /a/lr: wanted a finite number, found NaN");
  EXPECT_EQ(error_of(R"({"a": nan})"), "x.json: /a: wanted a finite number, found nan");
  EXPECT_EQ(error_of(R"({"a": [1, -Infinity]})"), "x.json: /a/1: wanted a finite number, found -Infinity");
  EXPECT_EQ(error_of(R"({"a": 1e999})"), "x.json: /a: wanted a finite number, found 1e999");
  EXPECT_EQ(error_of(R"({"a": -1e999 })"), "x.json: /a: wanted a finite number, found -1e999");
}

TEST(JsonDocument, ASyntaxErrorHasLineAndColumn) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n}"),
            "x.json: line 3, column 1: syntax error while parsing object key - unexpected '}'; expected "
            "string literal");
  EXPECT_EQ(error_of("{\"a\": 1").substr(0, 25), "x.json: line 1, column 8:");
  EXPECT_EQ(error_of("{} {}").substr(0, 25), "x.json: line 1, column 4:");
  EXPECT_EQ(error_of("{\"a\": // comment\n 1}").substr(0, 25), "x.json: line 1, column 7:");
}

TEST(JsonDocument, RefusesInvalidUtf8) {
  EXPECT_NE(error_of("{\"a\xff\": 1}").find("x.json: line 1, column 4: "), std::string::npos);
  EXPECT_NE(error_of("{\"a\xff\": 1}").find("UTF-8"), std::string::npos);
}

TEST(JsonDocument, RefusesAbsurdDepth) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(error_of(nested(32)), "no error");
  EXPECT_EQ(error_of(nested(33)), "x.json: wanted at most 32 levels of nesting, found more");
  EXPECT_EQ(error_of(std::string(200000, '[')), "x.json: wanted at most 32 levels of nesting, found more");
}

TEST(JsonDocument, ShowsWhatWasFound) {
  EXPECT_EQ(found_value(Json("0.1")), "\"0.1\" (string)");
  EXPECT_EQ(found_value(Json(0.1)), "0.1 (number)");
  EXPECT_EQ(found_value(Json(nullptr)), "null");
  EXPECT_EQ(found_value(Json(true)), "true (boolean)");
  EXPECT_EQ(found_value(Json::parse("[1, 2]")), "[1,2] (list)");
  EXPECT_EQ(found_value(Json::parse(R"({"a": 1})")), "{\"a\":1} (object)");
}

TEST(JsonDocument, CutsLongValuesBetweenCharacters) {
  std::string e_acute = "é";
  std::string text;
  for (int i = 0; i < 40; ++i) text += e_acute;
  std::string shown = found_value(Json(text));  // the quote and 29 characters of two bytes are 59 bytes
  EXPECT_EQ(shown, "\"" + text.substr(0, 58) + "… (string)");
}

}  // namespace
}  // namespace innerloop
