#pragma once

// Files, whole. Reads are bounded; writes are atomic: a reader sees the old contents or the new,
// never a mixture, also after a crash or with a full disk.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"

namespace gnomon {

// Throws InputError naming the file if it is absent, unreadable or larger than `limit`.
std::string read_file(const std::filesystem::path& path, Bytes limit);

// Writes a temporary file beside `path`, flushes it to the disk and renames it. Throws
// EnvironmentError naming the file and the cause (a full disk, no permission); the old file is then
// untouched.
void write_file(const std::filesystem::path& path, std::string_view contents);

// The name of the file that write_file was writing under the temporary name `name`, which a killed
// process leaves behind; empty if `name` is no temporary name.
std::string_view name_behind_temporary(std::string_view name);

// Removes from the folder what write_file left there of the files whose name is `wanted`, when it
// was killed. Whatever else is there stays. Throws EnvironmentError naming what cannot be removed.
void remove_temporaries(const std::filesystem::path& folder,
                        const std::function<bool(std::string_view)>& wanted);

// Creates the folder and those above it. Throws EnvironmentError naming it and the cause.
void create_folder(const std::filesystem::path& folder);

// Before long work whose result goes to `file`: creates its folder, and throws InputError if `file`
// is a folder itself, EnvironmentError if it could not be written.
void require_writable(const std::filesystem::path& file);

}  // namespace gnomon
