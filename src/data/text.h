#pragma once

// Texts to train language models on, whole in memory, in documents.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::data {

struct Text {
  std::vector<std::string> documents;
  std::string hash;  // hash128 over the documents: identifies the data in records

  std::int64_t bytes() const;
};

struct TextSplits {
  Text train;
  Text validation;
};

// The texts that `load_text` knows by name.
const std::vector<std::string>& text_names();

// A text known by name ("brown", see brown.h) or a path that ends in ".txt"; split as below. Throws
// EnvironmentError with the line that fetches it if a known text is absent; InputError with the
// nearest name if it is neither, and if the file is absent, larger than 1 GiB or holds nothing but
// white space.
TextSplits load_text(std::string_view name_or_path);

// The same before it is split.
std::vector<std::string> load_documents(std::string_view name_or_path);

// Cuts a file into documents: a line "<|endoftext|>" ends one, as is the custom; without such lines
// the file is one. Documents of white space alone are left out.
std::vector<std::string> split_documents(std::string_view text);

// The last tenth of the documents, at least one, is for validation. A single document is cut at the
// first line that begins in its last tenth, or between two characters if there is none. Throws
// InputError if there is nothing to split; `origin` names the text.
TextSplits split_text(std::vector<std::string> documents, std::string_view origin);

}  // namespace gnomon::data
