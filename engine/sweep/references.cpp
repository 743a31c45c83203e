#include "engine/sweep/references.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/options/visitors.h"
#include "engine/rivals/registry.h"
#include "engine/rivals/report.h"
#include "engine/sweep/metric.h"
#include "engine/text/columns.h"
#include "engine/text/json.h"

namespace innerloop {
namespace {

const std::vector<std::string> kLearners = {"random", "oracle"};

std::string normalise_of(const Sweep& sweep, const Point& point) {
  return sweep.source + ": " + point_text(point) + ": /metric/normalise: ";
}

void check_has_oracle(const Sweep& sweep, const Point& point, const Config& config) {
  const std::vector<Rival> rivals = rivals_of(config);
  if (std::ranges::find(rivals, "oracle", &Rival::name) == rivals.end())
    throw InputError(normalise_of(sweep, point) + "wanted an environment with a hand-written oracle, " +
                     environments_with_learners() + ", found \"" + environment_name(config) + "\"");
  if (evaluation_protocol(config) != EvaluationProtocol::over_episodes)
    throw InputError(normalise_of(sweep, point) +
                     "wanted algorithm \"rl2\", whose trials the oracle plays, found \"" +
                     algorithm_name(config) + "\"");
  try {
    prepare_rivals(config, kLearners);
  } catch (const InputError& error) {
    throw InputError(normalise_of(sweep, point) + error.what());
  }
}

Reference reference_of(const Sweep& sweep, const Point& point, const Config& config, int threads) {
  const Json report = rivals_report(config, prepare_rivals(config, kLearners), threads);
  const auto of = [&](const Json& learner, const std::string& name) {
    return metric_in(sweep.options.metric, learner, "what \"" + name + "\" reaches");
  };
  const Reference reference = {of(report, kLearners[0]), of(report["baselines"][0], kLearners[1])};
  if (!(reference.oracle > reference.random))
    throw InputError(normalise_of(sweep, point) + "wanted an oracle above random, " +
                     number_cell("%.6g", reference.random) + ", found " +
                     number_cell("%.6g", reference.oracle));
  return reference;
}

}  // namespace

std::string measured_on(const Config& config) {
  Json all = to_json(config);
  Json key = {{"environment", all["environment"]}, {"horizon", all["horizon"]}, {"tasks", all["tasks"]}};
  for (const char* option : {"tasks", "envs_per_task", "seed", "deterministic"})
    key["evaluation"][option] = all["evaluation"][option];
  // A longer trial brings more.
  if (evaluation_protocol(config) == EvaluationProtocol::over_episodes)
    key["trial"] = {{"length", trial_length(config)}, {"episodes", trial_episodes(config)}};
  return json_text(key);
}

void check_normalisation(const Sweep& sweep, const Points& points) {
  if (!sweep.options.metric.normalise) return;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points.at(i);
    check_has_oracle(sweep, point, config_of(sweep, point, sweep.seeds.front()));
  }
}

References references_of(const Sweep& sweep, const Points& points, const SweepFolder& folder, int threads) {
  References references = read_references(sweep, folder);
  if (!sweep.options.metric.normalise) return references;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points.at(i);
    const Config config = config_of(sweep, point, sweep.seeds.front());
    const std::string met = measured_on(config);
    if (!references.contains(met)) references[met] = reference_of(sweep, point, config, threads);
  }
  return references;
}

void write_references(const Sweep& sweep, const References& references, const SweepFolder& folder) {
  if (references.empty()) return;
  Json json = {{"metric", sweep.options.metric.path}, {"references", Json::array()}};
  for (const auto& [met, reference] : references)
    json["references"].push_back({{"measured_on", parse_json(met, folder.references().string())},
                                  {"random", reference.random},
                                  {"oracle", reference.oracle}});
  write_json(folder.references(), json);
}

References read_references(const Sweep& sweep, const SweepFolder& folder) {
  References references;
  if (!sweep.options.metric.normalise) return references;
  const Json json = read_json(folder.references());
  if (json.is_null()) return references;
  try {
    if (json.at("metric").get<std::string>() != sweep.options.metric.path) return references;
    for (const Json& each : json.at("references"))
      references[json_text(each.at("measured_on"))] = {each.at("random").get<double>(),
                                                       each.at("oracle").get<double>()};
  } catch (const Json::exception&) {
    throw InputError(folder.references().string() + ": wanted what hand-written learners reach, found " +
                     found_value(json));
  }
  return references;
}

}  // namespace innerloop
