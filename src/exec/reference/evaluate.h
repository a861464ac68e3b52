#pragma once

// The definition of every operator: values from values, slow and obvious. Operators with a scalar
// function are computed from their index rule by one evaluator (indexed.h); the others by name
// (named.h). Every value is row-major.

#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "ir/program.h"

namespace gnomon::exec {

// native  f64 and f32 are computed in themselves, bf16 in f32 and rounded after every operator; sums
//         accumulated in order, without compensation.
// f64     every floating-point type is computed and kept as f64, nothing is rounded: for judging
//         errors.
// Integers are exact in both: a result outside its type saturates.
enum class Precision { native, f64 };

// The element type in which values of a declared type are kept.
DType kept_as(DType declared, Precision precision);

// The results of one node for the given operands. Types must be static (ir::specialise). Executors
// call this for operators they have no kernel for. `points`, if given, grows by the number of
// points of the index space that were visited; taps of a window in the padding are not. Input, Read
// and Write are the program's affair: InternalError.
std::vector<Tensor> evaluate_node(const ir::Node& node, std::span<const Tensor* const> operands,
                                  Precision precision = Precision::native,
                                  std::int64_t* points = nullptr);

}  // namespace gnomon::exec
