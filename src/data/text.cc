#include "data/text.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/nearest.h"
#include "data/brown.h"
#include "data/utf8.h"

namespace gnomon::data {
namespace {

constexpr Bytes size_limit(1 << 30);
constexpr std::string_view separator = "<|endoftext|>";

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\v\f") == text.npos; }

Text text_of(std::span<std::string> documents) {
  Text text;
  std::string hashes;
  for (auto& document : documents) {
    hashes += hash128(document);
    text.documents.push_back(std::move(document));
  }
  text.hash = hash128(hashes);
  return text;
}

// Where the validation part of a single document begins.
std::size_t cut_of(std::string_view document) {
  const std::size_t tenth = document.size() - std::max<std::size_t>(document.size() / 10, 1);
  const std::size_t line = document.find('\n', tenth == 0 ? 0 : tenth - 1);
  if (line != document.npos && line + 1 < document.size()) return line + 1;
  std::size_t at = 0;
  std::size_t cut = 0;
  while (at < document.size() && at <= tenth) {
    cut = at;
    at += character_length(document.substr(at));
  }
  return cut;
}

}  // namespace

std::int64_t Text::bytes() const {
  std::int64_t sum = 0;
  for (const auto& document : documents) sum += static_cast<std::int64_t>(document.size());
  return sum;
}

const std::vector<std::string>& text_names() {
  static const std::vector<std::string> names = {"brown"};
  return names;
}

std::vector<std::string> split_documents(std::string_view text) {
  std::vector<std::string> documents;
  std::string document;
  const auto finish = [&] {
    if (!is_blank(document)) documents.push_back(std::move(document));
    document.clear();
  };
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    if (line.starts_with(separator) && is_blank(line.substr(separator.size())))
      finish();
    else
      document += line;
    text.remove_prefix(line.size());
  }
  finish();
  return documents;
}

TextSplits split_text(std::vector<std::string> documents, std::string_view origin) {
  if (documents.size() == 1) {
    const std::size_t cut = cut_of(documents[0]);
    if (cut > 0) {
      documents.push_back(documents[0].substr(cut));
      documents[0].resize(cut);
    }
  }
  if (documents.size() < 2)
    throw InputError("{}: holds too little text to split; give it at least two characters", origin);
  const std::size_t validation = std::max<std::size_t>(documents.size() / 10, 1);
  const std::span<std::string> all(documents);
  return {.train = text_of(all.first(all.size() - validation)),
          .validation = text_of(all.last(validation))};
}

std::vector<std::string> load_documents(std::string_view name_or_path) {
  if (name_or_path == "brown") return load_brown();
  if (!name_or_path.ends_with(".txt"))
    throw InputError("text '{}' is neither the path of a .txt file nor known; {}", name_or_path,
                     suggest(name_or_path, text_names()));
  return split_documents(read_file(name_or_path, size_limit));
}

TextSplits load_text(std::string_view name_or_path) {
  return split_text(load_documents(name_or_path), name_or_path);
}

}  // namespace gnomon::data
