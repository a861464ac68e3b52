// The YAML form of devices and machines. Each function reads one group of keys.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "machine/catalogue.h"
#include "machine/yaml_section.h"

namespace gnomon::machine {
namespace {

using yaml::Section;
using Names = std::vector<std::string>;

constexpr int most_things = 100'000;  // cores, devices, links
constexpr double most_gib = 1e9;
constexpr double most_gb_per_second = 1e9;
constexpr double most_microseconds = 1e9;
constexpr double most_tera_per_second = 1e9;
constexpr double most_dollars_per_hour = 1e6;

// The names of an enumeration, in the order of its values.
template <typename Enumeration>
Names names_of(std::initializer_list<Enumeration> values) {
  Names names;
  for (const Enumeration value : values) names.emplace_back(name(value));
  return names;
}

// "2026", "2026-06" or "2026-06-17": as exact as the source.
bool is_date(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-dd";
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
  return std::equal(text.begin(), text.end(), form.begin(),
                    [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; });
}

Provenance read_provenance(const Section& section) {
  Provenance provenance{section.required_text("date", "say when the figures were seen"),
                        section.required_text("source", "say where the figures were seen")};
  if (!is_date(provenance.date))
    section.fail("date", fmt::format("'{}' is not a date such as 2026-06-17, 2026-06 or 2026",
                                     provenance.date));
  return provenance;
}

std::string read_name(const Section& file) {
  const std::string stem = std::filesystem::path(file.origin()).stem().string();
  std::string name = file.required_text("name", fmt::format("write 'name: {}'", stem));
  if (name != stem)
    file.fail("name", fmt::format("'{}' is not the file's name; write 'name: {}'", name, stem));
  return name;
}

std::optional<Bandwidth> read_bandwidth(const Section& section) {
  const auto value = section.number("bandwidth_gb_per_s", most_gb_per_second);
  if (!value) return std::nullopt;
  return Bandwidth(*value * 1e9);
}

std::optional<Memory> read_memory(const Section& parent) {
  if (!parent.has("memory")) return std::nullopt;
  const Section section =
      parent.section("memory", {"capacity_gib", "bandwidth_gb_per_s", "date", "source"});
  Memory memory;
  if (const auto gib = section.number("capacity_gib", most_gib))
    memory.capacity = Bytes(*gib * (1 << 30));
  memory.bandwidth = read_bandwidth(section);
  if (!memory.capacity && !memory.bandwidth)
    section.missing("capacity_gib", "write it, bandwidth_gb_per_s, or leave memory out");
  memory.provenance = read_provenance(section);
  return memory;
}

Link read_link(const Section& section) {
  static const Names kinds =
      names_of({LinkKind::nvlink, LinkKind::pcie, LinkKind::infiniband, LinkKind::ethernet});
  Link link;
  link.kind = static_cast<LinkKind>(section.choice("kind", kinds));
  link.count = section.count("count", most_things);
  link.bandwidth = read_bandwidth(section);
  if (const auto microseconds = section.number("latency_us", most_microseconds))
    link.latency = Seconds(*microseconds * 1e-6);
  link.provenance = read_provenance(section);
  return link;
}

void read_peaks(const Section& compute, std::string_view key, const Names& types,
                std::vector<Peak>& peaks) {
  if (!compute.has(key)) return;
  const Section section = compute.section(key, types);
  for (const auto& entry : section.entries())
    peaks.push_back({entry.key, FlopRate(*section.number(entry.key, most_tera_per_second) * 1e12)});
}

std::optional<Compute> read_compute(const Section& device) {
  if (!device.has("compute")) return std::nullopt;
  const Section section = device.section("compute", {"peak_tflops", "peak_tops", "date", "source"});
  Compute compute;
  read_peaks(section, "peak_tflops", {"f64", "f32", "tf32", "bf16", "f16", "f8"}, compute.peaks);
  read_peaks(section, "peak_tops", {"i8"}, compute.peaks);
  if (compute.peaks.empty()) section.missing("peak_tflops", "write it like {f32: 19.5, bf16: 312}");
  compute.provenance = read_provenance(section);
  return compute;
}

std::optional<Processor> read_processor(const Section& machine) {
  if (!machine.has("processor")) return std::nullopt;
  const Section section = machine.section(
      "processor",
      {"model", "architecture", "family", "hardware_threads", "cores", "date", "source"});
  static const Names architectures = {"x86-64", "arm64"};
  Processor processor;
  processor.model = section.text("model", "");
  if (section.has("architecture"))
    processor.architecture = architectures[section.choice("architecture", architectures)];
  processor.family = section.text("family", "");
  processor.hardware_threads = section.count("hardware_threads", most_things);
  processor.cores = section.count("cores", most_things);
  processor.provenance = read_provenance(section);
  return processor;
}

DeviceGroup read_group(const Section& section, const std::vector<Device>& devices) {
  Names names;
  for (const auto& device : devices) names.push_back(device.name);
  if (devices.empty() && section.has("device"))
    section.fail("device", "is unknown, as all are; describe it in devices/ beside this file");
  DeviceGroup group;
  group.device = devices[section.choice("device", names)];
  const auto count = section.count("count", most_things);
  if (!count) section.missing("count", "say how many the machine has");
  group.count = *count;
  group.provenance = read_provenance(section);
  return group;
}

Link read_machine_link(const Section& section) {
  static const Names reaches = names_of({Reach::within_machine, Reach::between_machines});
  Link link = read_link(section);
  link.reach = static_cast<Reach>(section.choice("reach", reaches));
  return link;
}

Price read_price(const Section& section) {
  Price price;
  price.terms = section.required_text("terms", "such as on-demand or spot");
  const auto low = section.number("price_usd_per_hour", most_dollars_per_hour);
  if (!low) section.missing("price_usd_per_hour", "write the price of one hour");
  price.per_hour = Dollars(*low);
  if (const auto high = section.number("price_usd_per_hour_high", most_dollars_per_hour)) {
    if (*high < *low)
      section.fail("price_usd_per_hour_high",
                   fmt::format("'{}' is below price_usd_per_hour; swap them", *high));
    price.per_hour_high = Dollars(*high);
  }
  price.region = section.text("region", "");
  const Provenance provenance = read_provenance(section);
  price.date = provenance.date;
  price.source = provenance.source;
  return price;
}

}  // namespace

Device parse_device(std::string_view text, const std::string& origin) {
  const Section file(origin, "", yaml::load(text, origin),
                     {"name", "description", "kind", "compute", "memory", "links"});
  static const Names kinds = names_of({DeviceKind::processor, DeviceKind::accelerator});
  Device device;
  device.name = read_name(file);
  device.description = file.required_text("description", "describe it in one line");
  device.kind = static_cast<DeviceKind>(file.choice("kind", kinds));
  device.compute = read_compute(file);
  device.memory = read_memory(file);
  for (const auto& section : file.sections(
           "links", {"kind", "count", "bandwidth_gb_per_s", "latency_us", "date", "source"}))
    device.links.push_back(read_link(section));
  return device;
}

Machine parse_machine(std::string_view text, const std::string& origin,
                      const std::vector<Device>& devices) {
  const Section file(
      origin, "", yaml::load(text, origin),
      {"name", "description", "provider", "processor", "memory", "devices", "links", "prices"});
  Machine machine;
  machine.name = read_name(file);
  machine.description = file.required_text("description", "describe it in one line");
  machine.provider = file.required_text("provider", "say who rents it out");
  machine.processor = read_processor(file);
  machine.memory = read_memory(file);
  for (const auto& section : file.sections("devices", {"device", "count", "date", "source"}))
    machine.devices.push_back(read_group(section, devices));
  for (const auto& section : file.sections("links", {"kind", "reach", "count", "bandwidth_gb_per_s",
                                                     "latency_us", "date", "source"}))
    machine.links.push_back(read_machine_link(section));
  for (const auto& section : file.sections(
           "prices",
           {"terms", "price_usd_per_hour", "price_usd_per_hour_high", "region", "date", "source"}))
    machine.prices.push_back(read_price(section));
  return machine;
}

}  // namespace gnomon::machine
