#pragma once

// Byte pairs: a vocabulary of frequent strings learned by merging, again and again, the pair of
// neighbouring tokens that is most frequent (Sennrich, Haddow, Birch: "Neural machine translation
// of rare words with subword units", ACL 2016), over bytes and within words (Radford et al.:
// "Language models are unsupervised multitask learners", 2019).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gnomon::data {

// The tokens that merge i joins into token 256 + i. Tokens 0 to 255 are the bytes.
using Merge = std::pair<std::int32_t, std::int32_t>;

// The pair as one number, in the order of its tokens.
inline std::uint64_t key_of(const Merge& pair) {
  return static_cast<std::uint64_t>(pair.first) << 32 | static_cast<std::uint64_t>(pair.second);
}

inline constexpr std::size_t longest_word = 256;

// Cuts a text into words, within which merges stay; together they are the text. GPT-2's rule in
// simple form, on bytes: the endings 's 't 're 've 'm 'll 'd; runs of letters (ASCII letters and
// every byte from 128), of digits, of other visible bytes, each with the one blank before it; runs
// of white space without the last byte, which begins the next word if it is a blank. Longer runs
// than `longest_word` are cut.
std::vector<std::string_view> split_words(std::string_view text);

// At most `count` merges, fewer if no pair is left that occurs twice. Of equally frequent pairs the
// one with the smaller left, then the smaller right token goes first, so that the same documents
// give the same merges everywhere.
//
// Time: each merge touches only the words that hold it, found by an index; a heap gives the next
// pair. Memory: some ten words of the machine per byte of distinct words.
std::vector<Merge> train_merges(std::span<const std::string> documents, std::int64_t count);

}  // namespace gnomon::data
