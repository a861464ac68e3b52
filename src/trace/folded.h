#pragma once

// Counted stacks as a text file in the form of Brendan Gregg's stackcollapse programs
// (github.com/brendangregg/FlameGraph): a stack a line, its frames from the outermost inward with
// semicolons between, a blank, and the number of samples:
//
//   # period: 5025126 ns
//   # lost: 0 samples
//   main;_start;main;gnomon::app::run;… 311
//
// ui.perfetto.dev, speedscope.app and flamegraph.pl open it. The first frame is the thread, as
// other programs' collapsed stacks begin with it or with the program. Lines that begin with # are
// comments, which those programs skip too; two of ours tell the period of sampling and the samples
// lost.

#include <filesystem>
#include <string>
#include <string_view>

#include "trace/stacks.h"

namespace gnomon::trace {

// In a name a semicolon becomes a colon and a control character (a line's end among them) a blank.
// Lines are sorted by their frames' names. No thread's name may begin with #.
std::string to_folded(const Stacks& stacks);

// Whether the file is meant to hold collapsed stacks: its name ends in .folded or .collapsed, or
// the first line that is no comment is a stack with its count. False if it cannot be read.
bool is_folded(const std::filesystem::path& file);

// Throws InputError naming the file, the line and the remedy if the file is absent, larger than
// 256 MiB or holds what is no stack; if a line is longer than 64 KiB or deeper than 1,024 frames;
// if counts add up to more than 2^53, or the tree to more than two million calls. Equal stacks are
// added.
Stacks read_folded(const std::filesystem::path& file);

// The same from text; `origin` is what errors call it.
Stacks parse_folded(std::string_view text, std::string_view origin);

}  // namespace gnomon::trace
