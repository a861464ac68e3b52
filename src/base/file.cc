#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace gnomon {

std::string read_file(const std::filesystem::path& path, Bytes limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    throw InputError("{}: cannot be read: {}", path.string(), std::strerror(errno));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0 || S_ISDIR(facts.st_mode))
    throw InputError("{}: is not a file", path.string());
  const auto check_size = [&](double size) {
    if (size > limit.value)
      throw InputError("{}: larger than {}, the most that is read here", path.string(),
                       to_string(limit));
  };
  check_size(static_cast<double>(facts.st_size));
  std::string contents;
  std::size_t used = 0;
  while (true) {
    if (contents.size() - used < 4096)
      contents.resize(
          std::max<std::size_t>(used * 2, static_cast<std::size_t>(facts.st_size) + 4097));
    const auto n = ::read(file.get(), contents.data() + used, contents.size() - used);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw InputError("{}: cannot be read: {}", path.string(), std::strerror(errno));
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
    check_size(static_cast<double>(used));
  }
  contents.resize(used);
  return contents;
}

// A new file beside `path`, with the rights that the user's umask leaves; its name goes to `name`.
static int create_beside(const std::filesystem::path& path, std::string& name) {
  static std::atomic<unsigned> count{0};
  while (true) {
    name = fmt::format("{}.{}-{}", path.string(), ::getpid(), count++);
    const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) return file;
  }
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
  const auto fail = [&](const char* what) {
    const std::string cause = std::strerror(errno);
    throw EnvironmentError("{}: {}: {}; nothing was changed", path.string(), what, cause);
  };
  std::string temporary;
  Descriptor file(create_beside(path, temporary));
  if (file.get() < 0) fail("cannot be created");
  try {
    while (!contents.empty()) {
      const auto n = ::write(file.get(), contents.data(), contents.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("cannot be written");
      contents.remove_prefix(static_cast<std::size_t>(n));
    }
    if (::fsync(file.get()) != 0 || file.close() != 0) fail("cannot be written");
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail("cannot be replaced");
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

// "run.json.4711-0" is of "run.json": process and count, as create_beside writes them.
std::string_view name_behind_temporary(std::string_view name) {
  const auto take_digits = [&] {
    const auto last = name.find_last_not_of("0123456789");
    const bool some = last != std::string_view::npos && last + 1 < name.size();
    if (some) name = name.substr(0, last + 1);
    return some;
  };
  if (!take_digits() || !name.ends_with('-')) return {};
  name.remove_suffix(1);
  if (!take_digits() || !name.ends_with('.')) return {};
  name.remove_suffix(1);
  return name;
}

void remove_temporaries(const std::filesystem::path& folder,
                        const std::function<bool(std::string_view)>& wanted) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    const std::string_view name = name_behind_temporary(file);
    std::error_code unknown;
    if (name.empty() || !wanted(name) ||
        !std::filesystem::is_regular_file(entry.symlink_status(unknown)))
      continue;
    std::filesystem::remove(entry.path(), error);
    if (error)
      throw EnvironmentError("{}: cannot be removed: {}; it is half of a file and can go",
                             entry.path().string(), error.message());
  }
  if (error) throw EnvironmentError("{}: cannot be read: {}", folder.string(), error.message());
}

void create_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw EnvironmentError("{}: cannot be created: {}", folder.string(), error.message());
}

void require_writable(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file))
    throw InputError("{}: is a folder; name a file in it", file.string());
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  create_folder(folder);
  if (::access(folder.c_str(), W_OK) != 0)
    throw EnvironmentError("{}: cannot be written: {}", file.string(), std::strerror(errno));
}

}  // namespace gnomon
