#include "engine/evaluation/curve.h"

#include "engine/options/json.h"

namespace innerloop {

Json curve_json(const std::vector<CurvePoint>& curve, bool has_interval, const char* step) {
  Json points = Json::array();
  for (const CurvePoint& point : curve)
    points.push_back({{step, point.step},
                      {"mean_return", point.mean_return},
                      {"ci95", has_interval ? Json(point.ci95) : Json(nullptr)},
                      {"mean_reward_per_step", point.mean_reward_per_step},
                      {"mean_episode_length", point.mean_episode_length}});
  return points;
}

Json CurveEvaluator::beliefs() const { return Json::object(); }

}  // namespace innerloop
