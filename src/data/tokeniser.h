#pragma once

// Text as numbers and back. One value type for two kinds: characters, and byte pairs
// (byte_pairs.h).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/byte_pairs.h"

namespace gnomon::data {

// Ids are 0 … size() − 1; the last, end_of_text(), stands after each document, is never yielded by
// `encode`, and decodes to nothing. decode(encode(text)) is the text, byte by byte, whatever the
// bytes.
//
// A value; const members may be called from several threads at once.
class Tokeniser {
 public:
  enum class Kind { characters, byte_pairs };

  // The most merges: with it tokens are at most 64 MiB in all.
  static constexpr std::int64_t most_merges = std::int64_t{1} << 18;

  // One token for each character of the documents, in the order of their bytes. A character is a
  // code point of UTF-8; a byte that is not part of one is a character of its own. Throws
  // InputError if the documents hold none.
  static Tokeniser of_characters(std::span<const std::string> documents);

  // 256 bytes and at most `merges` merges, learned from the documents (train_merges). Throws
  // InputError unless 0 ≤ merges ≤ most_merges.
  static Tokeniser of_byte_pairs(std::span<const std::string> documents, std::int64_t merges);

  Kind kind() const { return kind_; }
  std::int32_t size() const { return static_cast<std::int32_t>(tokens_.size()) + 1; }
  std::int32_t end_of_text() const { return static_cast<std::int32_t>(tokens_.size()); }

  // The bytes of a token; throws InputError if there is no such id.
  const std::string& token(std::int32_t id) const;

  // Byte pairs take any text. Of characters, throws InputError that names the first that is not in
  // the vocabulary and where it stands; `origin` names the text.
  std::vector<std::int32_t> encode(std::string_view text, std::string_view origin = "text") const;

  // The documents one after the other, end_of_text() after each.
  std::vector<std::int32_t> encode_documents(std::span<const std::string> documents) const;

  // Throws InputError if an id is out of range.
  std::string decode(std::span<const std::int32_t> ids) const;

  // The file format: JSON with format, version, kind, merges or characters (as hexadecimal bytes),
  // and a checksum.
  std::string to_json() const;

  // Throws InputError that opens with `name`: no JSON, another format or version, unknown keys, a
  // checksum that differs, merges of tokens that are not there yet, repeated or longer than a word,
  // characters out of order.
  static Tokeniser from_json(std::string_view text, std::string_view name);

  bool operator==(const Tokeniser&) const = default;

 private:
  Tokeniser() = default;
  static Tokeniser from_characters(std::vector<std::string> characters);
  static Tokeniser from_merges(std::vector<Merge> merges);

  // Where each word was first encoded: texts repeat their words.
  struct Range {
    std::size_t begin, end;
  };
  using Encoded = std::unordered_map<std::string_view, Range>;

  void encode_characters(std::string_view text, std::string_view origin,
                         std::vector<std::int32_t>& ids) const;
  void encode_byte_pairs(std::string_view text, std::vector<std::int32_t>& ids,
                         Encoded& encoded) const;
  void encode_word(std::string_view word, std::vector<std::int32_t>& ids) const;

  Kind kind_ = Kind::characters;
  std::vector<std::string> tokens_;  // without end_of_text()
  std::vector<Merge> merges_;
  std::unordered_map<std::string, std::int32_t> characters_;    // by their bytes
  std::unordered_map<std::uint64_t, std::int32_t> merged_ids_;  // by the pair
};

}  // namespace gnomon::data
