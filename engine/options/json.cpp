#include "engine/options/json.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/error.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxShownBytes = 60;

std::string line_and_column(std::string_view text, std::size_t offset) {
  std::string_view before = text.substr(0, std::min(offset, text.size()));
  std::size_t newline = before.rfind('\n');
  std::size_t column = newline == before.npos ? before.size() + 1 : before.size() - newline;
  std::size_t line = 1 + std::count(before.begin(), before.end(), '\n');
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// The word around an offset, as far as letters, digits and signs reach.
std::string_view word_at(std::string_view text, std::size_t offset) {
  auto belongs = [&](std::size_t i) {
    return std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '-' || text[i] == '+';
  };
  std::size_t first = std::min(offset, text.size()), last = first;
  while (first > 0 && belongs(first - 1)) --first;
  while (last < text.size() && belongs(last)) ++last;
  return text.substr(first, last - first);
}

bool is_not_finite(std::string_view word) {
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower == "nan" || lower == "inf" || lower == "infinity";
}

// Builds the document from the parser's events and refuses what must not be in it.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(std::int64_t value) override { return add(value); }
  bool number_unsigned(std::uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string&) override { return add(value); }
  bool string(std::string& value) override { return add(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // not in JSON text
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    if (open_.back()->contains(key)) {
      key_ = key;
      fail(here(), "wanted this key once, found it again");
    }
    key_ = std::move(key);
    return true;
  }

  // `position` bytes have been read, the last of which cannot stand there.
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    std::size_t offset = position > 0 ? position - 1 : 0;
    std::string_view word = word_at(text_, offset);
    if (is_not_finite(word)) fail(here(), "wanted a finite number, found " + std::string(word));
    std::string message = error.what();
    if (error.id == 406) fail(here(), "wanted a finite number, found " + std::string(word_at(text_, offset)));
    // "[json.exception.…] parse error at line 1, column 2: what is wrong": we keep the last part.
    std::size_t place = message.find("column ");
    std::size_t colon = place == message.npos ? place : message.find(": ", place);
    if (colon != message.npos) message = message.substr(colon + 2);
    fail(line_and_column(text_, offset), message);
  }

 private:
  [[noreturn]] void fail(const std::string& where, const std::string& what) const {
    throw InputError(std::string(source_) + ": " + (where.empty() ? "" : where + ": ") + what);
  }

  std::string here() const {
    if (open_.empty()) return "";
    return pointer_to(pointers_.back(),
                      open_.back()->is_array() ? std::to_string(open_.back()->size()) : key_);
  }

  Json& place(Json&& value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back();
    if (parent.is_object()) return parent[key_] = std::move(value);
    parent.push_back(std::move(value));
    return parent.back();
  }

  bool add(Json&& value) {
    place(std::move(value));
    return true;
  }

  bool open(Json&& value) {
    if (open_.size() == kMaxDepth) fail("", "wanted at most 32 levels of nesting, found more");
    std::string pointer = here();
    open_.push_back(&place(std::move(value)));
    pointers_.push_back(std::move(pointer));
    return true;
  }

  bool close() {
    open_.pop_back();
    pointers_.pop_back();
    return true;
  }

  std::string_view text_;
  std::string_view source_;
  Json root_;
  // The containers not yet closed and their pointers. No container grows while one inside it is open, except
  // at its end, so that the addresses stay good.
  std::vector<Json*> open_;
  std::vector<std::string> pointers_;
  std::string key_;  // the last one read
};

const char* type_name(const Json& value) {
  if (value.is_string()) return "string";
  if (value.is_number()) return "number";
  if (value.is_boolean()) return "boolean";
  if (value.is_array()) return "list";
  return "object";
}

}  // namespace

Json parse_json(std::string_view text, std::string_view source) {
  Builder builder(text, source);
  Json::sax_parse(text.begin(), text.end(), &builder);  // the builder throws where it refuses
  return builder.take();
}

std::string found_value(const Json& value) {
  if (value.is_null()) return "null";
  std::string text = json_text(value);
  if (text.size() > kMaxShownBytes) {
    std::size_t cut = kMaxShownBytes;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
      --cut;  // not inside a character
    text = text.substr(0, cut) + "…";
  }
  return text + " (" + type_name(value) + ")";
}

std::string pointer_to(std::string_view pointer, std::string_view token) {
  std::string result(pointer);
  result += '/';
  for (char c : token) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else if (static_cast<unsigned char>(c) < 0x20)
      result += '?';  // a message stays on one line
    else
      result += c;
  }
  return result;
}

}  // namespace innerloop
