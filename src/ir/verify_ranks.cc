#include "ir/verify_ranks.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/error.h"
#include "ir/op_info.h"
#include "ir/text.h"
#include "ir/verify.h"

namespace gnomon::ir {
namespace {

struct Step {
  const Op* op;
  Type data;  // what is given; received, for recv
};

struct Member {
  std::size_t rank = 0;  // the number of the program
  std::vector<Step> steps;
  std::size_t at = 0;

  const Step* current() const { return at < steps.size() ? &steps[at] : nullptr; }
};

std::string text(const Step* step) {
  return step == nullptr ? "nothing more"
                         : fmt::format("{} {}", name(*step->op), to_string(step->data));
}

bool same(const Step* a, const Step* b) {
  return a != nullptr && b != nullptr && *a->op == *b->op && a->data == b->data;
}

class Group {
 public:
  Group(std::string_view name, std::vector<Member> members)
      : name_(name), members_(std::move(members)) {}

  void run() {
    check_size();
    do {
      while (exchange()) continue;
    } while (collective());
    for (const auto& [pair, sent] : sent_)
      if (!sent.empty())
        fail(pair.first, sent.front(), &step(pair.first, sent.front()), pair.second);
  }

 private:
  // By number in the group.
  using Rank = std::size_t;

  const Step& step(Rank rank, std::size_t at) const { return members_[rank].steps[at]; }

  [[noreturn]] void fail(Rank a, std::size_t at, const Step* does, Rank b) const {
    const Step* other = members_[b].current();
    auto left = text(does), right = text(other);
    if (left == right)
      left += " " + print_attributes(*does->op), right += " " + print_attributes(*other->op);
    throw InputError("group {}, step {}: rank {} does {}, rank {} does {}", name_, at,
                     members_[a].rank, left, members_[b].rank, right);
  }

  void check_size() const {
    for (const auto& member : members_)
      for (const auto& step : member.steps)
        if (const auto size = ranks(*step.op); size != static_cast<std::int64_t>(members_.size()))
          throw InputError("group {}: {} ranks on rank {}, but {} programs take part", name_, size,
                           member.rank, members_.size());
  }

  // Sends and receives what can be; false if that is nothing.
  bool exchange() {
    bool any = false;
    for (Rank r = 0; r < members_.size(); ++r)
      while (send(r) || receive(r)) any = true, ++members_[r].at;
    return any;
  }

  bool send(Rank r) {
    const Step* now = members_[r].current();
    const auto* op = now == nullptr ? nullptr : std::get_if<Send>(now->op);
    if (op == nullptr) return false;
    const auto to = static_cast<Rank>(op->peer);
    if (to == r)
      throw InputError("group {}, step {}: rank {} sends {} to itself", name_, members_[r].at,
                       members_[r].rank, to_string(now->data));
    sent_[{r, to}].push_back(members_[r].at);
    return true;
  }

  bool receive(Rank r) {
    const Step* now = members_[r].current();
    const auto* op = now == nullptr ? nullptr : std::get_if<Recv>(now->op);
    if (op == nullptr) return false;
    const auto from = static_cast<Rank>(op->peer);
    auto& sent = sent_[{from, r}];
    if (sent.empty()) return false;
    if (step(from, sent.front()).data != now->data)
      fail(from, sent.front(), &step(from, sent.front()), r);
    sent.pop_front();
    return true;
  }

  // Nothing is left but collectives and vain waiting; false if that is nothing either.
  bool collective() {
    for (Rank r = 0; r < members_.size(); ++r)
      if (const Step* now = members_[r].current(); now != nullptr)
        if (const auto* op = std::get_if<Recv>(now->op))
          fail(r, members_[r].at, now, static_cast<Rank>(op->peer));
    const Step* first = members_[0].current();
    for (Rank r = 1; r < members_.size(); ++r)
      if (const Step* now = members_[r].current(); first != now && !same(first, now))
        fail(0, members_[0].at, first, r);
    for (auto& member : members_) ++member.at;
    return first != nullptr;
  }

  std::string_view name_;
  std::vector<Member> members_;
  std::map<std::pair<Rank, Rank>, std::deque<std::size_t>> sent_;  // steps, by sender and receiver
};

}  // namespace

void verify_ranks(std::span<const Program> programs) {
  std::map<std::string_view, std::vector<Member>> groups;
  for (std::size_t r = 0; r < programs.size(); ++r) {
    const Program& program = programs[r];
    verify(program);
    for (const auto& node : program.nodes) {
      const auto of = group(node.op);
      if (of.empty() || std::holds_alternative<Token>(node.op)) continue;
      auto& members = groups[of];
      if (members.empty() || members.back().rank != r) members.push_back({r, {}, 0});
      const bool receives = node.inputs.size() == 1;
      members.back().steps.push_back(
          {&node.op, receives ? node.results[0] : program.type(node.inputs[0])});
    }
  }
  for (auto& [name, members] : groups) Group(name, std::move(members)).run();
}

}  // namespace gnomon::ir
