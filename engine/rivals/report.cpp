#include "engine/rivals/report.h"

#include <nlohmann/json.hpp>

#include "engine/evaluation/report.h"
#include "engine/evaluation/tables.h"
#include "engine/evaluation/trial_evaluator.h"
#include "engine/options/json.h"
#include "engine/rivals/trials.h"

namespace innerloop {
namespace {

std::string listed_name(const std::string& name) { return name == "random" ? "random_actions" : name; }

Json measured_trials(const LearnerOfTrial& learner, const Config& config, int threads,
                     const std::vector<float>& task) {
  return trials_json(play_rival(learner, config, threads, task));
}

}  // namespace

void add_rivals(Json& report, const Config& config, const std::vector<NamedLearner>& learners, int threads,
                const std::vector<float>& task) {
  for (const NamedLearner& of : learners) {
    Json rival = {{"name", listed_name(of.name)}};
    rival.update(measured_trials(of.learner, config, threads, task));
    report["baselines"].push_back(std::move(rival));
  }
}

Json rivals_report(const Config& config, const std::vector<NamedLearner>& learners, int threads,
                   const std::vector<float>& task) {
  Json report = evaluation_heading(config, learners[0].name, 0, task);
  report.update(measured_trials(learners[0].learner, config, threads, task));
  report["baselines"] = Json::array();
  add_rivals(report, config, {learners.begin() + 1, learners.end()}, threads, task);
  return report;
}

std::string rivals_table(const Json& report) {
  return trial_table(report, "by hand-written learners,\nin " + trials_played(report));
}

}  // namespace innerloop
