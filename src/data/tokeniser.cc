#include "data/tokeniser.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "data/utf8.h"

namespace gnomon::data {
namespace {

using Json = nlohmann::json;

constexpr std::string_view format_name = "gnomon tokeniser";
constexpr int format_version = 1;
constexpr std::size_t most_characters = std::size_t{1} << 21;  // code points and stray bytes

std::string hexadecimal(std::string_view bytes) {
  std::string result;
  for (const char c : bytes) result += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return result;
}

// Empty if it is no such text.
std::string from_hexadecimal(std::string_view digits) {
  std::string result;
  if (digits.size() % 2 != 0) return result;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    if (error != std::errc() || end != digits.data() + i + 2) return {};
    result += static_cast<char>(byte);
  }
  return hexadecimal(result) == digits ? result : "";
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view name) : name_(name) {
    // A text of brackets alone would otherwise recurse once per byte.
    const auto too_deep = [](int depth, Json::parse_event_t, Json&) {
      if (depth > 4) throw InputError("nested");
      return true;
    };
    try {
      json_ = Json::parse(text, too_deep);
    } catch (const std::exception&) {
      fail("it is not the JSON expected");
    }
    if (!json_.is_object() || json_.value("format", Json()) != format_name)
      fail("the format is not \"{}\"", format_name);
    if (json_.value("version", Json()) != format_version)
      throw InputError("{}: is a tokeniser of another version than {}; train it again", name_,
                       format_version);
    check_sum();
    if (json_.size() != 4) fail("it has keys too many or too few");
  }

  bool is(std::string_view kind) const { return json_.value("kind", Json()) == kind; }

  std::vector<std::string> characters() const {
    std::vector<std::string> result;
    const Json& list = array("characters", most_characters);
    for (const auto& entry : list) {
      std::string character;
      if (entry.is_string()) character = from_hexadecimal(entry.get_ref<const std::string&>());
      if (character.empty() || character_length(character) != character.size())
        fail("character {} is not one character in hexadecimal", result.size());
      if (!result.empty() && character <= result.back())
        fail("character {} is not after the one before it", result.size());
      result.push_back(std::move(character));
    }
    if (result.empty()) fail("it has no characters");
    return result;
  }

  std::vector<Merge> merges() const {
    std::vector<Merge> result;
    std::set<Merge> seen;
    std::vector<std::size_t> lengths(256, 1);
    for (const auto& entry : array("merges", Tokeniser::most_merges)) {
      const std::size_t known = lengths.size();
      const auto token = [&](std::size_t i) {
        const bool sound = entry.is_array() && entry.size() == 2 && entry[i].is_number_unsigned() &&
                           entry[i].get<std::uint64_t>() < known;
        if (!sound) fail("merge {} is not of two tokens before {}", result.size(), known);
        return entry[i].get<std::int32_t>();
      };
      const Merge merge(token(0), token(1));
      if (!seen.insert(merge).second) fail("merge {} stands twice", result.size());
      lengths.push_back(lengths[static_cast<std::size_t>(merge.first)] +
                        lengths[static_cast<std::size_t>(merge.second)]);
      if (lengths.back() > longest_word)
        fail("merge {} is longer than {} bytes", result.size(), longest_word);
      result.push_back(merge);
    }
    return result;
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}: not a sound tokeniser: {}; train it again", name_,
                     fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  void check_sum() {
    const Json claimed = json_.value("checksum", Json());
    json_.erase("checksum");
    if (claimed != hash128(json_.dump())) fail("the contents do not match their checksum");
  }

  const Json& array(const char* key, std::size_t most) const {
    const auto found = json_.find(key);
    if (found == json_.end() || !found->is_array()) fail("it has no list \"{}\"", key);
    if (found->size() > most) fail("\"{}\" has more than {} entries", key, most);
    return *found;
  }

  Json json_;
  std::string_view name_;
};

}  // namespace

Tokeniser Tokeniser::from_characters(std::vector<std::string> characters) {
  Tokeniser result;
  result.kind_ = Kind::characters;
  result.tokens_ = std::move(characters);
  for (std::size_t i = 0; i < result.tokens_.size(); ++i)
    result.characters_.emplace(result.tokens_[i], static_cast<std::int32_t>(i));
  return result;
}

Tokeniser Tokeniser::from_merges(std::vector<Merge> merges) {
  Tokeniser result;
  result.kind_ = Kind::byte_pairs;
  result.merges_ = std::move(merges);
  for (int byte = 0; byte < 256; ++byte) result.tokens_.emplace_back(1, static_cast<char>(byte));
  for (const auto& [left, right] : result.merges_) {
    result.merged_ids_.emplace(key_of({left, right}),
                               static_cast<std::int32_t>(result.tokens_.size()));
    result.tokens_.push_back(result.tokens_[static_cast<std::size_t>(left)] +
                             result.tokens_[static_cast<std::size_t>(right)]);
  }
  return result;
}

Tokeniser Tokeniser::of_characters(std::span<const std::string> documents) {
  std::set<std::string, std::less<>> characters;
  for (const auto& document : documents)
    for (std::string_view rest = document; !rest.empty();) {
      const auto character = rest.substr(0, character_length(rest));
      if (!characters.contains(character)) characters.emplace(character);
      rest.remove_prefix(character.size());
    }
  if (characters.empty())
    throw InputError("tokeniser: the documents hold no characters; give it text to learn from");
  return from_characters({characters.begin(), characters.end()});
}

Tokeniser Tokeniser::of_byte_pairs(std::span<const std::string> documents, std::int64_t merges) {
  if (merges < 0 || merges > most_merges)
    throw InputError("tokeniser: {} merges; ask for 0 to {}", merges, most_merges);
  return from_merges(train_merges(documents, merges));
}

const std::string& Tokeniser::token(std::int32_t id) const {
  static const std::string nothing;
  if (id == end_of_text()) return nothing;
  if (id < 0 || id > end_of_text())
    throw InputError("tokeniser: id {} is out of range; ids are 0 to {}", id, end_of_text());
  return tokens_[static_cast<std::size_t>(id)];
}

std::vector<std::int32_t> Tokeniser::encode(std::string_view text, std::string_view origin) const {
  std::vector<std::int32_t> ids;
  Encoded encoded;
  if (kind_ == Kind::characters)
    encode_characters(text, origin, ids);
  else
    encode_byte_pairs(text, ids, encoded);
  return ids;
}

std::vector<std::int32_t> Tokeniser::encode_documents(
    std::span<const std::string> documents) const {
  std::vector<std::int32_t> ids;
  Encoded encoded;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    if (kind_ == Kind::characters)
      encode_characters(documents[i], fmt::format("document {}", i), ids);
    else
      encode_byte_pairs(documents[i], ids, encoded);
    ids.push_back(end_of_text());
  }
  return ids;
}

void Tokeniser::encode_characters(std::string_view text, std::string_view origin,
                                  std::vector<std::int32_t>& ids) const {
  for (std::size_t at = 0; at < text.size();) {
    const std::string character(text.substr(at, character_length(text.substr(at))));
    const auto found = characters_.find(character);
    if (found == characters_.end())
      throw InputError(
          "{}: the character of bytes {} at byte {} is not among the tokeniser's {}; learn it from "
          "this text too, or use byte pairs",
          origin, hexadecimal(character), at, characters_.size());
    ids.push_back(found->second);
    at += character.size();
  }
}

void Tokeniser::encode_byte_pairs(std::string_view text, std::vector<std::int32_t>& ids,
                                  Encoded& encoded) const {
  for (const auto word : split_words(text)) {
    const auto [found, is_new] = encoded.try_emplace(word, Range{ids.size(), 0});
    if (is_new) {
      encode_word(word, ids);
      found->second.end = ids.size();
    } else {
      for (std::size_t i = found->second.begin; i < found->second.end; ++i) ids.push_back(ids[i]);
    }
  }
}

// Appends the tokens of a word: the earliest merge first, wherever it applies, until none does.
void Tokeniser::encode_word(std::string_view word, std::vector<std::int32_t>& ids) const {
  const std::size_t begin = ids.size();
  for (const char c : word) ids.push_back(static_cast<unsigned char>(c));
  constexpr std::int32_t none = std::numeric_limits<std::int32_t>::max();
  const auto merged = [&](std::size_t i) {
    const auto found = merged_ids_.find(key_of({ids[i], ids[i + 1]}));
    return found == merged_ids_.end() ? none : found->second;
  };
  while (true) {
    std::int32_t first = none;
    for (std::size_t i = begin; i + 1 < ids.size(); ++i) first = std::min(first, merged(i));
    if (first == none) return;
    std::size_t kept = begin;
    for (std::size_t i = begin; i < ids.size(); ++i) {
      const bool here = i + 1 < ids.size() && merged(i) == first;
      ids[kept++] = here ? first : ids[i];
      if (here) ++i;
    }
    ids.resize(kept);
  }
}

std::string Tokeniser::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const auto id : ids) text += token(id);
  return text;
}

std::string Tokeniser::to_json() const {
  Json json = {{"format", format_name}, {"version", format_version}};
  if (kind_ == Kind::characters) {
    json["kind"] = "characters";
    json["characters"] = Json::array();
    for (const auto& character : tokens_) json["characters"].push_back(hexadecimal(character));
  } else {
    json["kind"] = "byte pairs";
    json["merges"] = merges_;
  }
  json["checksum"] = hash128(json.dump());
  return json.dump() + "\n";
}

Tokeniser Tokeniser::from_json(std::string_view text, std::string_view name) {
  const Parser parser(text, name);
  if (parser.is("characters")) return from_characters(parser.characters());
  if (parser.is("byte pairs")) return from_merges(parser.merges());
  parser.fail("the kind is neither \"characters\" nor \"byte pairs\"");
}

}  // namespace gnomon::data
