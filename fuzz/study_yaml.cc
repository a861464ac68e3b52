// Any text is a study or the caller's mistake.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "study/specification.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto study = gnomon::study::parse_study(text, "fuzz.yaml");
    gnomon::study::content_hash(study);
    gnomon::study::configurations(study);
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
