#include "study/command_template.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/process.h"

namespace gnomon::study {
namespace {

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

// The hole that begins at text[at], without its braces.
std::optional<std::string_view> hole_at(std::string_view text, std::size_t at) {
  if (text[at] != '{' || (at > 0 && text[at - 1] == '$')) return std::nullopt;
  std::size_t end = at + 1;
  while (end < text.size() && is_name_character(text[end])) ++end;
  if (end == at + 1 || end == text.size() || text[end] != '}') return std::nullopt;
  if (std::isalpha(static_cast<unsigned char>(text[at + 1])) == 0) return std::nullopt;
  return text.substr(at + 1, end - at - 1);
}

const std::string& value_of(std::string_view hole, const Bindings& bindings) {
  const auto found = bindings.find(hole);
  if (found == bindings.end())
    throw InputError("{{{}}}: has no value here; name a knob, a stage or seed", hole);
  return found->second;
}

std::string filled(std::string_view text,
                   const std::function<std::string(std::string_view)>& value) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (const auto hole = hole_at(text, i)) {
      result += value(*hole);
      i += hole->size() + 1;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool is_plain(char c) {
  return is_name_character(c) || std::string_view("/:=,+@%").find(c) != std::string_view::npos;
}

std::string quoted_word(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string(word);
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

struct Split {
  std::vector<std::string> words;
  bool needs_shell = false;
};

// One pass over the line; `quote` is the open quotation mark or 0.
Split split(std::string_view line) {
  Split result;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && std::isspace(static_cast<unsigned char>(c)) != 0 && c != '\n') {
      if (in_word) result.words.push_back(std::exchange(word, ""));
      in_word = false;
      continue;
    }
    if (quote != '\'' && (c == '$' || c == '`')) result.needs_shell = true;
    if (quote == 0 && std::string_view("|&;<>()*?[\n").find(c) != std::string_view::npos)
      result.needs_shell = true;
    if (!in_word && (c == '#' || c == '~' || c == '!')) result.needs_shell = true;
    if (result.words.empty() && quote == 0 && c == '=') result.needs_shell = true;
    in_word = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size() &&
               (quote == 0 || line[i + 1] == '"' || line[i + 1] == '\\')) {
      word += line[++i];
    } else {
      word += c;
    }
  }
  if (quote != 0)
    throw InputError("{}: the quotation mark {} is not closed; close it", line, quote);
  if (in_word) result.words.push_back(word);
  return result;
}

}  // namespace

std::vector<std::string> holes(std::string_view text) {
  std::vector<std::string> result;
  filled(text, [&](std::string_view hole) {
    result.emplace_back(hole);
    return std::string();
  });
  return result;
}

std::string fill(std::string_view text, const Bindings& bindings) {
  return filled(text, [&](std::string_view hole) { return value_of(hole, bindings); });
}

std::vector<std::string> command_words(std::string_view line, const Bindings& bindings) {
  if (!line.empty()) {
    const auto whole = hole_at(line, 0);
    if (whole && whole->size() + 2 == line.size())
      return command_words(value_of(*whole, bindings), {});
  }
  Split parts = split(line);
  if (parts.needs_shell) {
    return {"/bin/sh", "-c", filled(line, [&](std::string_view hole) {
              return quoted_word(value_of(hole, bindings));
            })};
  }
  if (parts.words.empty()) throw InputError("command: is empty; name a program");
  for (std::string& word : parts.words) word = fill(word, bindings);
  if (parts.words.front() == "gnomon") parts.words.front() = self_executable().string();
  return parts.words;
}

std::string quoted(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words) result += (result.empty() ? "" : " ") + quoted_word(word);
  return result;
}

}  // namespace gnomon::study
