#pragma once

// The operators without a scalar function, one overload each. An operator that has neither does not
// compile (evaluate.cc).

#include "exec/reference/call.h"

namespace gnomon::exec::reference {

// Sources and sinks.
std::vector<Tensor> evaluate(const ir::Input& op, const Call& call);  // InternalError: the
std::vector<Tensor> evaluate(const ir::Read& op, const Call& call);   // program's affair
std::vector<Tensor> evaluate(const ir::Write& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Constant& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Full& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Iota& op, const Call& call);
std::vector<Tensor> evaluate(const ir::RandomUniform& op, const Call& call);

// The same elements, otherwise.
std::vector<Tensor> evaluate(const ir::Convert& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Reshape& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Extent& op, const Call& call);

// Along the last dimension.
std::vector<Tensor> evaluate(const ir::Softmax& op, const Call& call);
std::vector<Tensor> evaluate(const ir::LogSoftmax& op, const Call& call);
std::vector<Tensor> evaluate(const ir::ArgMax& op, const Call& call);
std::vector<Tensor> evaluate(const ir::OneHot& op, const Call& call);

// Tables of rows.
std::vector<Tensor> evaluate(const ir::Gather& op, const Call& call);
std::vector<Tensor> evaluate(const ir::ScatterAdd& op, const Call& call);

std::vector<Tensor> evaluate(const ir::MaxPoolGradient& op, const Call& call);

// Between ranks, in a group of one (communication.cc): all_reduce and the like yield their operand;
// nobody sends to itself: InternalError.
std::vector<Tensor> evaluate(const ir::Token& op, const Call& call);
std::vector<Tensor> evaluate(const ir::AllReduce& op, const Call& call);
std::vector<Tensor> evaluate(const ir::AllGather& op, const Call& call);
std::vector<Tensor> evaluate(const ir::ReduceScatter& op, const Call& call);
std::vector<Tensor> evaluate(const ir::AllToAll& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Send& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Recv& op, const Call& call);

// Inner Programs (regions.cc).
std::vector<Tensor> evaluate(const ir::Fused& op, const Call& call);
std::vector<Tensor> evaluate(const ir::If& op, const Call& call);
std::vector<Tensor> evaluate(const ir::Repeat& op, const Call& call);

}  // namespace gnomon::exec::reference
