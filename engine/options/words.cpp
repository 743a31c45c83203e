#include "engine/options/words.h"

#include <algorithm>

namespace innerloop {
namespace {

class Words {
 public:
  explicit Words(std::string_view begun) : begun_(begun) {}

  void add_group(const OptionGroup& group, const std::string& path, const Json& chosen) {
    for (const Option& option : group.options) {
      const std::string here = path + option.name;
      const Json& value = chosen.is_object() && chosen.contains(option.name) ? chosen[option.name] : kNothing;
      if (option.groups.empty()) {
        add_option(here, option);
        continue;
      }
      if (option.kind == Option::Kind::one_of) add_names(here + ".name", option);
      for (const OptionGroup& each : option.groups)
        if (option.kind != Option::Kind::one_of || !value.is_object() ||
            value.value("name", each.name) == each.name)
          add_group(each, here + ".", value);
    }
  }
  std::vector<OptionWord> words;

 private:
  // A word that several groups have counts once.
  void add(const std::string& word, const std::string& meaning) {
    if (word.starts_with(begun_) && std::ranges::find(words, word, &OptionWord::word) == words.end())
      words.push_back({word, meaning});
  }
  void add_option(const std::string& path, const Option& option) {
    if (!begun_.starts_with(path + "=")) return add(path + "=", option.meaning);
    for (const Choice& choice : option.choices) add(path + "=" + choice.name, choice.meaning);
    if (option.kind == Option::Kind::boolean)
      for (const char* value : {"=true", "=false"}) add(path + value, option.meaning);
  }
  void add_names(const std::string& path, const Option& option) {
    if (!begun_.starts_with(path + "=")) return add(path + "=", option.meaning);
    for (const OptionGroup& group : option.groups) add(path + "=" + group.name, group.meaning);
  }

  inline static const Json kNothing = nullptr;
  const std::string_view begun_;
};

}  // namespace

std::vector<OptionWord> option_words(std::string_view begun, const OptionGroup& outline, const Json& chosen) {
  Words words(begun);
  words.add_group(outline, "", chosen);
  return words.words;
}

}  // namespace innerloop
