#include "data/image_folder.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "data/image.h"

namespace gnomon::data {
namespace {

namespace fs = std::filesystem;

constexpr Bytes file_limit(64 << 20);
constexpr std::int64_t pixel_limit = std::int64_t{4} << 30;
constexpr std::size_t most_classes = 256;  // labels are u8

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
  if (error)
    throw InputError("{}: cannot be read as a folder: {}", folder.string(), error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::string describe(const Tensor& image) {
  const Shape& shape = image.shape();
  return fmt::format("{} × {} in {}", shape[2], shape[1], shape[0] == 1 ? "grey" : "colour");
}

struct Entry {
  fs::path file;
  std::uint8_t label;
};

std::vector<Entry> list_images(const fs::path& folder, std::vector<std::string>& classes) {
  std::vector<Entry> images;
  for (const auto& subfolder : sorted_entries(folder)) {
    if (!fs::is_directory(subfolder))
      throw InputError("{}: stands beside the classes' folders; move it into one, or away",
                       subfolder.string());
    if (classes.size() == most_classes)
      throw InputError("{}: has more than {} subfolders, one a class; leave some out",
                       folder.string(), most_classes);
    const auto files = sorted_entries(subfolder);
    if (files.empty())
      throw InputError("{}: holds no images; put some in or remove the folder", subfolder.string());
    for (const auto& file : files) {
      if (!is_image_name(file) || !fs::is_regular_file(file))
        throw InputError("{}: is no file named *.png, *.jpg or *.jpeg; remove it", file.string());
      images.push_back({file, static_cast<std::uint8_t>(classes.size())});
    }
    classes.push_back(subfolder.filename().string());
  }
  if (images.empty())
    throw InputError("{}: has no subfolders; make one of images for each class", folder.string());
  return images;
}

}  // namespace

Dataset read_image_folder(const fs::path& folder) {
  std::vector<std::string> classes;
  const auto entries = list_images(folder, classes);
  const auto decode = [](const Entry& entry) {
    return decode_image(read_file(entry.file, file_limit), entry.file.string());
  };
  const Tensor first = decode(entries[0]);
  const auto count = static_cast<std::int64_t>(entries.size());
  if (count > pixel_limit / first.count())
    throw InputError("{}: {} images of {} are more than 4 GiB; leave some out or scale them down",
                     folder.string(), count, describe(first));
  Shape shape = first.shape();
  shape.insert(shape.begin(), count);
  Tensor images(DType::u8, shape);
  Tensor labels(DType::u8, {count});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Tensor image = i == 0 ? first : decode(entries[i]);
    if (image.shape() != first.shape())
      throw InputError("{}: is {}, but {} is {}; make all of one size", entries[i].file.string(),
                       describe(image), entries[0].file.string(), describe(first));
    std::memcpy(images.data() + i * image.bytes(), image.data(), image.bytes());
    labels.span<std::uint8_t>()[i] = entries[i].label;
  }
  return make_dataset(folder.string(), std::move(images), std::move(labels), std::move(classes));
}

}  // namespace gnomon::data
