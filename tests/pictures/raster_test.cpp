// Shapes on pixels cover what they should, wherever they lie.
#include "engine/pictures/raster.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "engine/pictures/letters.h"

namespace innerloop {
namespace {

constexpr Colour kWhite{255, 255, 255}, kBlack{0, 0, 0};

// The area that is black, in pixels.
double area(const Raster& image) {
  double sum = 0;
  for (const std::uint8_t byte : image.bytes()) sum += (255 - byte) / 255.0 / 3;
  return sum;
}
int red_at(const Raster& image, int x, int y) {
  return image.bytes()[static_cast<std::size_t>(3 * (y * image.width() + x))];
}
void rectangle(Raster& image, double x0, double y0, double x1, double y1, Colour colour = kBlack,
               double opacity = 1) {
  image.polygon(std::array<PlanePoint, 4>{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}, colour, opacity);
}

TEST(Raster, SquaresCirclesAndLinesCoverTheirArea) {
  for (const double off : {0.0, 0.3, 0.77})
    for (const double size : {1.0, 3.4, 10.0}) {
      Raster square(40, 40, kWhite), circle = square, line = square;
      rectangle(square, 5 + off, 7 - off, 5 + off + size, 7 - off + size);
      EXPECT_NEAR(area(square), size * size, 0.05) << off;
      circle.circle({20 + off, 19}, size, kBlack);
      EXPECT_NEAR(area(circle), std::numbers::pi * size * size, 0.01 + 0.002 * size * size) << off;
      line.line({9, 9 + off}, {20 + off, 25}, size, kBlack);
      EXPECT_NEAR(area(line), (std::hypot(11 + off, 16 - off) + std::numbers::pi * size / 4) * size,
                  0.02 * area(line));
    }
}

TEST(Raster, APixelTakesAsMuchColourAsIsCoveredOfIt) {
  Raster image(4, 3, kWhite);
  rectangle(image, 1.25, 0.5, 2.5, 3, {55, 0, 0});
  EXPECT_EQ(red_at(image, 0, 1), 255);
  EXPECT_EQ(red_at(image, 1, 1), 255 - 150);  // three quarters of the way to 55
  EXPECT_EQ(red_at(image, 2, 1), 255 - 100);
  EXPECT_EQ(red_at(image, 3, 1), 255);
  EXPECT_EQ(red_at(image, 1, 0), 255 - 75);
  Raster faint(1, 1, kWhite);
  rectangle(faint, 0, 0, 1, 1, {55, 0, 0}, 0.25);
  EXPECT_EQ(red_at(faint, 0, 0), 255 - 50);
}

TEST(Raster, ALineGoesFromItsFirstPointToItsLast) {
  Raster image(30, 20, kWhite);
  image.line({5.5, 10.5}, {24.5, 10.5}, 3, kBlack);
  for (const int x : {5, 15, 24}) EXPECT_EQ(red_at(image, x, 10), 0) << x;
  for (const int x : {2, 27}) EXPECT_EQ(red_at(image, x, 10), 255) << x;
  for (const int y : {8, 12}) EXPECT_EQ(red_at(image, 15, y), 255) << y;
  Raster point(9, 9, kWhite);
  point.line({4.5, 4.5}, {4.5, 4.5}, 4, kBlack);
  EXPECT_NEAR(area(point), 4 * std::numbers::pi, 0.4);
}

TEST(Raster, WhatLiesOutsideIsCutOff) {
  const auto circle_at = [](double x, double y) {
    Raster image(40, 30, kWhite);
    image.circle({x, y}, 10, kBlack);
    return area(image);
  };
  const double whole = std::numbers::pi * 100;
  for (const auto& [x, y] : {std::pair{0, 15}, {40, 15}, {20, 0}, {20, 30}})
    EXPECT_NEAR(circle_at(x, y), whole / 2, 0.3) << x << " " << y;
  for (const auto& [x, y] : {std::pair{0, 0}, {40, 0}, {0, 30}, {40, 30}})
    EXPECT_NEAR(circle_at(x, y), whole / 4, 0.3) << x << " " << y;
  for (const auto& [x, y] : {std::pair{-11, 15}, {51, 15}, {20, -11}, {20, 41}, {-1000000, 15}})
    EXPECT_EQ(circle_at(x, y), 0) << x << " " << y;
  Raster image(40, 30, kWhite);
  image.polygon(std::array<PlanePoint, 3>{{{-10, 15}, {50, -15}, {50, 45}}}, kBlack);
  EXPECT_NEAR(area(image), 1000, 0.5);  // ∫ min(30, x + 10) dx
  image.polygon(std::array<PlanePoint, 3>{{{-1e6, -1e6}, {2e6, -1e6}, {-1e6, 2e6}}}, kBlack);
  EXPECT_NEAR(area(image), 1200, 1e-6);
}

TEST(Raster, WhatIsNotFiniteIsLeftOut) {
  for (const double bad : {double{NAN}, double{INFINITY}, std::numeric_limits<double>::max()}) {
    Raster image(8, 8, kWhite);
    rectangle(image, 1, 1, bad, 4);
    image.circle({4, bad}, 2, kBlack);
    image.circle({4, 4}, bad, kBlack);
    image.line({4, 4}, {bad, 4}, 2, kBlack);
    image.polygon({}, kBlack);
    EXPECT_EQ(area(image), 0) << bad;
  }
}

TEST(Raster, MarksHaveTheColoursOfTheirInk) {
  Raster image(60, 20, kWhite);
  image.mark({Mark::Kind::polygon, Ink::goal, {5, 5, 15, 5, 15, 15, 5, 15}});
  image.mark({Mark::Kind::circle, Ink::scene, {30, 10, 6}});
  image.mark({Mark::Kind::line, Ink::part, {42, 10, 55, 10}});
  const auto colour_at = [&](int x, int y) {
    const std::uint8_t* byte = &image.bytes()[static_cast<std::size_t>(3 * (y * 60 + x))];
    return Colour{byte[0], byte[1], byte[2]};
  };
  EXPECT_EQ(colour_at(10, 10), look_of(Ink::goal).fill);
  EXPECT_NE(colour_at(5, 10), look_of(Ink::goal).fill);  // its edge
  EXPECT_EQ(colour_at(30, 10), look_of(Ink::scene).fill);
  EXPECT_EQ(colour_at(48, 10), look_of(Ink::part).stroke);
  EXPECT_EQ(colour_at(10, 1), kWhite);
}

TEST(Letters, TakeTheirRoomAndUnknownOnesLeaveAGap) {
  const auto written = [](const char* text) {
    Raster image(80, 14, kWhite);
    write_text(image, 1, 10, 7, text, kBlack);
    return image.bytes();
  };
  EXPECT_NE(written("0"), written(""));
  EXPECT_EQ(written("Goal"), written("goal"));
  EXPECT_EQ(written("θ1"), written(" 1"));
  const std::string all = "0123456789abcdefghijklmnopqrstuvwxyz_.,:-+=>/()";
  for (const char a : all)
    for (const char b : all)
      if (a != b) {
        EXPECT_NE(written(std::string(1, a).c_str()), written(std::string(1, b).c_str())) << a << b;
      }
}

}  // namespace
}  // namespace innerloop
