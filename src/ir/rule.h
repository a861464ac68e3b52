#pragma once

// Index rules: the one declaration from which an operator's shapes, operation counts and sharding
// choices follow, and by which the reference executor computes it.
//
//   "m k, k n -> m n; sum k; split m n k"
//   "n c h w, o c r s -> n o y x; h = 2 y + r - 1; w = 2 x + s - 1; sum c r s; split n o c"
//   "... c -> ...; max c; split ..."
//
// Operands before the arrow, results behind it, separated by commas; each a list of indices, one
// per dimension; `...` stands for any number of leading or middle dimensions, the same in every
// place it appears. Clauses follow, separated by semicolons:
//   h = S y + D r - P   h is a window: position y times stride S plus tap r times dilation D minus
//   padding P. S and D
//                       may be omitted when 1, P when 0. Points outside 0 … h-1 contribute nothing.
//   k : 5, n : b<=128   the extent of an index that no operand shows: an integer, or a symbol and
//   its bound sum k, max k        how an index that no result shows disappears (after splitting it,
//   the all-reduce to insert) split m             the index may be divided among workers; an index
//   not named may not
// Every index that disappears must be named by sum or max.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/type.h"

namespace gnomon::ir {

enum class Reduction { sum, max };
std::string_view name(Reduction reduction);

// source = stride * position + dilation * tap - padding
struct Window {
  std::string source, position, tap;
  std::int64_t stride = 1, dilation = 1, padding = 0;
  bool operator==(const Window&) const = default;
};

class Rule {
 public:
  using Indices = std::vector<std::string>;

  Rule(const char* text) : Rule(std::string_view(text)) {}  // NOLINT: rules are written as text
  Rule(const std::string& text) : Rule(std::string_view(text)) {}  // NOLINT
  Rule(std::string_view text);  // NOLINT; InternalError if malformed

  // For operators whose results do not follow from an index rule (inputs, reshape): they override
  // inference.
  static Rule none();

  bool is_none() const { return none_; }
  const std::vector<Indices>& operands() const { return operands_; }
  const std::vector<Indices>& results() const { return results_; }
  const std::vector<Window>& windows() const { return windows_; }
  const std::map<std::string, Dim>& extents() const { return extents_; }
  const std::map<std::string, Reduction>& reductions() const { return reductions_; }
  bool can_split(const std::string& index) const { return split_.contains(index); }

 private:
  Rule() = default;
  bool none_ = false;
  std::vector<Indices> operands_, results_;
  std::vector<Window> windows_;
  std::map<std::string, Dim> extents_;
  std::map<std::string, Reduction> reductions_;
  std::set<std::string> split_;
};

// A rule applied to operands of known dimensions: `...` expanded to indices "...0", "...1", …, and
// every index sized.
struct IndexSpace {
  std::vector<Rule::Indices> operands, results;
  std::map<std::string, Dim> size;
  std::vector<Window> windows;
  std::map<std::string, Reduction> reductions;

  // The indices to loop over: all but the sources of windows.
  std::vector<std::string> loops() const;
  std::vector<Dims> result_dims() const;
};

// Throws InputError, opening with `who` (the operator), when ranks or extents disagree:
//   "matmul: k differs: 64 and 32 (operands f32[8, 64], f32[32, 10])"
IndexSpace index_space(std::string_view who, const Rule& rule, std::span<const Type> operands);

}  // namespace gnomon::ir
