#include "base/tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace gnomon {
namespace {

template <typename T>
Tensor vector_of(std::vector<T> values) {
  return Tensor::of<T>({static_cast<std::int64_t>(values.size())}, values);
}

template <typename To, typename From>
std::vector<To> converted(std::vector<From> values) {
  const Tensor result = convert(vector_of(std::move(values)), dtype_of<To>());
  return {result.span<To>().begin(), result.span<To>().end()};
}

TEST(DType, NamesParseBack) {
  for (int i = 0; i < dtype_count; ++i)
    EXPECT_EQ(dtype_named(name(static_cast<DType>(i))), static_cast<DType>(i));
  EXPECT_EQ(dtype_named("f16"), std::nullopt);
}

TEST(Bf16, RoundsToNearestEven) {
  const auto bits_of = [](std::uint32_t u) { return Bf16(std::bit_cast<float>(u)).bits; };
  EXPECT_EQ(bits_of(0x3f800000), 0x3f80);  // exact
  EXPECT_EQ(bits_of(0x3f807fff), 0x3f80);  // below the middle
  EXPECT_EQ(bits_of(0x3f808000), 0x3f80);  // the middle, to even
  EXPECT_EQ(bits_of(0x3f818000), 0x3f82);  // the middle, to even
  EXPECT_EQ(bits_of(0x3f808001), 0x3f81);  // above the middle
  EXPECT_EQ(bits_of(0x7f7fffff), 0x7f80);  // the largest f32 overflows
  EXPECT_EQ(bits_of(0x80000000), 0x8000);  // −0
  EXPECT_EQ(bits_of(0x00000001), 0x0000);  // the smallest subnormal
}

TEST(Bf16, KeepsInfinityAndNaN) {
  EXPECT_EQ(Bf16(std::numeric_limits<float>::infinity()).bits, 0x7f80);
  // A NaN whose payload lies in the lower half only must not become an infinity.
  EXPECT_TRUE(std::isnan(static_cast<float>(Bf16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(static_cast<float>(Bf16(std::bit_cast<float>(0xffffffffu)))));
}

TEST(Bf16, EveryValueSurvivesTheWayThroughF32) {
  for (std::uint32_t i = 0; i < 0x10000; ++i) {
    Bf16 value;
    value.bits = static_cast<std::uint16_t>(i);
    const auto wide = static_cast<float>(value);
    if (!std::isnan(wide)) {
      ASSERT_EQ(Bf16(wide).bits, value.bits);
    }
  }
}

TEST(Tensor, CountsElementsAndRefusesOverflow) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({3, 0, 5}), 0);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_THROW(element_count({1 << 25, 1 << 25}), InputError);
  EXPECT_THROW(element_count({-1}), InputError);
}

TEST(Tensor, IsZeroFilledAndAligned) {
  const Tensor tensor(DType::f32, {5});
  for (const float value : tensor.span<float>()) EXPECT_EQ(value, 0);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % 64, 0u);
}

TEST(Tensor, CopiesAreDeepAndEqualityCoversTypeShapeAndBytes) {
  const Tensor a = vector_of<float>({1, 2, 3, 4});
  Tensor b = a;
  EXPECT_EQ(a, b);
  b.span<float>()[3] = 5;
  EXPECT_NE(a, b);
  EXPECT_EQ(a.span<float>()[3], 4);
  EXPECT_NE(a, Tensor::of<float>({2, 2}, a.span<float>()));
  EXPECT_NE(Tensor(DType::f32, {2}), Tensor(DType::i32, {2}));
}

TEST(Tensor, ReadingAnotherTypeIsOurBug) {
  EXPECT_THROW(Tensor(DType::f32, {1}).span<double>(), InternalError);
}

TEST(Convert, RoundsToNearestEvenAndSaturates) {
  EXPECT_EQ((converted<std::int32_t, float>({0.5f, 1.5f, 2.5f, -0.5f, -1.5f})),
            (std::vector<std::int32_t>{0, 2, 2, 0, -2}));
  EXPECT_EQ((converted<std::uint8_t, float>({-3.0f, 254.6f, 300.0f})),
            (std::vector<std::uint8_t>{0, 255, 255}));
  EXPECT_EQ((converted<std::int8_t, std::int32_t>({-200, 200, 7})),
            (std::vector<std::int8_t>{-128, 127, 7}));
  EXPECT_EQ((converted<std::int32_t, double>({1e300, -1e300, NAN})),
            (std::vector<std::int32_t>{2147483647, -2147483647 - 1, 0}));
}

TEST(Convert, KeepsWideIntegersExact) {
  EXPECT_EQ((converted<std::int64_t, std::int32_t>({2147483647, -1})),
            (std::vector<std::int64_t>{2147483647, -1}));
  const std::int64_t large = (std::int64_t{1} << 53) + 1;
  EXPECT_EQ((converted<std::int64_t, std::int64_t>({large})), std::vector<std::int64_t>{large});
}

TEST(Convert, DoublesAreRoundedToBf16Once) {
  // Just above half-way between 1 and the next bf16: in two roundings the excess is lost to f32.
  const double half_way = 1 + std::ldexp(1.0, -8), excess = std::ldexp(1.0, -40);
  Tensor doubles(DType::f64, {5});
  const double given[] = {half_way + excess, half_way - excess, -half_way - excess, 1e300, 1e-45};
  std::copy(std::begin(given), std::end(given), doubles.span<double>().begin());
  const Tensor rounded = convert(doubles, DType::bf16);
  const auto value = [&](std::size_t i) { return static_cast<float>(rounded.span<Bf16>()[i]); };
  EXPECT_EQ(value(0), 1 + std::ldexp(1.0F, -7));
  EXPECT_EQ(value(1), 1);
  EXPECT_EQ(value(2), -1 - std::ldexp(1.0F, -7));
  EXPECT_TRUE(std::isinf(value(3)));
  EXPECT_EQ(value(4), 0);
}

TEST(Convert, ToBf16MatchesTheScalarRounding) {
  const std::vector<float> values = {1.0f, 1.00390625f, 3.14159265f, -1e-40f, 3.4e38f};
  const Tensor result = convert(vector_of(values), DType::bf16);
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_EQ(result.span<Bf16>()[i].bits, Bf16(values[i]).bits);
}

}  // namespace
}  // namespace gnomon
