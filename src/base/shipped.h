#pragma once

// Files that come with the program: machines/, studies/, tools/.

#include <filesystem>
#include <optional>

namespace gnomon {

// The nearest place above the executable that holds `relative`, itself or in share/gnomon (where an
// installation keeps it); nothing if there is none.
std::optional<std::filesystem::path> find_shipped(const std::filesystem::path& relative);

}  // namespace gnomon
