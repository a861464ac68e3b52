#pragma once

// A subcommand of `gnomon`: one function per file in src/app/commands that declares its options on
// `parent` and sets the callback that runs it. command_line.cc holds the only list.

#include <CLI/CLI.hpp>
#include <string>

namespace gnomon::app {

// What a finished command tells the shell; thrown by commands whose answer is "no" or that pass on
// a child's code.
struct Exit {
  int code;
};

// Checks of a number, for options that are whole numbers: CLI11's own name the largest double.
inline std::string at_least_0(const std::string& text) {
  return text.starts_with('-') ? text + ": must be at least 0" : "";
}

inline std::string at_least_1(const std::string& text) {
  return text == "0"             ? "0: must be at least 1"
         : text.starts_with('-') ? text + ": must be at least 1"
                                 : "";
}

}  // namespace gnomon::app
