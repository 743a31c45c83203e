// Episodes side by side, as every format shows them: what stands where, and what moves when.
#pragma once

#include <string>
#include <vector>

#include "engine/pictures/marks.h"

namespace innerloop {

/// One episode.
struct PicturePanel {
  std::vector<Sketch> states;
  std::string caption;
};

struct PictureRow {
  std::string title;
  std::vector<PicturePanel> panels;
};

struct Picture {
  std::string title;
  std::vector<PictureRow> rows;
};

/// The same where frames go along with what they show, as a runner's do: all are put where the first one of the picture is.
Picture with_fixed_frames(Picture picture);

struct PictureText {
  enum class Kind { title, caption };
  Kind kind;
  double x, y;  // of the foot of its first letter, in pixels
  std::string text;
};

/// All rows one below the other, all panels in one scale, in pixels.
struct PictureLayout {
  struct Place {
    const PicturePanel* panel;
    View view;
  };
  double width = 0, height = 0;
  std::vector<PictureText> texts;
  std::vector<Place> panels;
};
/// Of a picture that lives as long.
PictureLayout lay_out(const Picture& picture);

/// An animation in which all episodes begin at once, go on at one speed, and stand still together at the end.
struct Film {
  int moving = 0, held = 0;  // frames, from each of which to the next is one frame's time
  double frame_seconds = 0;
  int longest = 0;  // steps of the longest episode

  int frames() const { return moving + held; }
  double seconds() const { return frames() * frame_seconds; }
  /// The state that a panel shows in a frame. @pre it has one
  std::size_t state_at(int frame, const PicturePanel& panel) const;
};
Film film_of(const Picture& picture);

}  // namespace innerloop
