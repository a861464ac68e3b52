#include "trace/folded.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace gnomon::trace {
namespace {

constexpr double most_bytes = 256 << 20;
constexpr std::size_t longest_line = 64 << 10;
constexpr std::size_t deepest_stack = 1024;
constexpr std::size_t most_calls = 2'000'000;
constexpr std::int64_t most_samples = std::int64_t{1} << 53;  // what JSON's numbers hold
constexpr std::int64_t longest_period = 86'400'000'000'000;   // a day, in nanoseconds
constexpr std::string_view period_key = "# period: ", period_unit = " ns";
constexpr std::string_view lost_key = "# lost: ", lost_unit = " samples";

std::string escape(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c == ';')
      c = ':';
    else if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
  return text;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text[0] == '-' || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_fact(std::string_view line, std::string_view key,
                                       std::string_view unit) {
  if (!line.starts_with(key) || !line.ends_with(unit) || line.size() < key.size() + unit.size())
    return std::nullopt;
  return parse_number(line.substr(key.size(), line.size() - key.size() - unit.size()));
}

// The lines of a text without their ends, "\n" or "\r\n".
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    ++number_;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return true;
  }
  std::int64_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::int64_t number_ = 0;
};

bool is_comment(std::string_view line) { return line.empty() || line[0] == '#'; }

struct Line {
  std::string_view stack;
  std::int64_t samples;
};

std::optional<Line> parse_line(std::string_view line) {
  const auto blank = line.rfind(' ');
  if (blank == std::string_view::npos || blank == 0) return std::nullopt;
  const auto samples = parse_number(line.substr(blank + 1));
  if (!samples) return std::nullopt;
  return Line{line.substr(0, blank), *samples};
}

class Reader {
 public:
  explicit Reader(std::string_view origin) : origin_(origin) {}

  Stacks read(std::string_view text) {
    Lines lines(text);
    for (std::string_view line; lines.next(line);) {
      number_ = lines.number();
      if (is_comment(line))
        read_fact(line);
      else
        read_stack(line);
    }
    Stacks stacks = counter_.take();
    stacks.period = period_;
    stacks.lost = lost_;
    return stacks;
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}:{}: {}", origin_, number_,
                     fmt::format(format, std::forward<Args>(args)...));
  }

  void read_fact(std::string_view line) {
    if (const auto period = parse_fact(line, period_key, period_unit)) {
      if (*period > longest_period)
        fail("a sample every {} ns is less than one a day; write the period in nanoseconds",
             *period);
      period_ = Seconds(static_cast<double>(*period) * 1e-9);
    }
    if (const auto lost = parse_fact(line, lost_key, lost_unit)) lost_ = *lost;
  }

  void read_stack(std::string_view line) {
    if (line.size() > longest_line)
      fail("the line has {} bytes, more than {}; shorten the functions' names", line.size(),
           longest_line);
    const auto parsed = parse_line(line);
    if (!parsed)
      fail(
          "not a stack and its count, as in \"main;run;step 12\"; record one with: "
          "gnomon train MODEL --stacks FILE");
    frames_.clear();
    for (std::string_view rest = parsed->stack;;) {
      const auto end = rest.find(';');
      if (frames_.size() == deepest_stack)
        fail("the stack has more than {} frames; cut it off there", deepest_stack);
      frames_.push_back(counter_.function(escape(rest.substr(0, end))));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
    if (parsed->samples > most_samples - samples_)
      fail("the counts add up to more than {}; divide them", most_samples);
    samples_ += parsed->samples;
    if (!counter_.add(frames_, parsed->samples))
      fail("more than {} different calls; leave rare stacks out", most_calls);
  }

  std::string_view origin_;
  std::int64_t number_ = 0;
  StackCounter counter_{most_calls};
  std::vector<std::uint32_t> frames_;
  std::int64_t samples_ = 0;
  Seconds period_;
  std::int64_t lost_ = 0;
};

}  // namespace

std::string to_folded(const Stacks& stacks) {
  std::vector<std::string> names;
  for (const auto& name : stacks.functions) names.push_back(escape(name));
  std::vector<std::vector<std::uint32_t>> children(stacks.calls.size());
  for (std::uint32_t i = 1; i < stacks.calls.size(); ++i)
    children[stacks.calls[i].parent].push_back(i);

  std::string text =
      fmt::format("{}{:.0f}{}\n{}{}{}\n", period_key, std::round(stacks.period.value * 1e9),
                  period_unit, lost_key, stacks.lost, lost_unit);
  struct Open {
    std::uint32_t call;
    std::size_t length;  // of the line up to its parent
  };
  std::vector<Open> open{{0, 0}};
  std::string line;
  while (!open.empty()) {
    const Open at = open.back();
    open.pop_back();
    const auto& call = stacks.calls[at.call];
    line.resize(at.length);
    if (at.call != 0) {
      if (call.parent != 0) line += ';';
      line += names[call.function];
    }
    if (call.samples > 0) text += fmt::format("{} {}\n", line, call.samples);
    auto& inner = children[at.call];
    std::sort(inner.begin(), inner.end(), [&](std::uint32_t a, std::uint32_t b) {
      return names[stacks.calls[a].function] > names[stacks.calls[b].function];
    });
    for (const auto child : inner) open.push_back({child, line.size()});
  }
  return text;
}

bool is_folded(const std::filesystem::path& file) {
  if (file.extension() == ".folded" || file.extension() == ".collapsed") return true;
  std::ifstream in(file, std::ios::binary);
  std::string start(longest_line, '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(in.gcount()));
  if (start.starts_with('\n')) return false;  // Perfetto's packets begin so
  Lines lines(start);
  for (std::string_view line; lines.next(line);)
    if (!is_comment(line)) {
      const auto parsed = parse_line(line);
      return parsed && parsed->stack.find_first_of("{\"") == std::string_view::npos &&
             parsed->stack.find(';') != std::string_view::npos;
    }
  return false;
}

Stacks read_folded(const std::filesystem::path& file) {
  return parse_folded(read_file(file, Bytes(most_bytes)), file.string());
}

Stacks parse_folded(std::string_view text, std::string_view origin) {
  return Reader(origin).read(text);
}

}  // namespace gnomon::trace
