#include "study/export.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json_value.h"
#include "page/page.h"
#include "study/quantity.h"

namespace gnomon::study {
namespace {

using nlohmann::json;

json finite(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

double number_or(const json& value, double otherwise) {
  return value.is_number() ? value.get<double>() : otherwise;
}

// Knobs and method: numbers as numbers, words as words.
json value_of(const std::string& text) {
  const auto number = parse_number(text);
  if (!number) return text;
  constexpr double exact = 1e15;  // whole numbers up to here stay whole
  if (*number == std::floor(*number) && std::abs(*number) < exact)
    return static_cast<std::int64_t>(*number);
  return *number;
}

json values_of(const std::map<std::string, std::string>& texts) {
  json result = json::object();
  for (const auto& [key, text] : texts) result[key] = value_of(text);
  return result;
}

std::map<std::string, std::string> texts_of(const json& values) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : values.items())
    result[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return result;
}

json to(const stats::Interval& i) {
  return {{"estimate", finite(i.estimate)},
          {"low", finite(i.low)},
          {"high", finite(i.high)},
          {"confidence", i.confidence}};
}

stats::Interval interval_of(const json& j) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return {number_or(j.at("estimate"), infinity), number_or(j.at("low"), -infinity),
          number_or(j.at("high"), infinity), j.at("confidence").get<double>()};
}

json to(const std::map<std::string, stats::Interval>& intervals) {
  json result = json::object();
  for (const auto& [name, interval] : intervals) result[name] = to(interval);
  return result;
}

std::map<std::string, stats::Interval> intervals_of(const json& j) {
  std::map<std::string, stats::Interval> result;
  for (const auto& [name, interval] : j.items()) result[name] = interval_of(interval);
  return result;
}

json to(const ConfigurationReport& c) {
  json result = {{"id", c.id},
                 {"knobs", values_of(c.knobs)},
                 {"label", c.label},
                 {"blocks", c.blocks},
                 {"censored", c.censored},
                 {"measures", to(c.measures)},
                 {"feasible", c.feasible},
                 {"violated", c.violated},
                 {"front_probability", c.front_probability}};
  if (c.against_chosen)
    result["against_chosen"] = {{"ratio", to(c.against_chosen->ratio)},
                                {"adjusted_p", c.against_chosen->adjusted_p},
                                {"verdict", c.against_chosen->verdict}};
  return result;
}

ConfigurationReport configuration_of(const json& j) {
  ConfigurationReport c;
  c.id = value_as<int>(j.at("id"));
  c.knobs = texts_of(j.at("knobs"));
  c.label = j.at("label");
  c.blocks = value_as<int>(j.at("blocks"));
  c.censored = value_as<int>(j.at("censored"));
  c.measures = intervals_of(j.at("measures"));
  c.feasible = j.at("feasible");
  c.violated = j.at("violated").get<std::vector<std::string>>();
  c.front_probability = j.at("front_probability");
  if (j.contains("against_chosen")) {
    const json& a = j["against_chosen"];
    c.against_chosen =
        AgainstChosen{interval_of(a.at("ratio")), a.at("adjusted_p"), a.at("verdict")};
  }
  return c;
}

json to(const Replicate& r) {
  json values = json::object();
  for (const auto& [name, value] : r.values) values[name] = finite(value);
  return {{"block", r.block},     {"position", r.position}, {"configuration", r.configuration},
          {"aa", r.aa},           {"started", r.started},   {"wall", r.wall},
          {"outcome", r.outcome}, {"values", values}};
}

Replicate replicate_of(const json& j) {
  Replicate r;
  r.block = value_as<int>(j.at("block"));
  r.position = value_as<int>(j.at("position"));
  r.configuration = value_as<int>(j.at("configuration"));
  r.aa = j.at("aa");
  r.started = j.at("started");
  r.wall = j.at("wall");
  r.outcome = j.at("outcome");
  for (const auto& [name, value] : j.at("values").items())
    if (value.is_number()) r.values[name] = value;
  return r;
}

json to(const Answer& a) {
  return {{"chosen", a.chosen ? json(*a.chosen) : json(nullptr)},
          {"sentence", a.sentence},
          {"reasons", a.reasons},
          {"undecided", a.undecided},
          {"stopped", a.stopped}};
}

Answer answer_of(const json& j) {
  Answer a;
  if (!j.at("chosen").is_null()) a.chosen = value_as<int>(j["chosen"]);
  a.sentence = j.at("sentence");
  a.reasons = j.at("reasons").get<std::vector<std::string>>();
  a.undecided = j.at("undecided").get<std::vector<std::string>>();
  a.stopped = j.at("stopped");
  return a;
}

json to(const MeasureReport& m) {
  return {{"name", m.name},
          {"unit", m.unit},
          {"label", m.label},
          {"goal", m.goal},
          {"source", m.source}};
}

template <typename T>
json list_of(const std::vector<T>& items) {
  json result = json::array();
  for (const T& item : items) result.push_back(to(item));
  return result;
}

json to(const Report& r) {
  json constraints = json::array(), price = nullptr;
  for (const auto& text : r.constraints) constraints.push_back({{"text", text}});
  if (r.price)
    price = {{"sku", r.price->sku},
             {"dollars_per_hour", r.price->dollars_per_hour},
             {"date", r.price->date},
             {"source", r.price->source},
             {"mapping", r.price->mapping}};
  return {{"schema", 1},
          {"study", r.study},
          {"question", r.question},
          {"answer", to(r.answer)},
          {"objectives", r.objectives},
          {"constraints", constraints},
          {"measures", list_of(r.measures)},
          {"configurations", list_of(r.configurations)},
          {"hypervolume", to(r.hypervolume)},
          {"replicates", list_of(r.replicates)},
          {"aa",
           {{"configuration", r.aa.configuration},
            {"effect", to(r.aa.effect)},
            {"passed", r.aa.passed},
            {"lag1", r.aa.lag1}}},
          {"price", price},
          {"provenance", r.provenance},
          {"method", values_of(r.method)}};
}

Report report_of(const json& j) {
  Report r;
  if (j.at("schema") != 1) throw InputError("schema {}", j.at("schema").dump());
  r.study = j.at("study");
  r.question = j.at("question");
  r.answer = answer_of(j.at("answer"));
  r.objectives = j.at("objectives").get<std::vector<std::string>>();
  for (const auto& c : j.at("constraints")) r.constraints.push_back(c.at("text"));
  for (const auto& m : j.at("measures"))
    r.measures.push_back({m.at("name"), m.at("unit"), m.at("label"), m.at("goal"), m.at("source")});
  for (const auto& c : j.at("configurations")) r.configurations.push_back(configuration_of(c));
  if (j.contains("hypervolume")) r.hypervolume = interval_of(j["hypervolume"]);
  for (const auto& x : j.at("replicates")) r.replicates.push_back(replicate_of(x));
  const auto last = static_cast<int>(r.configurations.size()) - 1;
  for (const auto& replicate : r.replicates)
    if (replicate.configuration < 0 || replicate.configuration > last)
      throw InputError("configuration {}", replicate.configuration);
  const json& aa = j.at("aa");
  r.aa = {value_as<int>(aa.at("configuration")), intervals_of(aa.at("effect")), aa.at("passed"),
          aa.at("lag1").get<std::map<std::string, double>>()};
  if (const json& p = j.at("price"); !p.is_null())
    r.price = PriceReport{p.at("sku"), p.at("dollars_per_hour"), p.at("date"), p.at("source"),
                          p.at("mapping")};
  r.provenance = texts_of(j.at("provenance"));
  r.method = texts_of(j.at("method"));
  return r;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

}  // namespace

std::string to_json(const Report& report) {
  return to(report).dump(2, ' ', false, json::error_handler_t::replace);
}

Report report_from_json(std::string_view text, std::string_view origin) {
  try {
    return report_of(json::parse(text));
  } catch (const std::exception& error) {
    throw InputError("{}: is not a report: {}; run the study again", origin, error.what());
  }
}

std::string to_csv(const Report& report) {
  std::set<std::string> knobs, measures;
  for (const auto& c : report.configurations)
    for (const auto& [name, value] : c.knobs) knobs.insert(name);
  for (const auto& r : report.replicates)
    for (const auto& [name, value] : r.values) measures.insert(name);
  std::string csv = "block,position,configuration";
  for (const auto& knob : knobs) csv += "," + csv_field(knob);
  csv += ",aa,started,elapsed,outcome";
  for (const auto& measure : measures) csv += "," + csv_field(measure);
  csv += "\n";
  for (const auto& r : report.replicates) {
    csv += fmt::format("{},{},{}", r.block, r.position, r.configuration);
    const auto& c = report.configurations.at(static_cast<std::size_t>(r.configuration));
    for (const auto& knob : knobs) csv += "," + csv_field(c.knobs.at(knob));
    csv += fmt::format(",{},{},{},{}", r.aa ? 1 : 0, r.started, r.wall, r.outcome);
    for (const auto& measure : measures) {
      const auto found = r.values.find(measure);
      csv += found == r.values.end() ? "," : fmt::format(",{}", found->second);
    }
    csv += "\n";
  }
  return csv;
}

std::string to_html(const Report& report) { return page::html(to_json(report)); }

}  // namespace gnomon::study
