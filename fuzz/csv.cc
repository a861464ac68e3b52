// Any text is a table, whose parts fit together, or refused with InputError.

#include "data/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool labelled : {true, false}) {
    try {
      const auto table = gnomon::data::parse_csv(text, "fuzz", {.labelled = labelled, .label = ""});
      if (labelled && table.labels.count() != table.features.shape()[0]) __builtin_trap();
      for (const auto label : table.labels.span<std::int32_t>())
        if (label < 0 || label >= static_cast<std::int64_t>(table.classes.size())) __builtin_trap();
    } catch (const gnomon::InputError&) {
    }
  }
  return 0;
}
