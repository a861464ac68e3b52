#pragma once

// The only list of operators. Text form, inference, costs, gradients, executors and property tests
// follow from it: an operator is added by writing its file in ir/ops and naming it here.

#include <variant>

#include "ir/ops/add.h"
#include "ir/ops/all_gather.h"
#include "ir/ops/all_reduce.h"
#include "ir/ops/all_to_all.h"
#include "ir/ops/arg_max.h"
#include "ir/ops/broadcast.h"
#include "ir/ops/constant.h"
#include "ir/ops/convert.h"
#include "ir/ops/convolution.h"
#include "ir/ops/convolution_input_gradient.h"
#include "ir/ops/convolution_weight_gradient.h"
#include "ir/ops/divide.h"
#include "ir/ops/exp.h"
#include "ir/ops/extent.h"
#include "ir/ops/full.h"
#include "ir/ops/fused.h"
#include "ir/ops/gather.h"
#include "ir/ops/if_op.h"
#include "ir/ops/input.h"
#include "ir/ops/iota.h"
#include "ir/ops/log.h"
#include "ir/ops/log_softmax.h"
#include "ir/ops/mat_mul.h"
#include "ir/ops/max.h"
#include "ir/ops/max_pool.h"
#include "ir/ops/max_pool_gradient.h"
#include "ir/ops/maximum.h"
#include "ir/ops/multiply.h"
#include "ir/ops/negate.h"
#include "ir/ops/one_hot.h"
#include "ir/ops/random_uniform.h"
#include "ir/ops/read.h"
#include "ir/ops/recv.h"
#include "ir/ops/reduce_scatter.h"
#include "ir/ops/relu.h"
#include "ir/ops/reorder.h"
#include "ir/ops/repeat.h"
#include "ir/ops/reshape.h"
#include "ir/ops/scatter_add.h"
#include "ir/ops/send.h"
#include "ir/ops/softmax.h"
#include "ir/ops/square_root.h"
#include "ir/ops/step.h"
#include "ir/ops/subtract.h"
#include "ir/ops/sum.h"
#include "ir/ops/tanh.h"
#include "ir/ops/token.h"
#include "ir/ops/transpose.h"
#include "ir/ops/write.h"

namespace gnomon::ir {

// A variant of operators; naming a type that lacks a part of the declaration does not compile.
template <Operator... Ops>
using OneOf = std::variant<Ops...>;

using Op =
    OneOf<Input, Read, Write, Constant, Full, Iota,                 // sources and sinks
          Convert, Negate, Exp, Log, SquareRoot, Relu, Step, Tanh,  // element by element
          Add, Subtract, Multiply, Divide, Maximum,                 // and of two operands
          Broadcast, Reshape, Transpose, Reorder,                   // the same elements elsewhere
          Sum, Max, Extent, ArgMax, OneHot, Gather, ScatterAdd, Softmax,
          LogSoftmax,  // along dimensions
          MatMul, Convolution, ConvolutionInputGradient, ConvolutionWeightGradient, MaxPool,
          MaxPoolGradient, RandomUniform, Fused, If, Repeat,                  // inner Programs
          Token, AllReduce, AllGather, ReduceScatter, AllToAll, Send, Recv>;  // between ranks

}  // namespace gnomon::ir
