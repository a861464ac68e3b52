#include "data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/file.h"
#include "base/nearest.h"

namespace gnomon::data {
namespace {

constexpr std::size_t size_limit = std::size_t{1} << 30;
constexpr std::size_t most_classes = 65536;
constexpr std::size_t most_fields = 65536;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

struct Field {
  std::string text;
  Place place;
};

// For messages: short, and nothing that a terminal would act on.
std::string shown(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 40)) result += static_cast<unsigned char>(c) < ' ' ? '?' : c;
  return result + (text.size() > 40 ? "…'" : "'");
}

class Records {
 public:
  Records(std::string_view text, std::string_view origin) : text_(text), origin_(origin) {
    if (text.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
  }

  // Replaces `record` by the next one; false at the end. The strings are reused.
  bool next(std::vector<Field>& record) {
    skip_empty_lines();
    if (at_ == text_.size()) return false;
    std::size_t count = 0;
    bool more = true;
    while (more) {
      if (count == most_fields) fail(here(), "more than {} fields; split the table", most_fields);
      if (record.size() == count) record.emplace_back();
      more = read_field(record[count++]);
    }
    record.resize(count);
    return true;
  }

  template <typename... Args>
  [[noreturn]] void fail(Place place, fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}:{}:{}: {}", origin_, place.line, place.column,
                     fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  Place here() const { return {line_, at_ - line_begin_ + 1}; }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }

  // At LF or CRLF: the bytes of it.
  std::size_t line_end() const {
    if (peek() == '\n') return 1;
    return peek() == '\r' && peek(1) == '\n' ? 2 : 0;
  }

  void end_line() {
    at_ = std::min(at_ + line_end(), text_.size());
    ++line_;
    line_begin_ = at_;
  }

  void skip_empty_lines() {
    while (at_ < text_.size() && line_end() > 0) end_line();
  }

  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  // Whether another field follows in the record.
  bool read_field(Field& field) {
    field.text.clear();
    skip_spaces();
    field.place = here();
    if (peek() == '"')
      read_quoted(field);
    else
      read_plain(field.text);
    if (peek() == ',') {
      ++at_;
      return true;
    }
    if (line_end() == 0)
      fail(here(), "{} after a closing quote; double the quotes within a field",
           shown(text_.substr(at_, 1)));
    end_line();
    return false;
  }

  void read_plain(std::string& field) {
    const std::size_t begin = at_;
    while (peek() != ',' && line_end() == 0) {
      if (peek() == '"')
        fail(here(),
             "a quote within a field that does not begin with one; put the whole field in quotes "
             "and double those within");
      if (peek() == '\r')
        fail(here(), "a carriage return without a line feed; end lines with LF or CRLF");
      if (peek() == '\0') fail(here(), "a NUL byte; save the table as UTF-8 text");
      ++at_;
    }
    std::string_view text = text_.substr(begin, at_ - begin);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    field = text;
  }

  void read_quoted(Field& field) {
    ++at_;
    while (true) {
      if (at_ == text_.size()) fail(field.place, "a quoted field without end; close the quote");
      const char c = text_[at_++];
      if (c == '"') {
        if (at_ == text_.size() || text_[at_] != '"') break;
        ++at_;
      }
      if (c == '\n') {
        ++line_;
        line_begin_ = at_;
      }
      field.text += c;
    }
    skip_spaces();
  }

  std::string_view text_;
  std::string_view origin_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_begin_ = 0;
};

std::optional<double> number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    // Beyond f64: too large, unless it is a number so small that it is nought.
    const bool small = text.find("e-") != text.npos || text.find("E-") != text.npos;
    return small ? 0 : std::numeric_limits<double>::infinity();
  }
  if (error != std::errc()) return std::nullopt;
  return value;
}

// A class given as its index.
std::optional<std::int32_t> class_index(const std::string& text) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 ||
      value >= static_cast<std::int32_t>(most_classes))
    return std::nullopt;
  return value;
}

// The labels as they come: words, numbered in order of first appearance.
class Labels {
 public:
  void add(const Field& field, const Records& records) {
    const auto [found, added] = numbers_.try_emplace(field.text, numbers_.size());
    if (added) {
      if (field.text.empty())
        records.fail(field.place, "the label is empty; fill it in or remove the row");
      if (numbers_.size() > most_classes)
        records.fail(field.place, "more than {} classes; name the column of the labels",
                     most_classes);
      words_.push_back(field.text);
      if (!fraction_ && is_fraction(field.text)) fraction_ = field;
      all_indices_ = all_indices_ && class_index(field.text).has_value();
      all_numbers_ = all_numbers_ && number(field.text).has_value();
    }
    values_.push_back(static_cast<std::int32_t>(found->second));
  }

  void finish(Table& table, const Records& records) {
    if (all_numbers_ && fraction_)
      records.fail(fraction_->place,
                   "label {} is a number but no class; labels are integers or words (to predict "
                   "numbers, train with --loss mean-squared-error)",
                   shown(fraction_->text));
    if (all_indices_) renumber();
    table.labels = Tensor::of<std::int32_t>({static_cast<std::int64_t>(values_.size())}, values_);
    table.classes = std::move(words_);
  }

 private:
  static bool is_fraction(std::string_view text) {
    const auto value = number(text);
    return value && (!std::isfinite(*value) || *value != std::floor(*value) ||
                     text.find_first_of(".eE") != text.npos);
  }

  void renumber() {
    std::int32_t largest = 0;
    for (auto& value : values_) {
      value = *class_index(words_[static_cast<std::size_t>(value)]);
      largest = std::max(largest, value);
    }
    words_.clear();
    for (std::int32_t i = 0; i <= largest; ++i) words_.push_back(std::to_string(i));
  }

  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> words_;
  std::vector<std::int32_t> values_;
  std::optional<Field> fraction_;
  bool all_indices_ = true;
  bool all_numbers_ = true;
};

class Reader {
 public:
  Reader(std::string_view text, std::string_view origin, const CsvOptions& options)
      : origin_(origin), options_(options), records_(text, origin) {}

  Table read() {
    std::vector<Field> record;
    bool any = records_.next(record);
    if (any) {
      width_ = record.size();
      const bool header = is_header(record);
      find_label(record, header);
      if (header) any = records_.next(record);
    }
    if (!any) fail("has no record; a table needs at least one row");
    std::int64_t rows = 0;
    for (; any; any = records_.next(record), ++rows) add(record);
    const auto columns = static_cast<std::int64_t>(width_) - (options_.labelled ? 1 : 0);
    table_.features = Tensor::of<float>({rows, columns}, features_);
    if (options_.labelled && options_.targets)
      table_.labels = Tensor::of<float>({rows, 1}, targets_);
    else if (options_.labelled)
      labels_.finish(table_, records_);
    else
      table_.labels = Tensor(DType::i32, {0});
    return std::move(table_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw InputError("{}: {}", origin_, fmt::format(format, std::forward<Args>(args)...));
  }

  bool is_header(const std::vector<Field>& first) const {
    if (options_.header != CsvHeader::detect) return options_.header == CsvHeader::present;
    return std::none_of(first.begin(), first.end(),
                        [](const Field& field) { return number(field.text).has_value(); });
  }

  void find_label(const std::vector<Field>& first, bool header) {
    if (options_.labelled && width_ < 2)
      fail("has one column; a table needs a column of features beside the labels");
    label_ = options_.labelled ? width_ - 1 : width_;
    std::vector<std::string> names;
    if (header)
      for (const auto& field : first) names.push_back(field.text);
    if (options_.labelled && !options_.label.empty()) {
      if (!header)
        fail(
            "has no header, so no column is named '{}'; add a header or leave the label to be the "
            "last column",
            options_.label);
      const auto found = std::find(names.begin(), names.end(), options_.label);
      if (found == names.end())
        fail("no column is named '{}'; {}", options_.label, suggest(options_.label, names));
      if (std::find(found + 1, names.end(), options_.label) != names.end())
        fail("two columns are named '{}'; rename one", options_.label);
      label_ = static_cast<std::size_t>(found - names.begin());
    }
    for (std::size_t i = 0; i < names.size(); ++i)
      if (i != label_) table_.columns.push_back(names[i]);
  }

  void add(const std::vector<Field>& record) {
    if (record.size() != width_) {
      const Field& culprit = record.size() > width_ ? record[width_] : record.back();
      records_.fail(culprit.place,
                    "the record has {} fields and the first has {}; quote commas within fields, or "
                    "correct the row",
                    record.size(), width_);
    }
    for (std::size_t i = 0; i < width_; ++i) {
      if (i != label_)
        features_.push_back(number_in(record[i], i));
      else if (options_.targets)
        targets_.push_back(number_in(record[i], i));
      else
        labels_.add(record[i], records_);
    }
  }

  float number_in(const Field& field, std::size_t column) const {
    if (field.text.empty())
      records_.fail(field.place, "{} is empty; fill it in or remove the row", name_of(column));
    const auto value = number(field.text);
    if (!value)
      records_.fail(field.place, "{} in {} is not a number; {}", shown(field.text), name_of(column),
                    rule());
    const auto single = static_cast<float>(*value);
    if (!std::isfinite(single))
      records_.fail(field.place, "{} in {} is no finite f32; correct it or remove the row",
                    shown(field.text), name_of(column));
    return single;
  }

  std::string name_of(std::size_t column) const {
    if (column == label_) return fmt::format("column {} (the label)", column + 1);
    if (table_.columns.empty()) return fmt::format("column {}", column + 1);
    const std::size_t index = column - (column > label_ ? 1 : 0);
    return fmt::format("column {}, {}", column + 1, shown(table_.columns[index]));
  }

  std::string rule() const {
    if (options_.targets) return "features and labels are numbers";
    return options_.labelled
               ? fmt::format("features are numbers, the label is column {}", label_ + 1)
               : "features are numbers, the label is absent";
  }

  std::string_view origin_;
  const CsvOptions& options_;
  Records records_;
  std::size_t width_ = 0;
  std::size_t label_ = 0;
  Table table_;
  Labels labels_;
  std::vector<float> features_, targets_;
};

}  // namespace

Table parse_csv(std::string_view text, std::string_view origin, const CsvOptions& options) {
  return Reader(text, origin, options).read();
}

Table read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  return parse_csv(read_file(path, Bytes(static_cast<double>(size_limit))), path.string(), options);
}

}  // namespace gnomon::data
