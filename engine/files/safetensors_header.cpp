#include "engine/files/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>

#include "engine/error.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

// Takes the parser's events one at a time, so that nothing outside the format's form is ever stored:
// {"__metadata__": {KEY: STRING, …}, TENSOR: {"dtype": STRING, "shape": [N, …], "data_offsets": [N, N]}, …}
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderEvents(std::string file) : file_(std::move(file)) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t) override {
    if (depth_ == 2) refuse("an object");
    if (depth_ == 1 && !in_metadata_) {
      header_.tensors.push_back({.name = key_, .dtype = {}, .shape = {}, .data_offsets = {}});
    }
    ++depth_;
    return true;
  }

  bool end_object() override {
    if (depth_ == 2) in_metadata_ = false;
    --depth_;
    return true;
  }

  bool key(std::string& name) override {
    if (depth_ == 1) {
      tensor_ = name;
      in_metadata_ = name == "__metadata__";
      fields_.clear();
    }
    key_ = name;
    auto& seen = depth_ == 1 ? names_ : fields_;
    if (!seen.insert(name).second) fail("each name once", json_quoted(name) + " twice");
    if (depth_ == 2 && !in_metadata_ && name != "dtype" && name != "shape" && name != "data_offsets") {
      fail("\"dtype\", \"shape\" and \"data_offsets\"", json_quoted(name));
    }
    return true;
  }

  bool string(std::string& text) override {
    if (depth_ != 2 || numbers_ != nullptr) refuse("a string");
    if (in_metadata_) {
      header_.metadata.emplace(key_, text);
    } else if (key_ == "dtype") {
      header_.tensors.back().dtype = text;
    } else {
      refuse("a string");
    }
    return true;
  }

  bool start_array(std::size_t) override {
    if (depth_ != 2 || in_metadata_ || key_ == "dtype" || numbers_ != nullptr) refuse("a list");
    TensorEntry& entry = header_.tensors.back();
    numbers_ = &(key_ == "shape" ? entry.shape : entry.data_offsets).emplace();
    return true;
  }

  bool end_array() override {
    numbers_ = nullptr;
    return true;
  }

  bool number_unsigned(std::uint64_t number) override {
    if (numbers_ == nullptr) refuse("the number " + std::to_string(number));
    numbers_->push_back(number);
    return true;
  }

  bool number_integer(std::int64_t number) override { return refuse("the number " + std::to_string(number)); }
  bool number_float(double, const std::string& text) override {
    return refuse("the number " + text.substr(0, 80));
  }
  bool boolean(bool value) override { return refuse(value ? "true" : "false"); }
  bool null() override { return refuse("null"); }
  bool binary(nlohmann::json::binary_t&) override { return refuse("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    throw InputError(file_ + ": header: wanted JSON, found none that can be read from its byte " +
                     std::to_string(position) + " on");
  }

 private:
  [[noreturn]] void fail(const std::string& wanted, const std::string& found) const {
    std::string where = "header";
    if (depth_ == 2) where = in_metadata_ ? "metadata" : "tensor " + json_quoted(tensor_);
    throw InputError(file_ + ": " + where + ": wanted " + wanted + ", found " + found);
  }

  [[noreturn]] bool refuse(const std::string& found) const {
    std::string wanted = "an object";
    if (numbers_ != nullptr)
      wanted = "whole numbers from 0 in " + json_quoted(key_);
    else if (depth_ == 2)
      wanted = (in_metadata_ || key_ == "dtype" ? "a string for " : "a list for ") + json_quoted(key_);
    else if (depth_ == 1)
      wanted = "an object for " + json_quoted(key_);
    fail(wanted, found);
  }

  std::string file_;
  SafetensorsHeader header_;
  std::set<std::string> names_;   // of the header
  std::set<std::string> fields_;  // of the object within it that is being read
  std::string tensor_;            // the name of that object
  std::string key_;               // the last key
  int depth_ = 0;                 // 0 outside, 1 in the header, 2 in one of its objects
  bool in_metadata_ = false;
  std::vector<std::uint64_t>* numbers_ = nullptr;  // the list that is being read
};

}  // namespace

std::string json_quoted(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  const nlohmann::json json = std::string(text.substr(0, kLongest)) + (text.size() > kLongest ? "…" : "");
  return json_text(json);
}

SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& file) {
  // The parser would skip white space and a byte order mark here; the format has neither.
  if (!text.starts_with('{')) {
    throw InputError(file + ": header: wanted \"{\" at its start, found " + json_quoted(text.substr(0, 1)));
  }
  HeaderEvents events(file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &events);
  return events.take();
}

}  // namespace innerloop
