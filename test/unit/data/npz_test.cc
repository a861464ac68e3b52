#include "data/npz.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "unit/error_of.h"

namespace gnomon::data {
namespace {

const std::filesystem::path numpy = std::filesystem::path(GNOMON_TEST_DATA) / "numpy";

std::string file_of(const std::string& name) { return read_file(numpy / name, Bytes(1 << 20)); }

std::map<std::string, Tensor> three() {
  std::array<float, 24> weight{};
  std::iota(weight.begin(), weight.end(), 0.0f);
  std::map<std::string, Tensor> tensors;
  tensors.emplace("weight", Tensor::of<float>({2, 3, 4}, weight));
  tensors.emplace("bias", Tensor::of<double>({2}, std::array{1.5, -2.0}));
  tensors.emplace("flags", Tensor::of<bool>({2}, std::array{true, false}));
  return tensors;
}

std::string message(const std::string& bytes) {
  return test::error_of([&] { parse_npz(bytes, "x.npz"); });
}

// Replaces every occurrence: names stand in a member's own header and in the directory.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// Overwrites bytes of every member's own header and of its entry in the directory, where the same
// field stands two bytes further on (APPNOTE 4.3.7, 4.3.12).
std::string patched(std::string archive, std::size_t offset, std::string_view bytes) {
  for (auto at = archive.find("PK\3\4"); at != archive.npos; at = archive.find("PK\3\4", at + 1))
    archive.replace(at + offset, bytes.size(), bytes);
  for (auto at = archive.find("PK\1\2"); at != archive.npos; at = archive.find("PK\1\2", at + 1))
    archive.replace(at + offset + 2, bytes.size(), bytes);
  return archive;
}
constexpr std::size_t flags_field = 6, method_field = 8, size_field = 22;

TEST(Npz, ReadsWhatNumPyWrites) {
  EXPECT_EQ(read_npz(numpy / "stored.npz"), three());
  EXPECT_EQ(read_npz(numpy / "deflated.npz"), three());
}

TEST(Npz, WritesWhatItReadsAndEqualBytesForEqualTensors) {
  const auto path = std::filesystem::path(testing::TempDir()) / "round.npz";
  write_file(path, npz_bytes(three(), "x"));
  EXPECT_EQ(read_npz(path), three());
  EXPECT_EQ(npz_bytes(read_npz(path), "x"), npz_bytes(three(), "x"));
  EXPECT_TRUE(parse_npz(npz_bytes({}, "x"), "x").empty());
}

TEST(Npz, AConstantArrayUnpacks) {
  EXPECT_EQ(read_npz(numpy / "bomb.npz").at("zeros"), Tensor(DType::u8, {1 << 20}));
}

TEST(Npz, EveryTruncationIsRefused) {
  for (const auto* name : {"stored.npz", "deflated.npz"}) {
    const std::string bytes = file_of(name);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      EXPECT_TRUE(message(bytes.substr(0, n)).starts_with("x.npz: ")) << name << " " << n;
  }
}

TEST(Npz, EveryFlippedByteIsRefusedOrChangesNoValue) {
  const std::string bytes = file_of("deflated.npz");
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    std::string flipped = bytes;
    flipped[n] = static_cast<char>(flipped[n] ^ 0x10);
    try {
      const auto tensors = parse_npz(flipped, "x.npz");
      for (const auto& [name, tensor] : three())
        EXPECT_TRUE(!tensors.contains(name) || tensors.at(name) == tensor) << n;
    } catch (const InputError&) {
    }
  }
}

TEST(Npz, NamesWhatIsWrongAndTheRemedy) {
  std::map<std::string, Tensor> pair;
  pair.emplace("a", Tensor::scalar(1.5f));
  pair.emplace("b", Tensor::scalar(2.5f));
  const std::string two = npz_bytes(pair, "x");
  EXPECT_EQ(message(""), "x.npz: is damaged: it is empty; save the archive again");
  EXPECT_EQ(message(file_of("vector.npy")),
            "x.npz: is damaged: as a zip archive: Not a zip archive; save the archive again");
  EXPECT_EQ(message(replaced(two, "a.npy", "a.txt")),
            "x.npz: a.txt: is not an array (.npy); save the archive with numpy.savez");
  EXPECT_EQ(message(replaced(two, "b.npy", "a.npy")),
            "x.npz: is damaged: as a zip archive: File already exists; save the archive again");
  EXPECT_EQ(message(replaced(two, "NUMPY", "NUMPI")),
            "x.npz: a.npy: is damaged: CRC error; save the archive again");
  EXPECT_EQ(message(patched(two, flags_field, "\1")),
            "x.npz: a.npy: is encrypted; save the archive without a password");
  EXPECT_EQ(message(patched(two, method_field, "\14")),
            "x.npz: a.npy: is packed by method 12; save the archive with numpy.savez_compressed");
  EXPECT_EQ(message(patched(two, method_field, "\10")),
            "x.npz: a.npy: is damaged: CRC error; save the archive again");
}

// What the directory claims must not make us allocate.
TEST(Npz, BombsAreRefusedBeforeAllocating) {
  std::map<std::string, Tensor> one;
  one.emplace("a", Tensor::scalar(1.5f));
  const std::string deflated = patched(npz_bytes(one, "x"), method_field, "\10");
  EXPECT_EQ(
      message(patched(deflated, size_field, "\xf0\xff\xff\xff")),
      "x.npz: a.npy: is damaged: 132 bytes cannot unpack to 4294967280; save the archive again");
}

TEST(Npz, MisusesOfTheWriterAreNamed) {
  const auto refusal = [](const std::string& name, DType dtype) -> std::string {
    std::map<std::string, Tensor> tensors;
    tensors.emplace(name, Tensor(dtype, {2}));
    return test::error_of([&] { npz_bytes(tensors, "x.npz"); });
  };
  EXPECT_EQ(refusal("", DType::f32), "x.npz: an array has no name; give it one");
  EXPECT_EQ(refusal("\xff", DType::f32),
            "x.npz: the name of an array is not UTF-8; give it another");
  EXPECT_EQ(refusal("w", DType::bf16),
            "x.npz: w: NumPy has no bf16; convert the tensor to f32 to write it");
}

}  // namespace
}  // namespace gnomon::data
