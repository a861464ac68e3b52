#pragma once

#include "app/command.h"

namespace gnomon::app {

void add_train(CLI::App& parent);

}  // namespace gnomon::app
