// What lies in configs/ and docs/ is what the program understands.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/config/config.h"
#include "tests/support/paths.h"

namespace innerloop {
namespace {

const std::filesystem::path kSource = source_folder();

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ConfigFiles, AllAreReadAndReadBackEqual) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "configs")) {
    if (entry.path().extension() != ".json") continue;
    ++count;
    Config config = read_config(entry.path());
    EXPECT_EQ(parse_config(to_json(config).dump(), "shown"), config) << entry.path();
  }
  EXPECT_GE(count, 10);
}

TEST(ConfigFiles, EachIsNamedForItsEnvironmentAndAlgorithm) {
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "configs")) {
    Config config = read_config(entry.path());
    std::string name = entry.path().stem().string();
    if (name == "article") continue;  // for what it shows: docs/ideas.md
    // As the field names them: rl2_mdp_10, of tabular_mdp; transformer_t_maze.
    if (has_memory(config) || evaluation_protocol(config) == EvaluationProtocol::over_episodes) {
      const std::string environment = environment_name(config);
      EXPECT_TRUE(name.starts_with(algorithm_name(config) + "_") ||
                  name.starts_with(policy_name(config) + "_") ||
                  (algorithm_name(config) == "prompt_tuning" && name.starts_with("tokens_")))
          << name;
      const std::string shown = name.find("semicircle") == name.npos
                                    ? environment.substr(environment.rfind('_') + 1)
                                    : "semicircle";
      EXPECT_NE(name.find(shown), name.npos) << name;
      continue;
    }
    EXPECT_TRUE(name.starts_with(environment_name(config))) << name;
    EXPECT_NE(name.find("_" + algorithm_name(config)), name.npos) << name;
  }
}

TEST(ConfigFiles, TheReferenceIsUpToDate) {
  EXPECT_EQ(text_of(kSource / "docs/config.md"), options_markdown()) << "./dev docs writes it anew";
}

TEST(ConfigFiles, TheSchemaIsUpToDate) {
  auto schema = nlohmann::ordered_json::parse(text_of(kSource / "docs/config.schema.json"), nullptr, false);
  EXPECT_EQ(schema, json_schema()) << "./dev docs writes it anew";
}

}  // namespace
}  // namespace innerloop
