// A GIF is read back as the frames that were written.
#include "engine/pictures/gif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace innerloop {
namespace {

using Bytes = std::vector<std::uint8_t>;

// As the format says (GIF89a): the frames' pixels as they stand on the screen, [height][width][3], and how long each stands.
struct Gif {
  int width = 0, height = 0;
  std::vector<Bytes> frames;
  std::vector<int> hundredths;
  bool again = false;

  explicit Gif(const std::string& text) : data_(text.begin(), text.end()) {
    EXPECT_EQ(text.substr(0, 6), "GIF89a");
    width = number(6);
    height = number(8);
    EXPECT_EQ(data_[10], 0xf7);
    const Bytes colours(data_.begin() + 13, data_.begin() + 13 + 3 * 256);
    Bytes screen(static_cast<std::size_t>(3 * width * height));
    at_ = 13 + 3 * 256;
    int same = -1;
    while (data_.at(at_) != 0x3b) {
      if (data_[at_] == 0x21) {
        const int kind = data_[at_ + 1];
        if (kind == 0xf9) {
          hundredths.push_back(number(at_ + 4));
          same = data_[at_ + 6];
        }
        at_ += 2;
        const Bytes content = blocks();
        again =
            again || (kind == 0xff && std::string(content.begin(), content.begin() + 11) == "NETSCAPE2.0");
        continue;
      }
      EXPECT_EQ(data_[at_], 0x2c);
      EXPECT_EQ(number(at_ + 5), width);
      EXPECT_EQ(number(at_ + 7), height);
      at_ += 10;
      const Bytes pixels = unpacked();
      EXPECT_EQ(pixels.size(), static_cast<std::size_t>(width * height));
      for (std::size_t i = 0; i < pixels.size(); ++i)
        if (pixels[i] != same)
          std::copy_n(colours.begin() + 3 * pixels[i], 3,
                      screen.begin() + static_cast<std::ptrdiff_t>(3 * i));
      frames.push_back(screen);
    }
    EXPECT_EQ(at_ + 1, data_.size());
  }

 private:
  int number(std::size_t at) const { return data_[at] | data_[at + 1] << 8; }
  Bytes blocks() {
    Bytes all;
    for (std::size_t size; (size = data_.at(at_++)) != 0; at_ += size)
      all.insert(all.end(), data_.begin() + static_cast<std::ptrdiff_t>(at_),
                 data_.begin() + static_cast<std::ptrdiff_t>(at_ + size));
    return all;
  }
  Bytes unpacked() {
    const int clear = 1 << data_[at_++];
    const Bytes codes = blocks();
    std::vector<Bytes> strings;
    Bytes pixels, before;
    int bits = 0;
    const auto start = [&] {
      strings.assign(static_cast<std::size_t>(clear + 2), {});
      for (int i = 0; i < clear; ++i) strings[static_cast<std::size_t>(i)] = {static_cast<std::uint8_t>(i)};
      bits = 9;
      before.clear();
    };
    start();
    for (std::size_t bit = 0;;) {
      int code = 0;
      for (int i = 0; i < bits; ++i, ++bit) code |= (codes.at(bit / 8) >> (bit % 8) & 1) << i;
      if (code == clear) {
        start();
        continue;
      }
      if (code == clear + 1) {
        EXPECT_LT(codes.size() - bit / 8, 2u);
        return pixels;
      }
      Bytes now =
          static_cast<std::size_t>(code) < strings.size() ? strings[static_cast<std::size_t>(code)] : before;
      if (static_cast<std::size_t>(code) == strings.size()) now.push_back(before.at(0));
      EXPECT_LE(static_cast<std::size_t>(code), strings.size());
      pixels.insert(pixels.end(), now.begin(), now.end());
      if (!before.empty() && strings.size() < 4096) {
        before.push_back(now[0]);
        strings.push_back(before);
      }
      if (strings.size() == std::size_t{1} << bits && bits < 12) ++bits;
      before = now;
    }
  }

  Bytes data_;
  std::size_t at_ = 0;
};

TEST(Gif, IsReadBackAsItsFrames) {
  std::mt19937 random(3);
  // Noise of few colours, which fills the table of strings several times over; then a small change; then none.
  Raster noise(150, 100, {0, 0, 0});
  for (int y = 0; y < 100; ++y)
    for (int x = 0; x < 150; ++x) {
      const auto shade = static_cast<std::uint8_t>(random() % 30 * 8);
      noise.polygon(
          std::array<PlanePoint, 4>{
              {{1.0 * x, 1.0 * y}, {x + 1.0, 1.0 * y}, {x + 1.0, y + 1.0}, {1.0 * x, y + 1.0}}},
          {shade, shade, 40});
    }
  Raster changed = noise;
  changed.line({20, 20}, {90, 70}, 5, {255, 0, 0});
  const std::vector<Raster> frames = {noise, changed, changed, Raster(150, 100, {1, 2, 3})};
  const Gif read(gif(4, 0.125, [&](int i) { return frames[static_cast<std::size_t>(i)]; }));
  EXPECT_EQ(read.width, 150);
  EXPECT_EQ(read.height, 100);
  EXPECT_TRUE(read.again);
  EXPECT_THAT(read.hundredths, testing::Each(13));
  ASSERT_EQ(read.frames.size(), 4u);
  int off = 0;  // of the line's edges, where there are more shades than the format has
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t at = 0; at < frames[i].bytes().size(); ++at)
      off += read.frames[i][at] != frames[i].bytes()[at];
  EXPECT_LT(off, 500);
  EXPECT_EQ(read.frames[0], noise.bytes());
  EXPECT_EQ(read.frames[3], frames[3].bytes());
}

TEST(Gif, OfEverySizeEndsWhereItsCodesDo) {
  for (int size = 1; size < 40; ++size) {
    Raster image(size, 7, {9, 9, 9});
    image.circle({size / 2.0, 3}, 3, {200, 0, 0});
    const Gif read(gif(1, 1, [&](int) { return image; }));
    ASSERT_EQ(read.frames.size(), 1u);
    EXPECT_EQ(read.frames[0], image.bytes()) << size;
  }
}

TEST(Gif, OfMoreColoursThanTheFormatHasShowsTheNearest) {
  Raster image(64, 64, {250, 250, 250});
  for (int y = 0; y < 60; ++y)
    for (int x = 0; x < 60; ++x)
      image.polygon(
          std::array<PlanePoint, 4>{
              {{1.0 * x, 1.0 * y}, {x + 1.0, 1.0 * y}, {x + 1.0, y + 1.0}, {1.0 * x, y + 1.0}}},
          {static_cast<std::uint8_t>(4 * x), static_cast<std::uint8_t>(4 * y), 0});
  const Gif read(gif(1, 1, [&](int) { return image; }));
  int most = 0;
  for (std::size_t at = 0; at < image.bytes().size(); ++at)
    most = std::max(most, std::abs(read.frames.at(0)[at] - image.bytes()[at]));
  EXPECT_EQ(read.frames[0].back(), 250);  // of many pixels
  EXPECT_GT(most, 0);
  EXPECT_LT(most, 245);
}

TEST(Gif, APictureMovesAndStandsStillAtItsEnd) {
  PicturePanel panel{{}, "walk"};
  for (int i = 0; i <= 10; ++i) {
    Sketch& state = panel.states.emplace_back();
    state.frame(0, 0, 10, 10);
    state.circle(i, 5, 1, Ink::body);
    state.trace(i, 5);
  }
  const Picture picture{"title", {{"row", {panel}}}};
  const Gif read(gif_picture(picture));
  const Film film = film_of(picture);
  ASSERT_EQ(read.frames.size(), static_cast<std::size_t>(film.frames()));
  EXPECT_EQ(film.moving, 10);
  EXPECT_NEAR(film.seconds(), 4 + 1.5, 0.3);
  for (std::size_t i = 1; i <= 10; ++i) EXPECT_NE(read.frames[i], read.frames[i - 1]) << i;
  for (std::size_t i = 11; i < read.frames.size(); ++i) EXPECT_EQ(read.frames[i], read.frames[10]) << i;
}

}  // namespace
}  // namespace innerloop
