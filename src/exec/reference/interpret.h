#pragma once

// Runs a specialised Program node by node.

#include <functional>
#include <map>
#include <string>

#include "exec/reference/evaluate.h"

namespace gnomon::exec::reference {

struct Interpretation {
  std::vector<Tensor> outputs;
  std::map<std::string, Tensor> written;  // states, not yet committed
  std::vector<std::int64_t> points;       // visited by each node
};

// Arguments, states read and results are in the types that values are kept in (kept_as).
Interpretation interpret(const ir::Program& program, std::span<const Tensor* const> arguments,
                         Precision precision,
                         const std::function<Tensor(const std::string& state)>& read);

}  // namespace gnomon::exec::reference
