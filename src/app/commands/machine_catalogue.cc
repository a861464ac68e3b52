#include "app/commands/machine_catalogue.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double gib = 1 << 30;

void row(std::string_view what, std::string_view value) {
  fmt::print("  {:<18}{}\n", what, value.empty() ? "unknown" : value);
}

void row(std::string_view what, std::string_view value, const machine::Provenance& provenance) {
  row(what, value);
  fmt::print("  {:<18}({}, {})\n", "", provenance.date, provenance.source);
}

template <typename Quantity>
std::string or_unknown(std::string_view what, const std::optional<Quantity>& value) {
  return fmt::format("{} {}", what, value ? to_string(*value) : "unknown");
}

std::string counted(const std::optional<int>& n, std::string_view noun) {
  return fmt::format("{} {}{}", n ? std::to_string(*n) : "unknown", noun, n == 1 ? "" : "s");
}

std::string words(const machine::Memory& memory) {
  return fmt::format("{}, {}", or_unknown("capacity", memory.capacity),
                     or_unknown("bandwidth", memory.bandwidth));
}

std::string words(const machine::Processor& processor) {
  const auto or_else = [](const std::string& text, std::string_view otherwise) {
    return text.empty() ? std::string(otherwise) : text;
  };
  return fmt::format("{}, {}, {}, {} on {}", or_else(processor.model, "model unknown"),
                     or_else(processor.architecture, "architecture unknown"),
                     or_else(processor.family, "family unknown"),
                     counted(processor.hardware_threads, "hardware thread"),
                     counted(processor.cores, "core"));
}

std::string words(const machine::Link& link) {
  const std::string one = link.bandwidth ? to_string(*link.bandwidth) : "unknown bandwidth";
  std::string text = link.count ? fmt::format("{} × {}", *link.count, one)
                                : fmt::format("unknown number × {}", one);
  if (const auto total = link.total(); total && *link.count > 1)
    text += fmt::format(" = {}", to_string(*total));
  return fmt::format("{} each way, {}", text, or_unknown("latency", link.latency));
}

std::string words(const machine::Compute& compute) {
  std::string floats, integers;
  for (const auto& peak : compute.peaks) {
    std::string& text = peak.type == "i8" ? integers : floats;
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", peak.type, peak.rate.value / 1e12);
  }
  if (!floats.empty()) floats += " TFLOP/s";
  if (!integers.empty()) integers += " TOP/s";
  return floats + (floats.empty() || integers.empty() ? "" : "; ") + integers;
}

std::string per_hour(const machine::Price& price) {
  std::string text = to_string(price.per_hour);
  if (price.per_hour_high) text += " – " + to_string(*price.per_hour_high);
  return text + "/h";
}

// What one accelerator of the machine costs in an hour; nothing if it has none.
std::optional<Dollars> per_device_hour(const machine::Machine& machine,
                                       const machine::Price& price) {
  if (machine.accelerators() == 0) return std::nullopt;
  return price.per_hour / machine.accelerators();
}

void print_device(const machine::DeviceGroup& group) {
  const machine::Device& device = group.device;
  fmt::print("\n{} × {}: {}\n", group.count, device.name, device.description);
  row("count", std::to_string(group.count), group.provenance);
  if (device.compute)
    row("peak", words(*device.compute), device.compute->provenance);
  else
    row("peak", "");
  if (device.memory)
    row("memory", words(*device.memory), device.memory->provenance);
  else
    row("memory", "");
  for (const auto& link : device.links)
    row(fmt::format("{} ports", name(link.kind)), words(link), link.provenance);
  if (device.links.empty()) row("ports", "");
}

void print_links(const machine::Machine& machine, machine::Reach reach, std::string_view title) {
  fmt::print("\n{}\n", title);
  bool any = false;
  for (const auto& link : machine.links) {
    if (link.reach != reach) continue;
    row(name(link.kind), words(link), link.provenance);
    any = true;
  }
  if (!any) row("links", "");
}

void print_prices(const machine::Machine& machine) {
  fmt::print("\nPrices\n");
  for (const auto& price : machine.prices) {
    std::string text = per_hour(price);
    if (const auto each = per_device_hour(machine, price))
      text += fmt::format(", {} per device-hour{}", to_string(*each),
                          price.per_hour_high ? " at the lowest" : "");
    row(price.terms, text);
    fmt::print("  {:<18}({})\n", "", provenance(price));
  }
  if (machine.prices.empty()) row("price", "");
}

void print(const machine::Machine& machine) {
  fmt::print("{}: {}\n", machine.name, machine.description);
  row("provider", machine.provider);
  if (machine.processor)
    row("processor", words(*machine.processor), machine.processor->provenance);
  else
    row("processor", "");
  if (machine.memory)
    row("memory", words(*machine.memory), machine.memory->provenance);
  else
    row("memory", "");
  for (const auto& group : machine.devices) print_device(group);
  if (!machine.devices.empty())
    print_links(machine, machine::Reach::within_machine, "Links of each device within the machine");
  print_links(machine, machine::Reach::between_machines, "Links to other machines");
  print_prices(machine);
}

void add(Json& json, const machine::Provenance& provenance) {
  json["date"] = provenance.date;
  json["source"] = provenance.source;
}

Json json_of(const machine::Memory& memory) {
  Json json = Json::object();
  if (memory.capacity) json["capacity_gib"] = memory.capacity->value / gib;
  if (memory.bandwidth) json["bandwidth_gb_per_s"] = memory.bandwidth->value / 1e9;
  add(json, memory.provenance);
  return json;
}

Json json_of(const machine::Link& link) {
  Json json = {{"kind", name(link.kind)}, {"reach", name(link.reach)}};
  if (link.count) json["count"] = *link.count;
  if (link.bandwidth) json["bandwidth_gb_per_s"] = link.bandwidth->value / 1e9;
  if (link.latency) json["latency_us"] = link.latency->value * 1e6;
  add(json, link.provenance);
  return json;
}

Json json_of(const machine::Compute& compute) {
  Json json = Json::object();
  for (const auto& peak : compute.peaks)
    json[peak.type == "i8" ? "peak_tops" : "peak_tflops"][peak.type] = peak.rate.value / 1e12;
  add(json, compute.provenance);
  return json;
}

Json json_of(const machine::Processor& processor) {
  Json json = Json::object();
  if (!processor.model.empty()) json["model"] = processor.model;
  if (!processor.architecture.empty()) json["architecture"] = processor.architecture;
  if (!processor.family.empty()) json["family"] = processor.family;
  if (processor.hardware_threads) json["hardware_threads"] = *processor.hardware_threads;
  if (processor.cores) json["cores"] = *processor.cores;
  add(json, processor.provenance);
  return json;
}

Json json_of(const machine::Device& device) {
  Json json = {
      {"name", device.name}, {"description", device.description}, {"kind", name(device.kind)}};
  if (device.compute) json["compute"] = json_of(*device.compute);
  if (device.memory) json["memory"] = json_of(*device.memory);
  json["links"] = Json::array();
  for (const auto& link : device.links) json["links"].push_back(json_of(link));
  return json;
}

Json json_of(const machine::DeviceGroup& group) {
  Json json = {{"device", json_of(group.device)}, {"count", group.count}};
  add(json, group.provenance);
  return json;
}

Json json_of(const machine::Machine& machine) {
  Json json = {
      {"name", machine.name}, {"description", machine.description}, {"provider", machine.provider}};
  if (machine.processor) json["processor"] = json_of(*machine.processor);
  if (machine.memory) json["memory"] = json_of(*machine.memory);
  for (const char* key : {"devices", "links", "prices"}) json[key] = Json::array();
  for (const auto& group : machine.devices) json["devices"].push_back(json_of(group));
  for (const auto& link : machine.links) json["links"].push_back(json_of(link));
  for (const auto& price : machine.prices) {
    json["prices"].push_back(app::json_of(price));
    if (const auto each = per_device_hour(machine, price))
      json["prices"].back()["price_usd_per_device_hour"] = each->value;
  }
  return json;
}

}  // namespace

std::string provenance(const machine::Price& price) {
  return fmt::format("{}{}{}, {}", price.region, price.region.empty() ? "" : ", ", price.date,
                     price.source);
}

Json json_of(const machine::Price& price) {
  Json json = {{"terms", price.terms}, {"price_usd_per_hour", price.per_hour.value}};
  if (price.per_hour_high) json["price_usd_per_hour_high"] = price.per_hour_high->value;
  if (!price.region.empty()) json["region"] = price.region;
  json["date"] = price.date;
  json["source"] = price.source;
  return json;
}

void list_machines(bool json) {
  const auto catalogue = machine::read_catalogue(machine::catalogue_folder());
  if (json) {
    Json all = Json::array();
    for (const auto& machine : catalogue) all.push_back(json_of(machine));
    fmt::print("{}\n", all.dump(2));
    return;
  }
  for (const auto& machine : catalogue) {
    const auto* price = machine.price();
    fmt::print("{:<18}{:>12}  {}\n", machine.name, price != nullptr ? per_hour(*price) : "no price",
               machine.description);
  }
}

void show_machine(const std::string& name, bool json) {
  const auto catalogue = machine::read_catalogue(machine::catalogue_folder());
  const auto& machine = machine::find_machine(catalogue, name);
  if (json)
    fmt::print("{}\n", json_of(machine).dump(2));
  else
    print(machine);
}

}  // namespace gnomon::app
