#include "train/workload.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/nearest.h"
#include "base/random.h"
#include "data/csv.h"
#include "data/image_folder.h"
#include "data/npy.h"
#include "data/npz.h"
#include "data/text.h"

namespace gnomon::train {
namespace {

namespace fs = std::filesystem;

bool is_among(const std::vector<std::string>& known, std::string_view name) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

bool is_text(std::string_view name) {
  return name.ends_with(".txt") || is_among(data::text_names(), name);
}

// With a test part of its own.
bool is_known(std::string_view name) {
  return is_among(data::text_names(), name) ||
         (is_among(data::dataset_names(), name) && !fs::is_directory(name));
}

// x.npy,y.npy
bool is_pair(std::string_view name) {
  const auto comma = name.find(',');
  return comma != std::string_view::npos && name.substr(0, comma).ends_with(".npy") &&
         name.ends_with(".npy");
}

// `name` with `change` made to each of the files it names; known data as it is.
template <typename F>
std::string with_each_file(const std::string& name, F&& change) {
  if (is_pair(name)) {
    const auto comma = name.find(',');
    return change(fs::path(name.substr(0, comma))) + "," + change(fs::path(name.substr(comma + 1)));
  }
  return is_known(name) ? name : change(fs::path(name));
}

// i64 labels, NumPy's integers, as i32; f64 arrays as f32.
Tensor as_loaded(const Tensor& tensor, std::string_view origin) {
  if (tensor.dtype() == DType::f64) return convert(tensor, DType::f32);
  if (tensor.dtype() == DType::boolean || tensor.dtype() == DType::i8)
    return convert(tensor, DType::i32);
  if (tensor.dtype() != DType::i64) return tensor;
  for (const auto value : tensor.span<std::int64_t>())
    if (value != static_cast<std::int32_t>(value))
      throw InputError("{}: holds {}, which is no class number", origin, value);
  return convert(tensor, DType::i32);
}

// A tenth, at least one example, drawn with a fixed seed.
data::Splits divided(const data::Dataset& all, std::string_view name) {
  if (all.size() < 2)
    throw InputError("{}: holds {} examples; two are needed, to train and to test", name,
                     all.size());
  const auto order = Random(0, "test part").permutation(all.size());
  const std::int64_t test = std::max<std::int64_t>(1, all.size() / 10);
  const std::span<const std::int64_t> drawn(order);
  data::Splits splits{data::take(all, drawn.subspan(static_cast<std::size_t>(test))),
                      data::take(all, drawn.first(static_cast<std::size_t>(test)))};
  if (splits.train.inputs.dtype() == DType::u8)
    splits.train.normalisation = data::moments(splits.train.inputs);
  splits.test.normalisation = splits.train.normalisation;
  return splits;
}

std::int64_t largest_label(const data::Dataset& data) {
  const Tensor labels = convert(data.labels, DType::i64);
  const auto values = labels.span<std::int64_t>();
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

data::Dataset load_arrays(std::string_view name) {
  Tensor x, y;
  if (name.ends_with(".npz")) {
    auto arrays = data::read_npz(std::string(name));
    for (const auto* key : {"x", "y"})
      if (!arrays.contains(key)) throw InputError("{}: has no array named {}", name, key);
    x = std::move(arrays.at("x"));
    y = std::move(arrays.at("y"));
  } else {
    const auto comma = name.find(',');
    x = data::read_npy(std::string(name.substr(0, comma)));
    y = data::read_npy(std::string(name.substr(comma + 1)));
  }
  return data::make_dataset(name, as_loaded(x, name), as_loaded(y, name));
}

// Of files, which have no test part of their own.
data::Dataset load_examples(std::string_view name, const DataOptions& options) {
  if (name.ends_with(".npz") || is_pair(name)) return load_arrays(name);
  if (name.ends_with(".csv")) {
    data::Table table =
        data::read_csv(std::string(name), {.targets = options.targets, .label = ""});
    return data::make_dataset(name, std::move(table.features), std::move(table.labels),
                              std::move(table.classes));
  }
  if (fs::is_directory(name)) return data::read_image_folder(std::string(name));
  if (name.ends_with(".npy"))
    throw InputError("{}: labels are missing; write --data x.npy,y.npy", name);
  if (fs::exists(name))
    throw InputError(
        "{}: is of no kind that can be read: x.npy,y.npy; arrays.npz; table.csv; "
        "book.txt; a folder of images",
        name);
  throw InputError("data set '{}' is unknown; {}", name, suggest(name, data::dataset_names()));
}

data::Tokeniser make_tokeniser(const data::TextSplits& text, std::int64_t merges) {
  if (merges > 0) return data::Tokeniser::of_byte_pairs(text.train.documents, merges);
  // A character of the validation part alone would have no token.
  auto all = text.train.documents;
  all.insert(all.end(), text.validation.documents.begin(), text.validation.documents.end());
  return data::Tokeniser::of_characters(all);
}

Workload load_text(std::string_view name, const DataOptions& options) {
  const data::TextSplits text = data::load_text(name);
  Workload workload;
  workload.tokeniser =
      options.tokeniser ? *options.tokeniser : make_tokeniser(text, options.merges);
  const auto examples = [&](const data::Text& part) {
    return next_token_examples(workload.tokeniser->encode_documents(part.documents),
                               options.context, name);
  };
  workload.splits = {examples(text.train), examples(text.validation)};
  return workload;
}

bool is_trained(const data::Dataset& train, const TrainedOn& trained) {
  return (trained.examples > 0 ? data::first(train, trained.examples) : train).hash == trained.hash;
}

Judged judged_text(std::string_view name, const DataOptions& options, const TrainedOn& trained) {
  const auto documents = data::load_documents(name);
  const data::TextSplits text = data::split_text(documents, name);
  const auto tokeniser =
      options.tokeniser ? *options.tokeniser : make_tokeniser(text, options.merges);
  const auto tokens = tokeniser.encode_documents(text.train.documents);
  const auto examples = [&](std::span<const std::int32_t> of) {
    return next_token_examples(of, options.context, name);
  };
  // Fewer make no example.
  if (static_cast<std::int64_t>(tokens.size()) > options.context &&
      is_trained(examples(tokens), trained))
    return {examples(tokeniser.encode_documents(text.validation.documents)), JudgedPart::set_apart};
  return {examples(tokeniser.encode_documents(documents)), JudgedPart::all};
}

}  // namespace

std::string with_whole_paths(const std::string& name) {
  return with_each_file(name, [](const fs::path& file) {
    const fs::path whole = fs::absolute(file), tidy = whole.lexically_normal();
    std::error_code absent;
    // "a/../b" is not "b" where a is a link.
    return (fs::equivalent(whole, tidy, absent) ? tidy : whole).string();
  });
}

std::string without_folders(const std::string& name) {
  return with_each_file(name, [](const fs::path& file) {
    return (file.has_filename() ? file : file.parent_path()).filename().string();
  });
}

data::Dataset next_token_examples(std::span<const std::int32_t> tokens, std::int64_t context,
                                  std::string_view origin) {
  const std::int64_t count = (static_cast<std::int64_t>(tokens.size()) - 1) / context;
  if (count < 1)
    throw InputError("{}: holds {} tokens, too few for one example of {}; use a smaller context",
                     origin, tokens.size(), context);
  const auto stretch = [&](std::size_t from) {
    const auto part = tokens.subspan(from, static_cast<std::size_t>(count * context));
    return Tensor::of<std::int32_t>({count, context}, part);
  };
  return data::make_dataset(origin, stretch(0), stretch(1));
}

ModelShape Workload::fit(ModelShape shape) const {
  const Shape& given = splits.train.inputs.shape();
  if (tokeniser) {
    shape.vocabulary = tokeniser->size();
    shape.context = given[1];
    return shape;
  }
  if (given.size() == 4) {
    shape.channels = given[1];
    shape.height = given[2];
    shape.width = given[3];
  }
  if (!splits.train.classes.empty())
    shape.classes = static_cast<std::int64_t>(splits.train.classes.size());
  else if (is_float(splits.train.labels.dtype()))
    shape.classes = splits.train.labels.shape().back();  // as many outputs as targets
  else
    shape.classes = 1 + std::max(largest_label(splits.train), largest_label(splits.test));
  return shape;
}

Workload load_workload(std::string_view name, const DataOptions& options) {
  if (is_text(name)) return load_text(name, options);
  if (is_known(name)) return {data::load_dataset(name), std::nullopt, ""};
  return {divided(load_examples(name, options), name), std::nullopt, ""};
}

Judged load_judged(std::string_view name, const DataOptions& options, const TrainedOn& trained) {
  if (is_known(name))
    return {is_text(name) ? load_text(name, options).splits.test : data::load_test_split(name),
            JudgedPart::test};
  if (is_text(name)) return judged_text(name, options, trained);
  data::Dataset all = load_examples(name, options);
  if (all.size() < 2) return {std::move(all), JudgedPart::all};
  data::Splits splits = divided(all, name);
  if (is_trained(splits.train, trained)) return {std::move(splits.test), JudgedPart::set_apart};
  return {std::move(all), JudgedPart::all};
}

}  // namespace gnomon::train
