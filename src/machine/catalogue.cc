#include "machine/catalogue.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/process.h"

namespace gnomon::machine {
namespace {

using Keys = std::vector<std::string>;

[[noreturn]] void fail(const std::string& file, const YAML::Mark& mark, const std::string& what) {
  if (mark.is_null()) throw InputError("{}: {}", file, what);
  throw InputError("{}:{}: {}", file, mark.line + 1, what);
}

// A YAML mapping whose keys are all known. Every reading names the key it fails on.
class Section {
 public:
  Section(std::string file, const YAML::Node& node, const Keys& known)
      : file_(std::move(file)), node_(node) {
    if (!node_.IsMap())
      fail(file_, node_.Mark(), "is not a mapping; write 'key: value' lines, see doc/machine.md");
    Keys seen;
    for (const auto& entry : node_) {
      const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(file_, entry.first.Mark(),
             fmt::format("unknown key '{}'; {}", key, suggest(key, known)));
      if (std::find(seen.begin(), seen.end(), key) != seen.end())
        fail(file_, entry.first.Mark(), fmt::format("key '{}' is given twice; keep one", key));
      seen.push_back(key);
    }
  }

  std::optional<std::string> text(const std::string& key) const {
    const YAML::Node value = node_[key];
    if (!value) return std::nullopt;
    if (!value.IsScalar() || value.Scalar().empty()) wrong(key, value, "text");
    return value.Scalar();
  }
  std::string required_text(const std::string& key) const {
    if (auto value = text(key)) return *value;
    missing(key);
  }

  std::optional<double> number(const std::string& key) const {
    const YAML::Node value = node_[key];
    double parsed = 0;
    if (!value) return std::nullopt;
    if (!YAML::convert<double>::decode(value, parsed) || !std::isfinite(parsed) || parsed <= 0)
      wrong(key, value, "a positive number");
    return parsed;
  }
  double required_number(const std::string& key) const {
    if (auto value = number(key)) return *value;
    missing(key);
  }

  std::optional<int> count(const std::string& key) const {
    const auto value = number(key);
    if (!value) return std::nullopt;
    if (*value != std::floor(*value) || *value > 1e6) wrong(key, node_[key], "a whole number");
    return static_cast<int>(*value);
  }

  std::vector<YAML::Node> list(const std::string& key) const {
    const YAML::Node value = node_[key];
    if (!value) return {};
    if (!value.IsSequence()) wrong(key, value, "a list");
    return {value.begin(), value.end()};
  }

  std::optional<YAML::Node> child(const std::string& key) const {
    const YAML::Node value = node_[key];
    if (!value) return std::nullopt;
    return value;
  }

  [[noreturn]] void wrong(const std::string& key, const YAML::Node& value,
                          std::string_view wanted) const {
    fail(file_, value.Mark(),
         fmt::format("{}: '{}' is not {}", key, value.IsScalar() ? value.Scalar() : "…", wanted));
  }
  [[noreturn]] void missing(const std::string& key) const {
    fail(file_, node_.Mark(), fmt::format("key '{}' is missing; add it", key));
  }

 private:
  std::string file_;
  YAML::Node node_;
};

// "2026", "2026-06" or "2026-06-17": as exact as the source.
bool is_date(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-dd";
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
  return std::equal(text.begin(), text.end(), form.begin(),
                    [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; });
}

Price read_price(const std::string& file, const YAML::Node& node) {
  const Section section(
      file, node,
      {"terms", "price_usd_per_hour", "price_usd_per_hour_high", "region", "date", "source"});
  Price price{.terms = section.required_text("terms"),
              .per_hour = Dollars(section.required_number("price_usd_per_hour")),
              .per_hour_high = std::nullopt,
              .region = section.text("region").value_or(""),
              .date = section.required_text("date"),
              .source = section.required_text("source")};
  if (const auto high = section.number("price_usd_per_hour_high")) {
    price.per_hour_high = Dollars(*high);
    if (*price.per_hour_high < price.per_hour)
      section.wrong("price_usd_per_hour_high", *section.child("price_usd_per_hour_high"),
                    "above price_usd_per_hour");
  }
  if (!is_date(price.date))
    section.wrong("date", *section.child("date"), "a date such as 2026-06-17, 2026-06 or 2026");
  return price;
}

Accelerator read_accelerator(const std::string& file, const YAML::Node& node) {
  const Section section(file, node, {"model", "count"});
  Accelerator accelerator{.model = section.required_text("model"), .count = 0};
  const auto count = section.count("count");
  if (!count) section.missing("count");
  accelerator.count = *count;
  return accelerator;
}

}  // namespace

const Price* Machine::price() const {
  const auto on_demand = std::find_if(prices.begin(), prices.end(),
                                      [](const Price& p) { return p.terms == "on-demand"; });
  if (on_demand != prices.end()) return &*on_demand;
  return prices.empty() ? nullptr : &prices.front();
}

Machine read_machine(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::string text = read_file(path, Bytes(1 << 20));
  YAML::Node root;
  try {
    root = YAML::Load(text);
  } catch (const YAML::Exception& error) {
    fail(file, error.mark, fmt::format("is not YAML: {}", error.msg));
  }
  const Section section(file, root,
                        {"name", "description", "provider", "processor_family", "hardware_threads",
                         "cores", "memory_gib", "accelerator", "prices"});
  Machine machine{.name = section.required_text("name"),
                  .description = section.required_text("description"),
                  .provider = section.required_text("provider"),
                  .processor_family = section.text("processor_family").value_or(""),
                  .hardware_threads = section.count("hardware_threads"),
                  .cores = section.count("cores"),
                  .memory = std::nullopt,
                  .accelerator = std::nullopt,
                  .prices = {}};
  if (machine.name != path.stem().string())
    section.wrong("name", *section.child("name"),
                  fmt::format("the file's name; write 'name: {}'", path.stem().string()));
  if (const auto gib = section.number("memory_gib")) machine.memory = Bytes(*gib * (1 << 30));
  if (const auto node = section.child("accelerator"))
    machine.accelerator = read_accelerator(file, *node);
  for (const auto& node : section.list("prices")) machine.prices.push_back(read_price(file, node));
  return machine;
}

std::vector<Machine> read_catalogue(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (error) throw InputError("{}: cannot be listed: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  std::vector<Machine> catalogue;
  for (const auto& file : files) catalogue.push_back(read_machine(file));
  return catalogue;
}

const Machine& find_machine(const std::vector<Machine>& catalogue, std::string_view name) {
  std::vector<std::string> names;
  for (const auto& machine : catalogue) {
    if (machine.name == name) return machine;
    names.push_back(machine.name);
  }
  throw InputError("machine '{}' is not in the catalogue; {}", name, suggest(name, names));
}

std::filesystem::path catalogue_folder() {
  if (const char* folder = std::getenv("GNOMON_MACHINES")) return folder;
  auto folder = self_executable().parent_path();
  for (; folder.has_relative_path(); folder = folder.parent_path())
    if (std::filesystem::is_directory(folder / "machines")) return folder / "machines";
  throw EnvironmentError(
      "machines/: no such folder above {}; set GNOMON_MACHINES to the folder of machine files",
      self_executable().string());
}

}  // namespace gnomon::machine
