#pragma once

#include "app/command.h"

namespace gnomon::app {

// gnomon ir: a model's program as text, graph or JSON, after any of the passes.
void add_ir(CLI::App& parent);

}  // namespace gnomon::app
