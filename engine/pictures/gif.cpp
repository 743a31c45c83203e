#include "engine/pictures/gif.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "engine/pictures/letters.h"

namespace innerloop {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr int kColours = 256, kSame = 255;  // the colour that leaves a pixel as it was

void put16(std::string& to, int number) {
  to += static_cast<char>(number & 0xff);
  to += static_cast<char>(number >> 8 & 0xff);
}

// Codes of a growing number of bits, in blocks of at most 255 bytes.
class CodeWriter {
 public:
  explicit CodeWriter(std::string& to) : to_(to) {}
  void put(int code, int bits) {
    held_ |= static_cast<std::uint32_t>(code) << held_bits_;
    for (held_bits_ += bits; held_bits_ >= 8; held_bits_ -= 8, held_ >>= 8) put_byte();
  }
  void finish() {
    if (held_bits_ > 0) put_byte();
    end_block();
    to_ += '\0';
  }

 private:
  void put_byte() {
    block_ += static_cast<char>(held_ & 0xff);
    if (block_.size() == 255) end_block();
  }
  void end_block() {
    if (block_.empty()) return;
    to_ += static_cast<char>(block_.size());
    to_ += block_;
    block_.clear();
  }

  std::string& to_;
  std::string block_;
  std::uint32_t held_ = 0;
  int held_bits_ = 0;
};

// Welch's variant of Lempel and Ziv's compression (Welch 1984): a code for each byte, then for each string that was met.
void put_compressed(std::string& to, const Bytes& pixels) {
  constexpr int kBits = 8, kClear = 1 << kBits, kEnd = kClear + 1, kMostCodes = 4096;
  to += static_cast<char>(kBits);
  CodeWriter out(to);
  std::unordered_map<std::uint32_t, int> codes;  // of a string and the byte behind it
  int next = kEnd + 1, bits = kBits + 1, string = -1;
  out.put(kClear, bits);
  for (const std::uint8_t pixel : pixels) {
    if (string < 0) {
      string = pixel;
      continue;
    }
    const std::uint32_t longer = static_cast<std::uint32_t>(string) << 8 | pixel;
    if (const auto known = codes.find(longer); known != codes.end()) {
      string = known->second;
      continue;
    }
    out.put(string, bits);
    string = pixel;
    if (next == kMostCodes) {
      out.put(kClear, bits);
      codes.clear();
      next = kEnd + 1;
      bits = kBits + 1;
      continue;
    }
    // The reader learns of a code one code later.
    if (next == 1 << bits) ++bits;
    codes[longer] = next++;
  }
  if (string >= 0) out.put(string, bits);
  out.put(kEnd, next == 1 << bits && bits < 12 ? bits + 1 : bits);
  out.finish();
}

std::uint32_t packed(const std::uint8_t* pixel) {
  return static_cast<std::uint32_t>(pixel[0]) << 16 | static_cast<std::uint32_t>(pixel[1]) << 8 | pixel[2];
}

// The colours that most pixels have; others are shown as the nearest of them.
class Palette {
 public:
  explicit Palette(const std::unordered_map<std::uint32_t, std::int64_t>& pixels) {
    std::vector<std::pair<std::int64_t, std::uint32_t>> most;
    most.reserve(pixels.size());
    for (const auto& [colour, count] : pixels) most.emplace_back(-count, colour);
    std::ranges::sort(most);
    for (const auto& [count, colour] : most) {
      const int number =
          static_cast<int>(colours_.size()) < kSame ? static_cast<int>(colours_.size()) : nearest(colour);
      if (number == static_cast<int>(colours_.size())) colours_.push_back(colour);
      numbers_[colour] = static_cast<std::uint8_t>(number);
    }
  }
  const std::vector<std::uint32_t>& colours() const { return colours_; }
  std::uint8_t of(std::uint32_t colour) const { return numbers_.at(colour); }

 private:
  int nearest(std::uint32_t to) const {
    const auto distance = [to](std::uint32_t colour) {
      int sum = 0;
      for (const int shift : {16, 8, 0}) {
        const int off = static_cast<int>(colour >> shift & 0xff) - static_cast<int>(to >> shift & 0xff);
        sum += off * off;
      }
      return sum;
    };
    return static_cast<int>(std::ranges::min_element(colours_, {}, distance) - colours_.begin());
  }

  std::vector<std::uint32_t> colours_;
  std::unordered_map<std::uint32_t, std::uint8_t> numbers_;
};

}  // namespace

std::string gif(int frames, double frame_seconds, const std::function<Raster(int)>& frame) {
  std::unordered_map<std::uint32_t, std::int64_t> pixels;
  for (int i = 0; i < frames; ++i) {
    const Raster image = frame(i);
    for (std::size_t at = 0; at < image.bytes().size(); at += 3) ++pixels[packed(&image.bytes()[at])];
  }
  const Palette palette(pixels);

  std::string file = "GIF89a";
  Bytes before;
  for (int i = 0; i < frames; ++i) {
    const Raster image = frame(i);
    if (i == 0) {
      put16(file, image.width());
      put16(file, image.height());
      file += {'\xf7', '\0', '\0'};  // 256 colours, of 8 bits
      for (const std::uint32_t colour : palette.colours())
        for (const int shift : {16, 8, 0}) file += static_cast<char>(colour >> shift & 0xff);
      file.resize(file.size() + 3 * (kColours - palette.colours().size()), '\0');
      file += std::string("\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0", 19);  // again and again
    }
    Bytes now;
    for (std::size_t at = 0; at < image.bytes().size(); at += 3)
      now.push_back(palette.of(packed(&image.bytes()[at])));
    Bytes changed = now;
    if (i > 0)
      for (std::size_t at = 0; at < now.size(); ++at)
        if (now[at] == before[at]) changed[at] = kSame;
    before = std::move(now);
    file +=
        {'\x21', '\xf9', '\x04', '\x05'};  // stays where the next one shows nothing; one colour shows nothing
    put16(file, std::max(2, static_cast<int>(std::lround(100 * frame_seconds))));
    file += {static_cast<char>(kSame), '\0', '\x2c'};
    for (const int number : {0, 0, image.width(), image.height()}) put16(file, number);
    file += '\0';
    put_compressed(file, changed);
  }
  return file + '\x3b';
}

std::string gif_picture(const Picture& given) {
  const Picture picture = with_fixed_frames(given);
  constexpr Colour kWhite{0xff, 0xff, 0xff}, kBlack{0x22, 0x22, 0x22}, kGrey{0x66, 0x66, 0x66};
  const PictureLayout layout = lay_out(picture);
  const Film film = film_of(picture);
  Raster ground(static_cast<int>(std::ceil(layout.width)), static_cast<int>(std::ceil(layout.height)),
                kWhite);
  for (const PictureText& text : layout.texts) {
    const bool title = text.kind == PictureText::Kind::title;
    write_text(ground, text.x, text.y, title ? 7.5 : 6.3, text.text, title ? kBlack : kGrey, title);
  }
  for (const auto& [panel, view] : layout.panels) {
    if (!panel->states.empty())
      for (const Mark& mark : marks_of(panel->states.back(), kStillInks, view)) ground.mark(mark);
    const double right = view.left + view.width(), bottom = view.top + view.height();
    const std::array<PlanePoint, 4> corners{
        {{view.left, view.top}, {right, view.top}, {right, bottom}, {view.left, bottom}}};
    for (std::size_t i = 0; i < 4; ++i)
      ground.line(corners[i], corners[(i + 1) % 4], kFrameLook.width, kFrameLook.stroke);
  }
  return gif(film.frames(), film.frame_seconds, [&](int frame) {
    Raster image = ground;
    for (const auto& [panel, view] : layout.panels) {
      if (panel->states.empty()) continue;
      const std::size_t now = film.state_at(frame, *panel);
      for (std::size_t i = 1; i <= now; ++i) {
        const auto &from = panel->states[i - 1].trace(), &to = panel->states[i].trace();
        if (from && to) image.line(view.at(*from), view.at(*to), kTraceLook.width, kTraceLook.stroke);
      }
      for (const Mark& mark : marks_of(panel->states[now], kMovingInks, view)) image.mark(mark);
    }
    return image;
  });
}

}  // namespace innerloop
