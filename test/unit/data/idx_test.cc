#include "data/idx.h"
#include "unit/error_of.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace gnomon::data {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text.push_back(static_cast<char>(value));
  return text;
}

// u8 [2, 3] holding 1 … 6.
std::string matrix() { return bytes({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6}); }

std::string gzip(const std::string& plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string error_of(const std::string& file) {
  return test::error_of([&] { parse_idx(file, "x.gz"); });
}

void expect_error(const std::string& file, std::string_view what) {
  const std::string error = error_of(file);
  EXPECT_TRUE(error.starts_with("x.gz: ")) << error;
  EXPECT_NE(error.find(what), std::string::npos) << error;
}

TEST(Idx, ReadsPlainAndGzipped) {
  const std::vector<std::uint8_t> values = {1, 2, 3, 4, 5, 6};
  const Tensor expected = Tensor::of<std::uint8_t>({2, 3}, values);
  EXPECT_EQ(parse_idx(matrix(), "x"), expected);
  EXPECT_EQ(parse_idx(gzip(matrix()), "x"), expected);
}

TEST(Idx, ElementsAreBigEndian) {
  const Tensor integers = parse_idx(bytes({0, 0, 0x0c, 1, 0, 0, 0, 1, 1, 2, 3, 4}), "x");
  EXPECT_EQ(integers.span<std::int32_t>()[0], 0x01020304);
  const Tensor floats = parse_idx(bytes({0, 0, 0x0d, 1, 0, 0, 0, 1, 0x3f, 0xc0, 0, 0}), "x");
  EXPECT_EQ(floats.span<float>()[0], 1.5f);
  const Tensor doubles =
      parse_idx(bytes({0, 0, 0x0e, 1, 0, 0, 0, 1, 0xc0, 0, 0, 0, 0, 0, 0, 0}), "x");
  EXPECT_EQ(doubles.span<double>()[0], -2.0);
  EXPECT_EQ(parse_idx(bytes({0, 0, 9, 0, 0xff}), "x"), Tensor::scalar<std::int8_t>(-1));
}

TEST(Idx, EveryTruncationIsRefused) {
  const std::string plain = matrix(), packed = gzip(plain);
  for (std::size_t n = 0; n < plain.size(); ++n)
    EXPECT_NE(error_of(plain.substr(0, n)), "accepted") << n;
  for (std::size_t n = 0; n < packed.size(); ++n)
    EXPECT_NE(error_of(packed.substr(0, n)), "accepted") << n;
}

TEST(Idx, NamesWhatIsWrongAndTheRemedy) {
  expect_error("", "is empty; fetch the file again");
  expect_error("not an idx file", "does not begin with two zero bytes");
  expect_error(bytes({0, 0, 7, 1, 0, 0, 0, 0}), "element type 0x07 is unknown");
  expect_error(bytes({0, 0, 0x0b, 1, 0, 0, 0, 0}), "16-bit integers");
  expect_error(bytes({0, 0, 8, 9}), "has 9 axes");
  expect_error(matrix().substr(0, 15), "truncated: it declares [2, 3] elements of u8");
  expect_error(gzip(matrix().substr(0, 15)), "is truncated");
  expect_error(matrix() + "!", "goes on after the last element");
  expect_error(gzip(matrix() + "!"), "goes on after the last element");
  expect_error(gzip(matrix()) + "!", "goes on after the end of its gzip data");
}

TEST(Idx, GzipChecksumIsChecked) {
  std::string packed = gzip(matrix());
  packed[packed.size() - 8] = static_cast<char>(packed[packed.size() - 8] ^ 1);  // of the CRC-32
  expect_error(packed, "incorrect data check");
}

// A header of a few bytes must not make us allocate what it claims.
TEST(Idx, ClaimsBeyondTheLimitOrTheFileAreRefusedBeforeAllocating) {
  expect_error(bytes({0, 0, 8, 2, 0x7f, 0, 0, 0, 0x7f, 0, 0, 0}), "more than 1 GiB");
  expect_error(bytes({0, 0, 8, 1, 0x3f, 0xff, 0xff, 0xff}), "more than it can hold");
  expect_error(gzip(bytes({0, 0, 8, 1, 0x3f, 0xff, 0xff, 0xff})), "more than it can hold");
}

TEST(Idx, AnAxisOfExtentZeroHoldsNothing) {
  EXPECT_EQ(parse_idx(bytes({0, 0, 8, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}), "x").count(), 0);
}

TEST(Idx, AnAbsentFileIsNamed) { EXPECT_THROW(read_idx("/absent/x"), InputError); }

}  // namespace
}  // namespace gnomon::data
