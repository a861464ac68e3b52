// Operators that communicate, in a group of one rank.

#include "base/error.h"
#include "exec/reference/named.h"
#include "ir/op_info.h"

namespace gnomon::exec::reference {
namespace {

Tensor token() { return {DType::token, {}}; }

// What one rank sums up, gathers or exchanges with itself is what it has.
std::vector<Tensor> alone(const Call& call) {
  GNOMON_CHECK(ir::ranks(call.node.op) == 1, "{} among {} ranks", ir::name(call.node.op),
               ir::ranks(call.node.op));
  return {*call.operands[0], token()};
}

}  // namespace

std::vector<Tensor> evaluate(const ir::Token&, const Call&) { return {token()}; }

std::vector<Tensor> evaluate(const ir::AllReduce&, const Call& call) { return alone(call); }
std::vector<Tensor> evaluate(const ir::AllGather&, const Call& call) { return alone(call); }
std::vector<Tensor> evaluate(const ir::ReduceScatter&, const Call& call) { return alone(call); }
std::vector<Tensor> evaluate(const ir::AllToAll&, const Call& call) { return alone(call); }

std::vector<Tensor> evaluate(const ir::Send& op, const Call&) {
  GNOMON_CHECK(false, "sends to rank {} of group {}", op.peer, op.group);
}

std::vector<Tensor> evaluate(const ir::Recv& op, const Call&) {
  GNOMON_CHECK(false, "receives from rank {} of group {}", op.peer, op.group);
}

}  // namespace gnomon::exec::reference
