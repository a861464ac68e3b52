#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_profile_training(CLI::App& parent);

}  // namespace gnomon::app
