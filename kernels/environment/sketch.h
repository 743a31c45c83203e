// How a step looks as a picture: what an environment may say in its own header, on the host alone.
//
//   template <class Canvas>
//   static void sketch(const Options&, const Task<One>&, const State<One>&, std::span<const float> action, Canvas& canvas)
//
// It runs alone, for one environment (One is a pack of one number, x.get(0)), so loops, `if` and std:: mathematics are fine.
// `action` is what led to the state, as a batch keeps it; empty where an episode starts. An environment with a trial's record
// is handed it behind the task. The canvas takes shapes in the environment's own units, y upwards, and knows the format.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <span>
#include <vector>

#include "kernels/environment/environment.h"

namespace innerloop {

// What a shape stands for. Of a whole episode, scene and goal are drawn once; what moves is drawn at its end, and faintly as
// it was on the way.
enum class Ink { scene, goal, body, part };

namespace environment_detail {
// What a canvas can do, and one to check environments with.
struct AnyCanvas {
  void line(double x0, double y0, double x1, double y1, Ink ink);
  void arrow(double x0, double y0, double x1, double y1, Ink ink);  // its head is at (x1, y1)
  void circle(double x, double y, double radius, Ink ink);
  void rectangle(double x0, double y0, double x1, double y1, Ink ink);  // between two corners
  void polygon(const std::vector<std::array<double, 2>>& corners, Ink ink);
  void trace(double x, double y);  // a point of the way that is drawn through all states of an episode
  // Between two corners: what a picture of one state shows, and the least that one of an episode does. Where it is not said,
  // that is as far as the shapes go, so that it may be another from state to state.
  void frame(double x0, double y0, double x1, double y1);
};

template <class E, class... Trial>
concept SketchedWith = requires(const typename E::Options& options, const TaskOf<E, Pack<float, 1>>& task,
                                const Trial&... trial, const StateOf<E, Pack<float, 1>>& state,
                                std::span<const float> action, AnyCanvas& canvas) {
  E::sketch(options, task, trial..., state, action, canvas);
};
}  // namespace environment_detail

template <class E>
concept Sketches =
    environment_detail::SketchedWith<E> || environment_detail::SketchedWith<E, TrialOf<E, Pack<float, 1>>>;

}  // namespace innerloop
