#include <charconv>
#include <cmath>
#include <istream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/error.h"
#include "trace/builder.h"
#include "trace/readers.h"

namespace gnomon::trace {
namespace {

using Json = nlohmann::json;

struct Scalar {
  enum class Type { other, integer, real, text } type = Type::other;
  std::int64_t integer = 0;
  double real = 0;
  std::string text = {};  // of a real: its digits

  bool is(Type wanted) const { return type == wanted; }
};

// One element of traceEvents, as far as it is used.
struct Element {
  std::string phase, name, category, unit;
  Scalar process, thread, time, duration;
  std::vector<std::pair<std::string, std::int64_t>> integers;  // arguments, the first two
  std::vector<std::pair<std::string, double>> numbers;         // all arguments
  std::string named;                                           // the argument "name"
};

// What JSON has no numbers for, as write_chrome writes it.
std::optional<double> infinite(std::string_view text) {
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// Microseconds as nanoseconds, exactly if they are written without an exponent.
std::optional<std::int64_t> nanoseconds(const Scalar& time) {
  constexpr std::int64_t latest = Lane::latest / 1000;
  if (time.is(Scalar::Type::integer)) {
    if (time.integer > latest || time.integer < -latest) return std::nullopt;
    return time.integer * 1000;
  }
  if (!time.is(Scalar::Type::real) || !(std::abs(time.real) < static_cast<double>(latest)))
    return std::nullopt;
  if (time.text.find_first_of("eE") != std::string::npos) return std::llround(time.real * 1000);
  const std::size_t point = std::min(time.text.find('.'), time.text.size());
  std::string digits = time.text.substr(0, point);
  for (std::size_t i = 1; i <= 3; ++i)
    digits += point + i < time.text.size() ? time.text[point + i] : '0';
  const bool up = point + 4 < time.text.size() && time.text[point + 4] >= '5';
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value + (up ? (digits[0] == '-' ? -1 : 1) : 0);
}

class Reader : public nlohmann::json_sax<Json> {
 public:
  Reader(std::istream& in, std::string origin, CutOff cut_off)
      : in_(in), origin_(std::move(origin)), cut_off_(cut_off), builder_(origin_) {}

  Trace read() {
    Json::sax_parse(in_, this);
    if (!found_events_) throw InputError("{}: has no traceEvents: no trace", origin_);
    return builder_.finish();
  }

  bool null() override { return value({}); }
  bool boolean(bool v) override { return value({.type = Scalar::Type::other, .integer = v}); }
  bool number_integer(number_integer_t v) override {
    return value({.type = Scalar::Type::integer, .integer = v, .real = static_cast<double>(v)});
  }
  bool number_unsigned(number_unsigned_t v) override {
    if (v <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return number_integer(static_cast<std::int64_t>(v));
    return number_float(static_cast<double>(v), std::to_string(v));
  }
  bool number_float(number_float_t v, const string_t& text) override {
    return value({.type = Scalar::Type::real, .real = v, .text = text});
  }
  bool string(string_t& text) override {
    return value({.type = Scalar::Type::text, .text = std::move(text)});
  }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    ++depth_;
    if (events_ && depth_ == event_depth_) element_ = {};
    if (events_ && depth_ == event_depth_ + 1) arguments_ = key_ == "args";
    if (!events_ && depth_ == 2) other_data_ = key_ == "otherData";
    return true;
  }
  bool end_object() override {
    if (events_ && depth_ == event_depth_) add(element_);
    --depth_;
    if (depth_ <= event_depth_) arguments_ = false;
    if (depth_ < 2) other_data_ = false;
    return true;
  }
  bool start_array(std::size_t) override {
    ++depth_;
    if (!events_ && (depth_ == 1 || (depth_ == 2 && key_ == "traceEvents"))) {
      events_ = found_events_ = true;
      event_depth_ = depth_ + 1;
    }
    return true;
  }
  bool end_array() override {
    if (events_ && depth_ == event_depth_ - 1) events_ = false;
    --depth_;
    return true;
  }
  bool key(string_t& text) override {
    key_ = std::move(text);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const bool at_end = in_.eof();
    if (at_end && cut_off_ == CutOff::keep) {
      builder_.set_cut_off();
      return false;
    }
    if (at_end) throw InputError("{}: offset {}: the file is cut off", origin_, position);
    throw InputError("{}: offset {}: no JSON: {}", origin_, position, error.what());
  }

 private:
  using Type = Scalar::Type;

  [[noreturn]] void refuse(std::string_view what) {
    throw InputError("{}: event before offset {}: {}", origin_,
                     static_cast<std::int64_t>(in_.tellg()), what);
  }

  bool value(Scalar scalar) {
    if (events_ && depth_ == event_depth_)
      set_field(std::move(scalar));
    else if (arguments_ && depth_ == event_depth_ + 1)
      set_argument(scalar);
    else if (other_data_ && depth_ == 2)
      set_other_data(scalar);
    return true;
  }

  void set_field(Scalar&& scalar) {
    if (key_ == "ph") element_.phase = scalar.text;
    if (key_ == "name") element_.name = scalar.text;
    if (key_ == "cat") element_.category = scalar.text;
    if (key_ == "unit") element_.unit = scalar.text;
    if (key_ == "pid") element_.process = scalar;
    if (key_ == "tid") element_.thread = scalar;
    if (key_ == "ts") element_.time = scalar;
    if (key_ == "dur") element_.duration = scalar;
  }

  void set_argument(const Scalar& scalar) {
    if (scalar.is(Type::integer) && element_.integers.size() < 2)
      element_.integers.emplace_back(key_, scalar.integer);
    if (scalar.is(Type::integer) || scalar.is(Type::real))
      element_.numbers.emplace_back(key_, scalar.real);
    if (!scalar.is(Type::text)) return;
    if (const auto number = infinite(scalar.text)) element_.numbers.emplace_back(key_, *number);
    if (key_ == "name") element_.named = scalar.text;
  }

  void set_other_data(const Scalar& scalar) {
    if (key_ == "producer" && scalar.text == "gnomon") builder_.set_origin(0);
    if (key_ == "duration_ns" && scalar.is(Type::integer) && std::abs(scalar.real) < 1e18)
      builder_.set_end(scalar.integer);
    if (key_ == "steady_clock") builder_.set_steady_clock(scalar.integer != 0);
  }

  // Processes and threads may have texts for numbers: those get negative ones.
  std::int64_t id_of(const Scalar& id) {
    if (!id.is(Type::text) && !id.is(Type::real)) return id.integer;
    const auto next = -static_cast<std::int64_t>(ids_.size()) - 1;
    return ids_.emplace(id.text, next).first->second;
  }

  std::uint32_t process_of(const Element& element) {
    const std::uint32_t process = builder_.process(id_of(element.process));
    auto& name = builder_.process_at(process).name;
    if (name.empty() && element.process.is(Type::text)) name = element.process.text;
    return process;
  }

  std::size_t thread_of(const Element& element) {
    const std::uint32_t process = process_of(element);
    const auto [entry, fresh] = threads_.emplace(std::pair(process, id_of(element.thread)), 0);
    if (!fresh) return entry->second;
    entry->second = builder_.thread(entry->first.second, process);
    if (element.thread.is(Type::text)) builder_.thread_at(entry->second).name = element.thread.text;
    return entry->second;
  }

  Label label_of(const Element& element) {
    Label label = {.text = element.name, .arguments = {}};
    set_category(label, element.category);
    return label;
  }

  void add(const Element& element) {
    if (element.phase.size() != 1) return;
    const char phase = element.phase[0];
    if (phase == 'M') return add_name(element);
    if (std::string_view("XBEiIC").find(phase) == std::string_view::npos) return;
    const auto time = nanoseconds(element.time);
    if (!time) refuse("ts is no time in microseconds");
    const std::size_t thread = thread_of(element);
    if (phase == 'E') return builder_.lane(thread).end(*time);
    if (phase == 'C') return add_counters(element, thread, *time);
    Event event = {.begin = *time, .end = *time};
    Label label = label_of(element);
    for (std::size_t i = 0; i < element.integers.size(); ++i) {
      label.arguments[i] = element.integers[i].first;
      event.arguments[i] = element.integers[i].second;
    }
    if (label.other == "recorder" && label.arguments[0] == "dropped") {
      add_dropped(thread, event.arguments[0]);
      return;
    }
    event.label = builder_.label(label);
    if (phase == 'B') return builder_.lane(thread).begin(event);
    if (phase == 'X') {
      const auto duration = element.duration.is(Type::other) ? std::optional<std::int64_t>(0)
                                                             : nanoseconds(element.duration);
      if (!duration || *duration < 0) refuse("dur is no duration in microseconds");
      event.end += *duration;
    } else {
      event.kind = Kind::instant;
    }
    builder_.lane(thread).add(event);
  }

  void add_name(const Element& element) {
    if (element.name == "process_name")
      builder_.process_at(process_of(element)).name = element.named;
    if (element.name != "thread_name") return;
    Thread& thread = builder_.thread_at(thread_of(element));
    const bool unnamed = element.named == "thread " + std::to_string(thread.id);
    thread.name = unnamed ? "" : element.named;
  }

  void add_counters(const Element& element, std::size_t thread, std::int64_t time) {
    for (const auto& [key, number] : element.numbers) {
      Label label = label_of(element);
      if (key != "value") label.text += " " + key;
      label.unit = element.unit;
      builder_.lane(thread).add({.begin = time,
                                 .end = time,
                                 .value = number,
                                 .label = builder_.label(label),
                                 .kind = Kind::counter});
    }
  }

  void add_dropped(std::size_t thread, std::int64_t dropped) {
    std::int64_t& sum = builder_.thread_at(thread).dropped;
    if (dropped < 0 || __builtin_add_overflow(sum, dropped, &sum))
      refuse("an impossible number of events was dropped");
  }

  std::istream& in_;
  std::string origin_;
  CutOff cut_off_;
  Builder builder_;
  std::map<std::string, std::int64_t> ids_;
  std::map<std::pair<std::uint32_t, std::int64_t>, std::size_t> threads_;
  Element element_;
  std::string key_;
  int depth_ = 0;
  int event_depth_ = 0;
  bool events_ = false, found_events_ = false;  // inside the array of events; it was met
  bool arguments_ = false, other_data_ = false;
};

}  // namespace

Trace read_chrome(std::istream& in, const std::string& origin, CutOff cut_off) {
  return Reader(in, origin, cut_off).read();
}

}  // namespace gnomon::trace
