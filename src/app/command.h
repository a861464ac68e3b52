#pragma once

// A subcommand of `gnomon`: one function per file in src/app/commands that declares its options on
// `parent` and sets the callback that runs it. command_line.cc holds the only list.

#include <CLI/CLI.hpp>

namespace gnomon::app {

// What a finished command tells the shell; thrown by commands whose answer is "no" or that pass on
// a child's code.
struct Exit {
  int code;
};

}  // namespace gnomon::app
