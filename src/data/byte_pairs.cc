#include "data/byte_pairs.h"

#include <algorithm>
#include <array>
#include <queue>
#include <unordered_map>

namespace gnomon::data {
namespace {

enum class ByteClass { letter, digit, space, other };

ByteClass class_of(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 128 || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'))
    return ByteClass::letter;
  if (byte >= '0' && byte <= '9') return ByteClass::digit;
  if (byte == ' ' || (byte >= '\t' && byte <= '\r')) return ByteClass::space;
  return ByteClass::other;
}

// The length of the run of one class that begins `text`.
std::size_t run_length(std::string_view text) {
  std::size_t n = 1;
  while (n < text.size() && class_of(text[n]) == class_of(text[0])) ++n;
  return n;
}

std::size_t word_length(std::string_view text) {
  constexpr std::array<std::string_view, 7> endings = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (const auto ending : endings)
    if (text.starts_with(ending)) return ending.size();
  if (class_of(text[0]) != ByteClass::space) return run_length(text);
  const std::size_t space = run_length(text);
  if (space == text.size()) return space;
  if (space > 1) return space - 1;
  return text[0] == ' ' ? 1 + run_length(text.substr(1)) : 1;
}

using Pair = std::uint64_t;  // the left token, the right token: in the order of ties

class Trainer {
 public:
  explicit Trainer(std::span<const std::string> documents) {
    std::unordered_map<std::string_view, std::int64_t> histogram;
    for (const auto& document : documents)
      for (const auto word : split_words(document)) ++histogram[word];
    for (const auto& [text, count] : histogram) add_word(text, count);
    for (const auto& [pair, count] : counts_) candidates_.push({count, pair});
  }

  std::vector<Merge> train(std::int64_t count) {
    std::vector<Merge> merges;
    while (static_cast<std::int64_t>(merges.size()) < count && !candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const std::int64_t current = counts_[best.pair];
      if (current != best.count) {
        if (current > 0) candidates_.push({current, best.pair});
        continue;
      }
      if (current < 2) break;
      const Merge merge(static_cast<std::int32_t>(best.pair >> 32),
                        static_cast<std::int32_t>(best.pair & 0xffffffff));
      apply(merge, static_cast<std::int32_t>(256 + merges.size()));
      merges.push_back(merge);
    }
    return merges;
  }

 private:
  struct Word {
    std::vector<std::int32_t> tokens;
    std::int64_t count;
  };

  struct Candidate {
    std::int64_t count;
    Pair pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  void add_word(std::string_view text, std::int64_t count) {
    Word word{{}, count};
    for (const char c : text) word.tokens.push_back(static_cast<unsigned char>(c));
    words_.push_back(std::move(word));
    const auto index = static_cast<std::uint32_t>(words_.size() - 1);
    const auto& tokens = words_.back().tokens;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
      change(tokens[i], tokens[i + 1], index, count);
  }

  void change(std::int32_t left, std::int32_t right, std::uint32_t word, std::int64_t by) {
    const Pair pair = key_of({left, right});
    counts_[pair] += by;
    if (by < 0) return;
    auto& words = where_[pair];
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  void apply(Merge merge, std::int32_t token) {
    const auto found = where_.extract(key_of(merge));
    for (const auto index : found.mapped()) merge_in(index, merge, token);
    // Only pairs with the new token have become more frequent.
    std::sort(grown_.begin(), grown_.end());
    grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
    for (const Pair pair : grown_) candidates_.push({counts_[pair], pair});
    grown_.clear();
    counts_.erase(found.key());
  }

  // Recounts the word: it is short, and neighbouring merges overlap ("aaa").
  void merge_in(std::uint32_t index, Merge merge, std::int32_t token) {
    Word& word = words_[index];
    auto& tokens = word.tokens;
    const auto is_here = [&](std::size_t i) {
      return i + 1 < tokens.size() && tokens[i] == merge.first && tokens[i + 1] == merge.second;
    };
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i)
      change(tokens[i], tokens[i + 1], index, -word.count);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool here = is_here(i);
      tokens[kept++] = here ? token : tokens[i];
      if (here) ++i;
    }
    tokens.resize(kept);
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const bool grown = tokens[i] == token || tokens[i + 1] == token;
      if (grown) {
        change(tokens[i], tokens[i + 1], index, word.count);
        grown_.push_back(key_of({tokens[i], tokens[i + 1]}));
      } else {
        counts_[key_of({tokens[i], tokens[i + 1]})] += word.count;
      }
    }
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, std::int64_t> counts_;
  std::unordered_map<Pair, std::vector<std::uint32_t>> where_;  // and words that held it once
  std::vector<Pair> grown_;
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t length = std::min(word_length(text), longest_word);
    words.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return words;
}

std::vector<Merge> train_merges(std::span<const std::string> documents, std::int64_t count) {
  return Trainer(documents).train(count);
}

}  // namespace gnomon::data
