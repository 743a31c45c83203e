#include "engine/evaluation/tiles.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "engine/evaluation/sketches.h"
#include "engine/pictures/raster.h"
#include "kernels/environment/episode.h"

namespace innerloop {
namespace {

using Alone = Pack<float, 1>;

void check_size(const char* what, std::size_t wanted, std::size_t found) {
  if (wanted != found)
    throw std::invalid_argument(std::string(what) + ": wanted " + std::to_string(wanted) +
                                " numbers, found " + std::to_string(found));
}

// The window in the middle of an image, as large as fits.
View view_of(const Window& window, int width, int height) {
  View view{window};
  view.scale = std::min(width / window.width(), height / window.height());
  view.left = 0.5 * (width - view.width());
  view.top = 0.5 * (height - view.height());
  return view;
}

template <class Env>
std::vector<std::uint8_t> tiles_of(const typename Env::Options& options, const TaskTable& tasks,
                                   std::span<const float> states, std::span<const float> actions, int width,
                                   int height) {
  constexpr Colour kWhite{0xff, 0xff, 0xff};
  constexpr std::size_t kActionSize = Env::Action::size;
  const std::size_t task_size = Env::task_numbers(options).size(),
                    state_size = static_cast<std::size_t>(episode_size<Env>(options));
  check_size("states", tasks.size() * state_size, states.size());
  if (!actions.empty()) check_size("actions", tasks.size() * kActionSize, actions.size());
  std::vector<std::uint8_t> tiles;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    check_size("a task", task_size, tasks[i].size());
    const std::span<const float> state = states.subspan(i * state_size, state_size);
    std::vector<float> numbers = tasks[i], room(state.begin(), state.end());
    numbers.resize(static_cast<std::size_t>(kTaskSize<Env>));
    const auto task = load_task<Env, Alone>(numbers.data());
    Episode<Env, Alone> episode(options, task, room.data(), 1);
    episode.read();
    std::span<const float> action;
    if (!actions.empty() && !std::isnan(actions[i * kActionSize]))
      action = actions.subspan(i * kActionSize, kActionSize);
    Sketch sketch;
    episode.sketch(action, sketch);
    const View view = view_of(sketch.window(), width, height);
    Raster tile(width, height, kWhite);
    for (const std::span<const Ink> inks :
         {std::span<const Ink>(kStillInks), std::span<const Ink>(kMovingInks)})
      for (const Mark& mark : marks_of(sketch, inks, view)) tile.mark(mark);
    tiles.insert(tiles.end(), tile.bytes().begin(), tile.bytes().end());
  }
  return tiles;
}

}  // namespace

std::vector<std::uint8_t> environment_tiles(const EnvironmentOptions& environment, const TaskTable& tasks,
                                            std::span<const float> states, std::span<const float> actions,
                                            int width, int height) {
  if (width < 1 || height < 1)
    throw std::invalid_argument("tiles: wanted a width and a height of 1 or more, found " +
                                std::to_string(width) + " and " + std::to_string(height));
  std::vector<std::uint8_t> tiles;
  with_environment(environment, [&]<class Env>(const typename Env::Options& options) {
    check_sketches<Env>("render");
    if constexpr (Sketches<Env>) tiles = tiles_of<Env>(options, tasks, states, actions, width, height);
  });
  return tiles;
}

}  // namespace innerloop
