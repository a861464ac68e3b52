#include "data/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / name;
}

std::string file_with(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

std::string message(const std::string& bytes) {
  return test::error_of([&] { parse_safetensors(bytes, "weights.safetensors"); });
}

TEST(Safetensors, WritesWhatItReads) {
  NamedTensors contents;
  const float values[] = {1.5f, -2, 0, 4, 5, 6};
  contents.tensors.emplace("weight", Tensor::of<float>({2, 3}, values));
  contents.tensors.emplace("step", Tensor::scalar<std::int64_t>(-7));
  contents.tensors.emplace("half", convert(Tensor::of<float>({6}, values), DType::bf16));
  contents.tensors.emplace("none", Tensor(DType::u8, {0, 4}));
  contents.metadata["model"] = "lenet \"quoted\"";
  write_safetensors(scratch("round.safetensors"), contents);
  const auto read = read_safetensors(scratch("round.safetensors"));
  EXPECT_EQ(read.tensors, contents.tensors);
  EXPECT_EQ(read.metadata.at("model"), contents.metadata["model"]);
}

// More than the memory that there is; the file is sparse.
TEST(Safetensors, TheHeaderIsReadWithoutTheTensors) {
  const auto file = scratch("large.safetensors");
  const std::string header =
      R"({"__metadata__":{"step":"7"},"w":{"dtype":"F32","shape":[68719476736],"data_offsets":[0,274877906944]}})";
  write_file(file, file_with(header, ""));
  EXPECT_THROW(read_safetensors_header(file), InputError) << "the tensors are missing";
  std::filesystem::resize_file(file, 8 + header.size() + (std::uintmax_t{1} << 38));
  const auto read = read_safetensors_header(file);
  EXPECT_EQ(read.metadata.at("step"), "7");
  EXPECT_EQ(read.tensors.at("w").dtype, DType::f32);
  EXPECT_EQ(read.tensors.at("w").shape, Shape{std::int64_t{1} << 36});
  std::filesystem::resize_file(file, 4);
  EXPECT_THROW(read_safetensors_header(file), InputError);
  std::filesystem::remove(file);
  EXPECT_THROW(read_safetensors_header(file), InputError);
}

TEST(Safetensors, AHeaderThatCouldNotBeReadBackIsNotWritten) {
  NamedTensors contents;
  contents.metadata["text"] = std::string(std::size_t{101} << 20, 'x');
  const auto file = scratch("long_header.safetensors");
  const std::string error = test::error_of([&] { write_safetensors(file, contents); });
  EXPECT_NE(error.find("names and metadata would have 101 MiB"), std::string::npos) << error;
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Safetensors, TensorBytesBeginAligned) {
  NamedTensors contents;
  contents.tensors.emplace("x", Tensor::scalar<float>(1));
  write_safetensors(scratch("aligned.safetensors"), contents);
  const auto bytes = read_file(scratch("aligned.safetensors"), Bytes(1 << 20));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  EXPECT_EQ(length % 8, 0u);
}

TEST(Safetensors, ReadsTheFormatOfOthers) {
  const float value = 2.5f;
  const std::string data(reinterpret_cast<const char*>(&value), 4);
  const auto read = parse_safetensors(
      file_with(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   )", data), "other");
  EXPECT_EQ(read.tensors.at("a").span<float>()[0], 2.5f);
}

TEST(Safetensors, RefusesWhatIsNotSound) {
  EXPECT_EQ(
      message("abc"),
      "weights.safetensors: not a sound safetensors file: ends before the header; write it again");
  const auto with_entry = [](const std::string& entry, const std::string& data) {
    return message(file_with("{\"a\":" + entry + "}", data));
  };
  EXPECT_NE(with_entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "abcd")
                .find("byte range of a"),
            std::string::npos);
  EXPECT_NE(with_entry(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "abc")
                .find("holds 3 bytes"),
            std::string::npos);
  EXPECT_NE(with_entry(R"({"dtype":"F99","shape":[1],"data_offsets":[0,4]})", "abcd")
                .find("unknown dtype F99"),
            std::string::npos);
  EXPECT_NE(with_entry(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "abcd")
                .find("no list of extents"),
            std::string::npos);
  EXPECT_NE(
      with_entry(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})", "abcd")
          .find("2^48"),
      std::string::npos);
  EXPECT_NE(with_entry(R"({"dtype":"F32"})", "").find("lacks dtype, shape or data_offsets"),
            std::string::npos);
  EXPECT_NE(message(file_with("[]", "")).find("not a JSON object"), std::string::npos);
  EXPECT_NE(message(file_with(std::string(100000, '['), "")).find("not the JSON expected"),
            std::string::npos);
}

TEST(Safetensors, FlippedBitIsFound) {
  NamedTensors contents;
  contents.tensors.emplace("x", Tensor(DType::f32, {64}));
  write_safetensors(scratch("flip.safetensors"), contents);
  auto bytes = read_file(scratch("flip.safetensors"), Bytes(1 << 20));
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  EXPECT_NE(message(bytes).find("checksum"), std::string::npos);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  NamedTensors contents;
  contents.tensors.emplace("x", Tensor(DType::f32, {8}));
  contents.tensors.emplace("y", Tensor(DType::u8, {3}));
  write_safetensors(scratch("cut.safetensors"), contents);
  const auto bytes = read_file(scratch("cut.safetensors"), Bytes(1 << 20));
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_THROW(parse_safetensors(std::string_view(bytes).substr(0, n), "cut"), InputError) << n;
}

}  // namespace
}  // namespace gnomon::data
