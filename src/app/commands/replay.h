#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_replay(CLI::App& parent);

}  // namespace gnomon::app
