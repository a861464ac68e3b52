#pragma once

// The code that is generated while the program runs, oneDNN's and our own, by name, for profilers:
// in files in the form of perf's maps ("START SIZE NAME" a line, hexadecimal).

#include <array>
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace gnomon::exec {

// While it lives, what is generated is listed: by oneDNN in a place of its choice,
// /tmp/perf-PID.map, and beside it our own. The files are removed in the end. One at a time.
class GeneratedCodeList {
 public:
  GeneratedCodeList();
  ~GeneratedCodeList();
  GeneratedCodeList(const GeneratedCodeList&) = delete;
  GeneratedCodeList& operator=(const GeneratedCodeList&) = delete;

  // Absent until there is a kernel, the first also if oneDNN was built without this.
  const std::array<std::filesystem::path, 2>& files() const { return files_; }

 private:
  std::array<std::filesystem::path, 2> files_;
};

// Adds code of ours to the list that lives, if there is one. Any thread may call.
void list_generated(const void* code, std::size_t bytes, std::string_view name);

}  // namespace gnomon::exec
