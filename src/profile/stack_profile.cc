#include "profile/stack_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace gnomon::profile {
namespace {

using trace::Stacks;

// What every call took with what it called.
std::vector<std::int64_t> totals(const Stacks& stacks) {
  std::vector<std::int64_t> total(stacks.calls.size());
  for (std::size_t i = stacks.calls.size(); i-- > 0;) {
    total[i] += stacks.calls[i].samples;
    if (i > 0) total[stacks.calls[i].parent] += total[i];
  }
  return total;
}

// Threads, below the root, are no functions, whatever they are called.
bool within_itself(const Stacks& stacks, std::uint32_t call) {
  const auto function = stacks.calls[call].function;
  for (auto at = stacks.calls[call].parent; stacks.calls[at].parent != 0;
       at = stacks.calls[at].parent)
    if (stacks.calls[at].function == function) return true;
  return false;
}

std::vector<FunctionTime> functions_of(const Stacks& stacks,
                                       const std::vector<std::int64_t>& total) {
  std::map<std::uint32_t, FunctionTime> all;
  for (std::uint32_t i = 1; i < stacks.calls.size(); ++i) {
    const auto& call = stacks.calls[i];
    const std::string& text = stacks.functions[call.function];
    if (call.parent == 0 || text == trace::callers_unknown) continue;
    auto& function = all[call.function];
    function.own += call.samples;
    if (!within_itself(stacks, i)) function.total += total[i];
  }
  std::vector<FunctionTime> functions;
  for (auto& [number, function] : all) {
    const auto [name, library] = trace::parse_function(stacks.functions[number]);
    functions.push_back({std::string(name), std::string(library), function.own, function.total});
  }
  std::stable_sort(functions.begin(), functions.end(),
                   [](const FunctionTime& a, const FunctionTime& b) {
                     return a.own != b.own ? a.own > b.own : a.total > b.total;
                   });
  return functions;
}

std::vector<LibraryTime> libraries_of(const std::vector<FunctionTime>& functions) {
  std::map<std::string, LibraryTime> all;
  for (const auto& function : functions) {
    auto& library = all[function.library];
    library.library = function.library;
    library.own += function.own;
    if (function.name == trace::unnamed) library.unnamed += function.own;
  }
  std::vector<LibraryTime> libraries;
  for (auto& [name, library] : all)
    if (library.own > 0) libraries.push_back(library);
  std::stable_sort(libraries.begin(), libraries.end(),
                   [](const LibraryTime& a, const LibraryTime& b) { return a.own > b.own; });
  return libraries;
}

// Whether a call is the outermost that is known of a stack whose callers are not.
bool ends_stack(const Stacks& stacks, const Stacks::Call& call) {
  return call.parent != 0 &&
         stacks.functions[stacks.calls[call.parent].function] == trace::callers_unknown;
}

Frame flame_of(const Stacks& stacks, const std::vector<std::int64_t>& total, double scale) {
  std::vector<std::vector<std::uint32_t>> children(stacks.calls.size());
  for (std::uint32_t i = 1; i < stacks.calls.size(); ++i)
    children[stacks.calls[i].parent].push_back(i);
  const auto frame_of = [&](std::uint32_t call, std::size_t depth, const auto& self) -> Frame {
    Frame frame{stacks.functions[stacks.calls[call].function],
                Seconds(static_cast<double>(total[call]) * scale),
                {}};
    auto& inner = children[call];
    std::stable_sort(inner.begin(), inner.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return total[a] > total[b]; });
    if (depth < deepest_frame)
      for (const auto child : inner)
        if (total[child] > 0) frame.children.push_back(self(child, depth + 1, self));
    return frame;
  };
  Frame flame = frame_of(0, 0, frame_of);
  flame.name = "all threads";
  return flame;
}

std::string percent(double share) {
  return fmt::format("{:.{}f} %", 100 * share, share < 0.0995 ? 1 : 0);
}

std::string describe(const FunctionTime& function) {
  return trace::qualified(function.name, function.library);
}

std::string where(const StackProfile& profile) {
  std::vector<std::string> parts;
  for (const auto& library : profile.libraries)
    if (parts.size() < 4 && profile.share(library.own) >= 0.005)
      parts.push_back(fmt::format("{} in {}", percent(profile.share(library.own)),
                                  library_words(library.library)));
  return fmt::format("Of the CPU time, {}.", fmt::join(parts, ", "));
}

std::string unnamed(const StackProfile& profile) {
  std::int64_t sum = 0;
  std::vector<std::string> parts;
  for (const auto& library : profile.libraries) {
    sum += library.unnamed;
    if (library.unnamed > 0 && parts.size() < 4)
      parts.push_back(fmt::format("{} in {}", percent(profile.share(library.unnamed)),
                                  library_words(library.library)));
  }
  if (sum == 0) return "Every sample is in a function that has a name.";
  return fmt::format(
      "{} of the samples are in code without a name, where a file has no symbol or a code "
      "generator told none: {}.",
      percent(profile.share(sum)), fmt::join(parts, ", "));
}

}  // namespace

StackProfile analyse(const Stacks& stacks, std::string_view origin) {
  StackProfile profile;
  const auto total = totals(stacks);
  profile.samples = total[0];
  if (profile.samples == 0)
    throw InputError("{}: holds no samples; record some with: gnomon train MODEL --stacks {}",
                     origin, origin);
  profile.lost = stacks.lost;
  profile.period = stacks.period;
  for (std::size_t i = 1; i < stacks.calls.size(); ++i) {
    const auto& call = stacks.calls[i];
    if (call.parent == 0 && total[i] > 0) ++profile.threads;
    if (!ends_stack(stacks, call)) continue;
    profile.callers_unknown += total[i];
    if (trace::parse_function(stacks.functions[call.function]).library == trace::generated)
      profile.callers_unknown_generated += total[i];
  }
  profile.functions = functions_of(stacks, total);
  profile.libraries = libraries_of(profile.functions);
  const double scale = stacks.period > Seconds() ? stacks.period.value : 1;
  profile.flame = flame_of(stacks, total, scale);
  return profile;
}

std::string library_words(std::string_view library) {
  return library.empty() ? "the program itself" : std::string(library);
}

std::vector<std::string> conclusions(const StackProfile& profile) {
  std::vector<std::string> sentences{where(profile)};
  if (!profile.functions.empty() && profile.functions[0].own > 0)
    sentences.push_back(fmt::format("The function with the most time of its own is {}: {}.",
                                    describe(profile.functions[0]),
                                    percent(profile.share(profile.functions[0].own))));
  sentences.push_back(unnamed(profile));
  if (profile.callers_unknown > 0)
    sentences.push_back(fmt::format(
        "The callers of {} of the samples are not known: {} ended in generated code whose caller "
        "was not found; the others lie deeper than the copy of the stack or in code without "
        "tables.",
        percent(profile.share(profile.callers_unknown)),
        percent(profile.share(profile.callers_unknown_generated))));
  if (profile.lost > 0)
    sentences.push_back(fmt::format(
        "{} samples came faster than they could be taken and are missing.", profile.lost));
  return sentences;
}

}  // namespace gnomon::profile
