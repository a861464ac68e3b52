#pragma once

// The kernels that oneDNN generates while it runs, by name, for profilers: it lists them in a file
// in the form of perf's maps ("START SIZE NAME" a line, hexadecimal).

#include <filesystem>

namespace gnomon::exec {

// While it lives, the kernels that are generated are listed. oneDNN chooses the place,
// /tmp/perf-PID.map; the file is removed in the end.
class GeneratedCodeList {
 public:
  GeneratedCodeList();
  ~GeneratedCodeList();
  GeneratedCodeList(const GeneratedCodeList&) = delete;
  GeneratedCodeList& operator=(const GeneratedCodeList&) = delete;

  // Absent until there is a kernel, and if oneDNN was built without this.
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
};

}  // namespace gnomon::exec
