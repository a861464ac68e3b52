#pragma once

#include <filesystem>

#include "trace/trace.h"

namespace gnomon::trace {

// The format is chosen by the file's name: Chrome's JSON for ".json" (chrome.h), otherwise
// Perfetto's own (perfetto.h), about a third of the size. ui.perfetto.dev opens both. Writes beside
// `file` and renames, so that a reader never sees half a trace. Throws EnvironmentError naming the
// file and the cause.
void write_trace(const Trace& trace, const std::filesystem::path& file);

bool is_chrome_name(const std::filesystem::path& file);

}  // namespace gnomon::trace
