#pragma once

// The text form of a Program, which parses back to an equal one:
//
//   program "linear" {
//     dim b <= 128
//     parameter "weight" : f32[10, 784] = uniform(0.0357)
//     %0 = input {argument = "x"} : f32[b, 784]
//     %1 = read {state = "weight"} : f32[10, 784]
//     %2 = matmul(%0, %1) {transpose_lhs = false, transpose_rhs = true} : f32[b, 10] "head"
//     output "logits" = %2
//   }
//
// Values are numbered in order of definition. Behind a type, @tag is a layout; behind the types, a
// string is the label. Inner Programs are written in place. Constants of up to 16 elements are
// written out, larger ones by their content hash. `#` begins a comment.

#include <map>
#include <string>
#include <string_view>

#include "ir/program.h"

namespace gnomon::ir {

std::string print(const Program& program);

// The attributes of an operator as they stand there: "{group = "data", ranks = 4}".
std::string print_attributes(const Op& op);

// The program as a graph for Graphviz.
std::string dot(const Program& program);

// Parses and verifies. `file` is for messages: "linear.gir:5: matmul: k differs: …". `blobs` holds
// large constants by hash. Time and memory are linear in the text; inner Programs nest at most 16
// deep. Throws InputError.
Program parse(std::string_view text, std::string_view file,
              const std::map<std::string, Blob>& blobs = {});

}  // namespace gnomon::ir
