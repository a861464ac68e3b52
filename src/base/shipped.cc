#include "base/shipped.h"

#include "base/process.h"

namespace gnomon {

std::optional<std::filesystem::path> find_shipped(const std::filesystem::path& relative) {
  for (auto folder = self_executable().parent_path(); folder.has_relative_path();
       folder = folder.parent_path())
    for (const auto& candidate : {folder / relative, folder / "share/gnomon" / relative})
      if (std::filesystem::exists(candidate)) return candidate;
  return std::nullopt;
}

}  // namespace gnomon
