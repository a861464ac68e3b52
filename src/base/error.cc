#include "base/error.h"

#include <string_view>

namespace gnomon {

void internal_error(const char* file, int line, const std::string& what) {
  std::string_view path = file;
  const auto src = path.rfind("src/");
  if (src != std::string_view::npos) path.remove_prefix(src);
  throw InternalError(fmt::format("{}:{}: {}", path, line, what));
}

}  // namespace gnomon
