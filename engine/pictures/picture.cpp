#include "engine/pictures/picture.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/text/columns.h"

namespace innerloop {
namespace {

// All in pixels.
constexpr double kPanel = 165, kGap = 12, kLine = 18, kMargin = 16;
constexpr double kCaption = 165, kLetter = 7.4;  // room for a caption; for a letter of a title

}  // namespace

Picture with_fixed_frames(Picture picture) {
  std::optional<Window> first;
  for (PictureRow& row : picture.rows)
    for (PicturePanel& panel : row.panels)
      for (Sketch& state : panel.states) {
        const std::optional<Window> frame = state.frame();
        if (!frame) continue;
        if (!first) first = frame;
        state.shift(first->left - frame->left, first->bottom - frame->bottom);
      }
  return picture;
}

PictureLayout lay_out(const Picture& picture) {
  Window window;
  for (const PictureRow& row : picture.rows)
    for (const PicturePanel& panel : row.panels)
      for (const Sketch& state : panel.states) state.add_to(window);
  window = with_edges(window);
  const double scale = kPanel / std::max(window.width(), window.height()), width = window.width() * scale,
               height = window.height() * scale, pitch = std::max(width, kCaption) + kGap;
  PictureLayout layout;
  using Text = PictureText::Kind;
  layout.texts.push_back({Text::title, kMargin, kMargin + 0.4 * kLine, picture.title});
  std::size_t columns = 0, letters = columns_in(picture.title);
  double y = kMargin + kLine;
  for (const PictureRow& row : picture.rows) {
    columns = std::max(columns, row.panels.size());
    letters = std::max(letters, columns_in(row.title));
    layout.texts.push_back({Text::title, kMargin, y + 0.75 * kLine, row.title});
    y += kLine + 4;
    for (std::size_t column = 0; column < row.panels.size(); ++column) {
      const double x = kMargin + static_cast<double>(column) * pitch;
      layout.panels.push_back({&row.panels[column], {window, scale, x, y}});
      layout.texts.push_back({Text::caption, x, y + height + 0.75 * kLine, row.panels[column].caption});
    }
    y += height + kLine + kGap;
  }
  layout.width = 2 * kMargin + std::max(static_cast<double>(letters) * kLetter,
                                        static_cast<double>(columns) * pitch - kGap);
  layout.height = y;
  return layout;
}

std::size_t Film::state_at(int frame, const PicturePanel& panel) const {
  const double step = moving == 0 ? 0 : std::min(frame, moving) * static_cast<double>(longest) / moving;
  return std::min(static_cast<std::size_t>(std::lround(step)), panel.states.size() - 1);
}

Film film_of(const Picture& picture) {
  constexpr int kMostFrames = 50;
  constexpr double kSeconds = 4, kStepSeconds = 0.4, kHeldSeconds = 1.5;  // in all, but for a step at most
  Film film;
  for (const PictureRow& row : picture.rows)
    for (const PicturePanel& panel : row.panels)
      film.longest = std::max(film.longest, static_cast<int>(panel.states.size()) - 1);
  film.moving = std::min(film.longest, kMostFrames);
  film.frame_seconds = film.moving == 0 ? kStepSeconds : std::min(kStepSeconds, kSeconds / film.moving);
  film.held = static_cast<int>(std::lround(kHeldSeconds / film.frame_seconds));
  return film;
}

}  // namespace innerloop
