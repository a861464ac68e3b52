#include "base/dtype.h"

namespace gnomon {

std::string_view name(DType type) {
  switch (type) {
    case DType::f64:
      return "f64";
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::i64:
      return "i64";
    case DType::i32:
      return "i32";
    case DType::i8:
      return "i8";
    case DType::u8:
      return "u8";
    case DType::boolean:
      return "bool";
    case DType::token:
      return "token";
  }
  return "?";
}

std::optional<DType> dtype_named(std::string_view text) {
  for (int i = 0; i < dtype_count; ++i) {
    const auto type = static_cast<DType>(i);
    if (name(type) == text) return type;
  }
  return std::nullopt;
}

}  // namespace gnomon
