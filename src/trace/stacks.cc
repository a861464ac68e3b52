#include "trace/stacks.h"

#include <fmt/format.h>

namespace gnomon::trace {

std::int64_t Stacks::samples() const {
  std::int64_t sum = 0;
  for (const auto& call : calls) sum += call.samples;
  return sum;
}

std::string qualified(std::string_view name, std::string_view library) {
  return library.empty() ? std::string(name) : fmt::format("{} [{}]", name, library);
}

FunctionName parse_function(std::string_view qualified_name) {
  const auto bracket = qualified_name.rfind(" [");
  if (bracket == std::string_view::npos || !qualified_name.ends_with(']'))
    return {qualified_name, ""};
  return {qualified_name.substr(0, bracket),
          qualified_name.substr(bracket + 2, qualified_name.size() - bracket - 3)};
}

std::uint32_t StackCounter::function(std::string_view name) {
  const auto [found, added] =
      numbers_.try_emplace(std::string(name), static_cast<std::uint32_t>(stacks_.functions.size()));
  if (added) stacks_.functions.emplace_back(name);
  return found->second;
}

std::uint32_t StackCounter::call(std::uint32_t parent, std::uint32_t function) {
  const std::uint64_t key = (std::uint64_t{parent} << 32) | function;
  const auto [found, added] =
      known_.try_emplace(key, static_cast<std::uint32_t>(stacks_.calls.size()));
  if (added) stacks_.calls.push_back({parent, function, 0});
  return found->second;
}

bool StackCounter::add(std::span<const std::uint32_t> stack, std::int64_t samples) {
  // The calls that are there already need no room.
  std::uint32_t at = 0;
  std::size_t known = 0;
  for (; known < stack.size(); ++known) {
    const auto found = known_.find((std::uint64_t{at} << 32) | stack[known]);
    if (found == known_.end()) break;
    at = found->second;
  }
  const std::size_t more = stack.size() - known;
  const bool fits = more == 0 || stacks_.calls.size() - 1 + more <= most_calls_;
  if (fits)
    for (const auto inner : stack.subspan(known)) at = call(at, inner);
  else
    at = call(call(0, function(beyond)), function(beyond));
  stacks_.calls[at].samples += samples;
  return fits;
}

}  // namespace gnomon::trace
