#pragma once

// What `--data` names, made ready to train a model on.
//
//   fashion-mnist      images
//   x.npy,y.npy        arrays f32 or u8 [n, ...] and labels [n, ...]; an .npz file with x and y
//   table.csv          numbers, the last column the label, or the target
//   folder/            PNG and JPEG files, one folder per class
//   brown, book.txt    text, for language models
//
// Data without a test part of its own is divided: a tenth, drawn with a fixed seed, is for testing;
// of text the last tenth.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/dataset.h"
#include "data/tokeniser.h"
#include "train/zoo/zoo.h"

namespace gnomon::train {

struct Workload {
  data::Splits splits;
  std::optional<data::Tokeniser> tokeniser;  // of text
  std::string note;  // how the examples were taken, if that is not as they were given or asked for

  // `shape` with what the data says about it: sides of images, classes, vocabulary.
  ModelShape fit(ModelShape shape) const;
};

struct DataOptions {
  std::int64_t context = 64;  // tokens per example of text
  std::int64_t merges = 0;    // byte pairs learned from the text; 0: characters are tokens
  std::optional<data::Tokeniser> tokeniser = std::nullopt;  // if there is one already
  bool targets = false;  // the labels of a table are numbers to be predicted, not classes
};

// Throws InputError, and EnvironmentError with the line that fetches it where known data is absent.
Workload load_workload(std::string_view name, const DataOptions& options);

// The training examples of a model: the hash of those taken, and the number asked for (0: all).
struct TrainedOn {
  std::string hash;
  std::int64_t examples = 0;
};

// What of some data a model is judged on.
enum class JudgedPart {
  test,       // the test part that known data have
  set_apart,  // of files that it was trained on, what training set apart
  all         // of files that it was not trained on, everything, in order
};

struct Judged {
  data::Dataset examples;
  JudgedPart part = JudgedPart::all;
  std::string note = {};  // as that of a Workload
};

// Which it is, the contents of the data say, not their name. Throws as load_workload.
Judged load_judged(std::string_view name, const DataOptions& options, const TrainedOn& trained);

// The same data by whole paths where `name` names files: found from other folders too.
std::string with_whole_paths(const std::string& name);

// How data is called in a line: known data by its name, files without their folders.
std::string without_folders(const std::string& name);

// Stretches of `context` tokens, one after the other, labelled with the token that follows each:
// i32 [n, context] both. Throws InputError if the tokens do not fill one.
data::Dataset next_token_examples(std::span<const std::int32_t> tokens, std::int64_t context,
                                  std::string_view origin);

}  // namespace gnomon::train
