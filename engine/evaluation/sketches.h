// Episodes as shapes: played again on the host, with the bits that the device had, and put on a canvas state by state.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/error.h"
#include "engine/evaluation/played_trial.h"
#include "kernels/environment/sketch.h"
#include "kernels/lanes/random.h"

namespace innerloop {

struct PlanePoint {
  double x, y;  // in an environment's units, y upwards
};

struct SketchShape {
  enum class Kind { line, arrow, circle, polygon };
  Kind kind;
  Ink ink;
  std::vector<PlanePoint> places;  // two ends, the centre, or the corners
  double radius = 0;
};

/// A canvas that keeps what is put on it (kernels/environment/sketch.h), but for shapes with a number that is not finite.
class Sketch {
 public:
  void line(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::line, ink, {{x0, y0}, {x1, y1}}});
  }
  void arrow(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::arrow, ink, {{x0, y0}, {x1, y1}}});
  }
  void circle(double x, double y, double radius, Ink ink) {
    add({SketchShape::Kind::circle, ink, {{x, y}}, radius});
  }
  void rectangle(double x0, double y0, double x1, double y1, Ink ink) {
    add({SketchShape::Kind::polygon, ink, {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}});
  }
  void polygon(const std::vector<std::array<double, 2>>& corners, Ink ink);
  void trace(double x, double y);

  const std::vector<SketchShape>& shapes() const { return shapes_; }
  const std::optional<PlanePoint>& trace() const { return trace_; }

 private:
  void add(SketchShape shape);

  std::vector<SketchShape> shapes_;
  std::optional<PlanePoint> trace_;
};

/// The first episode that an environment played in a task's trajectory.
struct PlayedEpisode {
  RandomKey key;   // what its numbers were drawn with, as those of task 0
  int env = 0;     // its number among the task's
  int inner_step;  // that the trajectory was drawn for
  std::vector<PlayedStep> steps;
};

struct SketchedEpisode {
  std::vector<Sketch> states;  // one more than steps
  std::vector<float> rewards;  // as they come again
};

/// Plays `episode` of `task` (its numbers as in task_numbers) again. @pre the config's environment has a sketch.
SketchedEpisode sketch(const Config& config, const std::vector<float>& task, const PlayedEpisode& episode);

/// @throws InputError where `Env` draws no picture, which `flag` asks for.
template <class Env>
void check_sketches(const std::string& flag) {
  if constexpr (!Sketches<Env>)
    throw InputError(flag +
                     ": wanted an environment that can be drawn (kernels/environment/sketch.h), found \"" +
                     Env::name + "\"");
}

}  // namespace innerloop
