#include "data/npy.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

const std::filesystem::path numpy = std::filesystem::path(GNOMON_TEST_DATA) / "numpy";

std::string file_of(const std::string& name) { return read_file(numpy / name, Bytes(1 << 20)); }

std::string with_header(const std::string& header, const std::string& elements = "") {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 255);
  file += static_cast<char>(header.size() >> 8);
  return file + header + elements;
}

std::string with_shape(const std::string& shape) {
  return with_header("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}");
}

std::string message(const std::string& bytes) {
  return test::error_of([&] { parse_npy(bytes, "x.npy"); });
}

std::string message_of(const std::string& name) { return message(file_of(name)); }

template <typename T>
void expect_all_orders(const std::string& code, std::array<T, 6> values) {
  const Tensor expected = Tensor::of<T>({2, 3}, values);
  for (const auto* variant : {"_little", "_big", "_little_fortran", "_big_fortran"})
    EXPECT_EQ(read_npy(numpy / (code + variant + ".npy")), expected) << code << variant;
}

TEST(Npy, ReadsWhatNumPyWrites) {
  constexpr auto inf = std::numeric_limits<double>::infinity();
  expect_all_orders<bool>("b1", {true, false, true, true, false, false});
  expect_all_orders<std::int8_t>("i1", {-128, -1, 0, 1, 2, 127});
  expect_all_orders<std::uint8_t>("u1", {0, 1, 2, 127, 128, 255});
  expect_all_orders<std::int32_t>("i2", {-32768, -1, 0, 1, 2, 32767});
  expect_all_orders<std::int32_t>("u2", {0, 1, 2, 32767, 32768, 65535});
  expect_all_orders<std::int32_t>("i4", {INT32_MIN, -1, 0, 1, 2, INT32_MAX});
  expect_all_orders<std::int64_t>("u4", {0, 1, 2, 2147483647, 2147483648, 4294967295});
  expect_all_orders<std::int64_t>("i8", {INT64_MIN, -1, 0, 1, 2, INT64_MAX});
  expect_all_orders<float>("f2", {-65504, 0x1p-24f, 0x1p-14f, 1.5f, HUGE_VALF, -0.0f});
  expect_all_orders<float>("f4", {-1.5f, 0x1p-149f, 0.1f, 3e38f, HUGE_VALF, -0.0f});
  expect_all_orders<double>("f8", {-1.5, 0x1p-1074, 0.1, 1e308, inf, -0.0});
}

TEST(Npy, ReadsEveryVersionRankAndOrder) {
  std::vector<std::int32_t> values(24);
  for (int i = 0; i < 24; ++i) values[static_cast<std::size_t>(i)] = i;
  const Tensor cube = Tensor::of<std::int32_t>({2, 3, 4}, values);
  for (const auto* name : {"cube_fortran.npy", "version_1.npy", "version_2.npy", "version_3.npy"})
    EXPECT_EQ(read_npy(numpy / name), cube) << name;
  EXPECT_EQ(read_npy(numpy / "scalar.npy"), Tensor::scalar(2.5f));
  EXPECT_EQ(read_npy(numpy / "empty.npy"), Tensor(DType::f64, {0, 4}));
}

TEST(Npy, WritesTheBytesThatNumPyWrites) {
  for (const auto* name :
       {"b1_little.npy", "i1_little.npy", "u1_little.npy", "i4_little.npy", "i8_little.npy",
        "f4_little.npy", "f8_little.npy", "scalar.npy", "vector.npy", "empty.npy", "version_1.npy"})
    EXPECT_EQ(npy_bytes(parse_npy(file_of(name), name), name), file_of(name)) << name;
}

TEST(Npy, RandomTensorsComeBack) {
  const Random random(7, "npy");
  std::uint64_t draw = 0;
  for (int round = 0; round < 200; ++round) {
    Shape shape(random.below(5, draw++));
    for (auto& extent : shape) extent = static_cast<std::int64_t>(random.below(6, draw++));
    auto dtype = static_cast<DType>(random.below(dtype_count, draw++));
    if (dtype == DType::bf16 || dtype == DType::token) dtype = DType::f32;
    Tensor tensor(dtype, shape);
    const std::uint64_t values = dtype == DType::boolean ? 2 : 256;
    for (std::size_t i = 0; i < tensor.bytes(); ++i)
      tensor.data()[i] = static_cast<std::byte>(random.below(values, draw++));
    EXPECT_EQ(parse_npy(npy_bytes(tensor, "x"), "x"), tensor) << to_string(shape);
  }
}

// Against the definition: 1 sign, 5 exponent, 10 mantissa bits (IEEE 754 binary16).
TEST(Npy, EveryHalfIsWidenedExactly) {
  std::string elements;
  for (int half = 0; half < 65536; ++half) {
    elements += static_cast<char>(half & 255);
    elements += static_cast<char>(half >> 8);
  }
  const Tensor tensor = parse_npy(
      with_header("{'descr': '<f2', 'fortran_order': False, 'shape': (65536,)}", elements), "x");
  const auto values = tensor.span<float>();
  for (int half = 0; half < 65536; ++half) {
    const int exponent = half >> 10 & 31, mantissa = half & 1023;
    const double sign = half >> 15 ? -1 : 1;
    const float value = values[static_cast<std::size_t>(half)];
    if (exponent == 31 && mantissa != 0)
      EXPECT_TRUE(std::isnan(value)) << half;
    else if (exponent == 31)
      EXPECT_EQ(value, sign * HUGE_VAL) << half;
    else if (exponent == 0)
      EXPECT_EQ(value, sign * mantissa / 1024 * 0x1p-14) << half;
    else
      EXPECT_EQ(value, sign * (1 + mantissa / 1024.0) * std::pow(2, exponent - 15)) << half;
  }
}

TEST(Npy, AnyByteButZeroIsTrue) {
  const Tensor tensor =
      parse_npy(with_header("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}",
                            std::string("\0\x02\xff", 3)),
                "x");
  EXPECT_EQ(tensor, Tensor::of<bool>({3}, std::array{false, true, true}));
}

TEST(Npy, HeadersMayBeSpelledOtherwise) {
  const std::string header = R"({"shape":(1L,), "fortran_order" : True,"descr": "=i4"})";
  EXPECT_EQ(parse_npy(with_header(header, std::string("\x05\0\0\0", 4)), "x"),
            Tensor::of<std::int32_t>({1}, std::array{5}));
}

TEST(Npy, EveryTruncationIsRefused) {
  for (const auto* name : {"f4_little.npy", "i2_big_fortran.npy", "version_2.npy", "scalar.npy"}) {
    const std::string bytes = file_of(name);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      EXPECT_NE(message(bytes.substr(0, n)), "accepted") << name << " " << n;
  }
}

TEST(Npy, NamesUnsupportedTypesAndTheRemedy) {
  const auto refusal = [](const std::string& type) {
    return "x.npy: holds elements of type '" + type +
           "', which is not supported; save it as one of bool, int8 to int64, uint8 to uint32, "
           "float16 to float64";
  };
  EXPECT_EQ(message_of("refused_u8.npy"), refusal("<u8"));
  EXPECT_EQ(message_of("refused_c8.npy"), refusal("<c8"));
  EXPECT_EQ(message_of("refused_text.npy"), refusal("<U2"));
  EXPECT_EQ(message_of("refused_object.npy"), refusal("|O"));
  EXPECT_EQ(message_of("refused_records.npy"),
            "x.npy: holds records, which are not supported; save each field as an array");
  EXPECT_EQ(message(with_header("{'descr': '|f4', 'fortran_order': False, 'shape': ()}")),
            refusal("|f4"));
  EXPECT_EQ(message(with_header("{'descr': '', 'fortran_order': False, 'shape': ()}")),
            refusal(""));
}

TEST(Npy, NamesWhatIsWrongAndTheRemedy) {
  const auto damaged = [](const std::string& what) {
    return "x.npy: is damaged: the header " + what + "; save the array again";
  };
  EXPECT_EQ(message(""), "x.npy: is truncated at byte 0; save the array again");
  EXPECT_EQ(
      message("PK\3\4"),
      "x.npy: is not a .npy file: it does not begin with \\x93NUMPY; save it with numpy.save");
  EXPECT_EQ(message("\x93NUMPY\x04\x01....."),
            "x.npy: is of version 4.1; 1.0 to 3.0 are supported: save it with numpy.save");
  EXPECT_EQ(message(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12)),
            "x.npy: has a header of 4294967295 bytes, more than 64 KiB; save the array again");
  EXPECT_EQ(message(with_header("[]")), damaged("lacks '{' at byte 0"));
  EXPECT_EQ(message(with_header("{}")), damaged("lacks descr, fortran_order or shape"));
  EXPECT_EQ(message(with_header("{} {}")), damaged("goes on after its dictionary"));
  EXPECT_EQ(message(with_header("{'descr' '<f4'}")), damaged("lacks ':' at byte 9"));
  EXPECT_EQ(message(with_header("{descr: '<f4'}")), damaged("lacks a string at byte 1"));
  EXPECT_EQ(message(with_header("{'descr")), damaged("has a string without end"));
  EXPECT_EQ(message(with_header("{'descr': 'a' 'shape': ()}")),
            damaged("lacks a comma at byte 14"));
  EXPECT_EQ(message(with_header("{'order\x01': 'a'}")),
            damaged("has the key 'order?' twice or should not have it"));
  EXPECT_EQ(message(with_header("{'shape': (), 'shape': ()}")),
            damaged("has the key 'shape' twice or should not have it"));
  EXPECT_EQ(message(with_header("{'fortran_order': 1}")),
            damaged("has a fortran_order that is neither True nor False"));
  for (const auto* shape : {"(1)", "(-1,)", "(1,,)", "(99999999999999999999,)", "(a,)", "(1 2)"})
    EXPECT_EQ(message(with_shape(shape)), damaged("has a shape that is no tuple of extents"))
        << shape;
  EXPECT_EQ(
      message(with_shape("(2, 3)")),
      "x.npy: declares [2, 3] elements of 4 bytes, 24 in all, and holds 0; save the array again");
  EXPECT_EQ(
      message(file_of("vector.npy") + "!"),
      "x.npy: declares [3] elements of 4 bytes, 12 in all, and holds 13; save the array again");
  std::string ones;
  for (int i = 0; i < 33; ++i) ones += "1,";
  EXPECT_EQ(message(with_shape("(" + ones + ")")),
            "x.npy: has more than 32 axes; reshape the array");
}

// A header of a few bytes must not make us allocate, or multiply beyond 64 bits.
TEST(Npy, ClaimsBeyondTheLimitAreRefusedBeforeAllocating) {
  EXPECT_EQ(message(with_shape("(4611686018427387904, 4)")),
            "x.npy: declares [4611686018427387904, 4] elements of 4 bytes, more than 4 GiB; split "
            "the array");
  EXPECT_NE(message(with_shape("(65536, 65536)")).find("more than 4 GiB"), std::string::npos);
  EXPECT_NE(message(with_shape("(9223372036854775807, 9223372036854775807, 0)")).find("4 GiB"),
            std::string::npos);
  EXPECT_EQ(parse_npy(with_shape("(0, 9223372036854775807)"), "x").count(), 0);
}

TEST(Npy, Bf16IsUnknownToNumPy) {
  EXPECT_EQ(test::error_of([] { npy_bytes(Tensor(DType::bf16, {2}), "x.npy"); }),
            "x.npy: NumPy has no bf16; convert the tensor to f32 to write it");
}

TEST(Npy, FilesRoundTripAndAbsentOnesAreNamed) {
  const auto path = std::filesystem::path(testing::TempDir()) / "round.npy";
  write_file(path, npy_bytes(Tensor::scalar(1.5), "x"));
  EXPECT_EQ(read_npy(path), Tensor::scalar(1.5));
  EXPECT_THROW(read_npy("/absent/x.npy"), InputError);
}

}  // namespace
}  // namespace gnomon::data
