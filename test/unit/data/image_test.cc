#include "data/image.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/random.h"
#include "unit/data/image_files.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

using Bytes8 = std::vector<unsigned char>;

Tensor planes(Shape shape, const Bytes8& values) {
  return Tensor::of<std::uint8_t>(std::move(shape), values);
}

std::string message(const std::string& bytes) {
  return test::error_of([&] { decode_image(bytes, "x.png"); });
}

// A smooth ramp, which JPEG keeps within a few grey levels.
Bytes8 ramp(int channels, int width, int height) {
  Bytes8 pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < channels; ++c)
        pixels.push_back(static_cast<unsigned char>(20 + 5 * x + 3 * y + 30 * c));
  return pixels;
}

void expect_near(const Tensor& image, const Bytes8& pixels) {
  const auto channels = static_cast<std::size_t>(image.shape()[0]);
  const std::size_t count = pixels.size() / channels;
  ASSERT_EQ(static_cast<std::size_t>(image.count()), pixels.size());
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < channels; ++c)
      EXPECT_NEAR(image.span<std::uint8_t>()[c * count + i], pixels[i * channels + c], 6);
}

TEST(Image, GreyAndColourPngAreExact) {
  EXPECT_EQ(decode_image(png_bytes({}, 3, 2, {0, 1, 2, 127, 128, 255}), "x"),
            planes({1, 2, 3}, {0, 1, 2, 127, 128, 255}));
  EXPECT_EQ(decode_image(png_bytes({.colour = PNG_COLOR_TYPE_RGB}, 2, 1, {1, 2, 3, 4, 5, 6}), "x"),
            planes({3, 1, 2}, {1, 4, 2, 5, 3, 6}));
}

TEST(Image, PalettesAndFewBitsAreExpanded) {
  EXPECT_EQ(decode_image(
                png_bytes({.bits = 2, .colour = PNG_COLOR_TYPE_PALETTE}, 3, 1, {0b00011000}), "x"),
            planes({3, 1, 3}, {1, 40, 255, 2, 50, 0, 3, 60, 128}));
  EXPECT_EQ(decode_image(png_bytes({.bits = 1}, 3, 1, {0b10100000}), "x"),
            planes({1, 1, 3}, {255, 0, 255}));
  EXPECT_EQ(decode_image(png_bytes({.bits = 4}, 2, 1, {0x1f}), "x"), planes({1, 1, 2}, {17, 255}));
}

TEST(Image, RandomPngsComeBack) {
  const Random random(4, "png");
  std::uint64_t draw = 0;
  for (int round = 0; round < 50; ++round) {
    const auto width = static_cast<int>(1 + random.below(20, draw++));
    const auto height = static_cast<int>(1 + random.below(20, draw++));
    Bytes8 pixels(static_cast<std::size_t>(width * height));
    for (auto& pixel : pixels) pixel = static_cast<unsigned char>(random.below(256, draw++));
    const int interlace = round % 2 == 0 ? PNG_INTERLACE_NONE : PNG_INTERLACE_ADAM7;
    EXPECT_EQ(decode_image(png_bytes({.interlace = interlace}, width, height, pixels), "x"),
              planes({1, height, width}, pixels));
  }
}

TEST(Image, JpegsAreNearWhatWasWritten) {
  for (const bool progressive : {false, true}) {
    const auto grey = ramp(1, 17, 9), colour = ramp(3, 17, 9);
    const Tensor one = decode_image(jpeg_bytes(1, 17, 9, grey, progressive), "x");
    EXPECT_EQ(one.shape(), (Shape{1, 9, 17}));
    expect_near(one, grey);
    const Tensor three = decode_image(jpeg_bytes(3, 17, 9, colour, progressive), "x");
    EXPECT_EQ(three.shape(), (Shape{3, 9, 17}));
    expect_near(three, colour);
  }
}

TEST(Image, EveryTruncationIsRefused) {
  for (const auto& bytes :
       {png_bytes({}, 9, 7, ramp(1, 9, 7)), jpeg_bytes(1, 9, 7, ramp(1, 9, 7)),
        jpeg_bytes(3, 9, 7, ramp(3, 9, 7)), jpeg_bytes(3, 9, 7, ramp(3, 9, 7), true)})
    for (std::size_t n = 0; n < bytes.size(); ++n)
      EXPECT_TRUE(message(bytes.substr(0, n)).starts_with("x.png: ")) << n;
}

TEST(Image, EveryFlippedBitOfAPngIsRefusedOrChangesNothing) {
  const std::string bytes = png_bytes({}, 9, 7, ramp(1, 9, 7));
  const Tensor image = decode_image(bytes, "x");
  for (std::size_t n = 0; n < bytes.size(); ++n)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[n] = static_cast<char>(flipped[n] ^ 1 << bit);
      try {
        EXPECT_EQ(decode_image(flipped, "x"), image) << n;
      } catch (const InputError&) {
      }
    }
}

TEST(Image, FlippedBitsOfAJpegNeverCrash) {
  const std::string bytes = jpeg_bytes(3, 9, 7, ramp(3, 9, 7), true);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[n] = static_cast<char>(flipped[n] ^ 1 << bit);
      message(flipped);
    }
}

TEST(Image, NamesWhatIsWrongAndTheRemedy) {
  EXPECT_EQ(message(""), "x.png: is neither PNG nor JPEG; convert the image to one of them");
  EXPECT_EQ(message("GIF89a"), "x.png: is neither PNG nor JPEG; convert the image to one of them");
  const std::string png = png_bytes({}, 9, 7, ramp(1, 9, 7));
  EXPECT_EQ(message(png.substr(0, png.size() - 1)),
            "x.png: is damaged: it is truncated; save the image again");
  std::string flipped = png;
  flipped[png.size() - 14] = static_cast<char>(flipped[png.size() - 14] ^ 1);
  EXPECT_EQ(message(flipped), "x.png: is damaged: IDAT: CRC error; save the image again");
  EXPECT_EQ(message(png_bytes({.colour = PNG_COLOR_TYPE_GRAY_ALPHA}, 1, 1, {1, 2})),
            "x.png: has transparency, which is not supported; flatten the image");
  EXPECT_EQ(message(png_bytes({.colour = PNG_COLOR_TYPE_PALETTE}, 1, 1, {1}, true)),
            "x.png: has transparency, which is not supported; flatten the image");
  EXPECT_EQ(message(png_bytes({.bits = 16}, 1, 1, {1, 2})),
            "x.png: has 16 bits a channel; save the image with 8");
  const std::string wide = "x.png: is 4097 × 1 pixels; sides are 1 to 4096: scale the image down";
  EXPECT_EQ(message(png_bytes({}, 4097, 1, Bytes8(4097))), wide);
  EXPECT_EQ(message(jpeg_bytes(1, 4097, 1, Bytes8(4097))), wide);
  EXPECT_EQ(message(jpeg_bytes(4, 8, 8, Bytes8(256))),
            "x.png: is neither grey nor red, green and blue; save the image as RGB");
  EXPECT_EQ(message(jpeg_bytes(1, 8, 8, Bytes8(64), false, true)),
            "x.png: is arithmetic-coded, which is not supported; save the image again");
  const std::string jpeg = jpeg_bytes(1, 8, 8, Bytes8(64));
  EXPECT_EQ(message(jpeg.substr(0, jpeg.size() - 2)),
            "x.png: is damaged: Premature end of JPEG file; save the image again");
}

}  // namespace
}  // namespace gnomon::data
