// Where the values of a config come from, so that a message can name it: a file, or an override, `--set path=value`.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/options/json.h"
#include "engine/options/outline.h"

namespace innerloop {

class OptionSource {
 public:
  /// `flag` stands before an override in messages.
  explicit OptionSource(std::string_view file, std::string_view flag = "--set ") : file_(file), flag_(flag) {}

  /// Sets one value of `document`: `override_text` is `path=value`, the path dotted, numbers in it index
  /// lists; the value is JSON, or else a string. Groups on the way that are missing are made, and so are lists, with the
  /// default that `outline`, of the whole document, has for them; where one number stands for a list it becomes one. An
  /// empty list's first place is good, too: the value is put there.
  /// @throws InputError naming the override, when it has another form or its path leads through a plain
  /// value.
  void apply(std::string_view override_text, Json& document, const OptionGroup& outline);

  /// @throws InputError "source: pointer: wanted …, found …", where the source is the last override that set
  /// the value, or the file.
  [[noreturn]] void refuse(std::string_view pointer, std::string_view wanted, std::string_view found) const;

 private:
  struct Override {
    std::string pointer;
    std::string text;  // "--set path=value"
  };
  std::string file_, flag_;
  std::vector<Override> overrides_;
};

}  // namespace innerloop
