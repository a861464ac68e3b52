#pragma once

// Attributes: the compile-time parameters of an operator, listed once beside it, from which
// printing, parsing and checks follow.
//   static constexpr auto attributes = std::tuple{Attribute{"stride", &Convolution::stride}};
// Types: std::int64_t, double, bool, std::string, std::vector<std::int64_t>, DType,
// Reduction, Blob, Region.

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "base/tensor.h"

namespace gnomon::ir {

struct Program;

template <typename Op, typename T>
struct Attribute {
  std::string_view name;
  T Op::*member;
};

template <typename Op, typename T>
Attribute(std::string_view, T Op::*) -> Attribute<Op, T>;

// Calls f(name, value) for each attribute of an operator, in the order of its list.
template <typename Op, typename F>
void for_each_attribute(Op& op, [[maybe_unused]] F&& f) {
  std::apply([&](const auto&... attribute) { (f(attribute.name, op.*(attribute.member)), ...); },
             std::remove_const_t<Op>::attributes);
}

// A large constant, identified by its content hash.
class Blob {
 public:
  Blob() : Blob(Tensor()) {}
  explicit Blob(Tensor tensor);
  const Tensor& tensor() const { return *tensor_; }
  const std::string& hash() const { return hash_; }  // of dtype, shape and bytes
  bool operator==(const Blob& other) const { return hash_ == other.hash_; }

 private:
  std::shared_ptr<const Tensor> tensor_;
  std::string hash_;
};

// An inner Program, held by value: copies share it, nobody changes it, equality is deep.
class Region {
 public:
  Region();  // the empty program
  explicit Region(Program program);
  const Program& program() const { return *program_; }
  bool operator==(const Region& other) const;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace gnomon::ir
