#pragma once

// Tables of numbers as text: comma-separated values (RFC 4180) with one column of labels.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace gnomon::data {

enum class CsvHeader {
  detect,  // the first record is a header if no field of it is a number
  present,
  absent,
};

struct CsvOptions {
  CsvHeader header = CsvHeader::detect;
  bool labelled = true;  // otherwise every column is a feature
  bool targets = false;  // labels are numbers to be predicted, not classes
  std::string label;     // the column of the labels, by its name in the header; empty: the last
};

struct Table {
  Tensor features;  // f32 [n, columns]
  Tensor labels;    // i32 [n], indices of `classes`; [0] if there are none; targets: f32 [n, 1]
  std::vector<std::string> columns;  // the features' names; empty without a header
  std::vector<std::string> classes;
};

// Parses a whole file; `origin` names it in messages.
//
// Fields are separated by commas, records end with LF or CRLF, the last may lack it; a field within
// double quotes may hold commas, line ends and doubled quotes. Spaces around a field that is not
// quoted, lines of nothing, and a byte order mark at the beginning are passed over.
//
// If every label is an integer from 0 to 65,535, labels are these integers and the classes "0" to
// the largest of them; otherwise they are words, and classes are numbered in the order in which
// they first appear. A fraction among labels that are all numbers is an error: it is a quantity,
// not a class; with `targets` labels are what features are, numbers.
//
// Throws InputError that opens with file:line:column (both from 1, columns in bytes) of the field
// at fault and says what to do: a feature that is empty or not a finite number that f32 can hold, a
// record with more or fewer fields than the first, a stray or unfinished quote, a line end of CR
// alone, a NUL, more than 65,536 fields or classes; with file alone: a named label column that is
// absent, stands twice or lacks a header, no column of features, no record. Memory is at most eight
// times the size of the file (at most 1 GiB).
Table parse_csv(std::string_view text, std::string_view origin, const CsvOptions& options = {});

// The same from a file; throws InputError if it cannot be read.
Table read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

}  // namespace gnomon::data
