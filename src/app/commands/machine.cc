#include "app/commands/machine.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "base/progress.h"
#include "exec/calibrate.h"
#include "machine/calibration.h"
#include "machine/catalogue.h"
#include "machine/host.h"
#include "machine/mapping.h"

namespace gnomon::app {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  bool measure = false;
  bool json = false;
  std::string name;
};

std::string counted(int n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

void row(std::string_view what, std::string_view value) {
  fmt::print("  {:<18}{}\n", what, value.empty() ? "unknown" : value);
}

machine::Calibration calibration_of(const machine::Host& host, const Options& options) {
  if (!options.measure)
    if (const auto stored = machine::load_calibration(host)) return *stored;
  const auto calibration = exec::calibrate(host);
  machine::store_calibration(host, calibration);
  return calibration;
}

void print_host(const machine::Host& host, const machine::Load& load) {
  fmt::print("This host\n");
  row("processor", host.processor);
  row("family", host.family);
  row("features", fmt::format("{}", fmt::join(host.features, " ")));
  row("processors", fmt::format("{} on {}", counted(host.hardware_threads, "hardware thread"),
                                counted(host.cores, "core")));
  row("memory", to_string(host.memory));
  row("caches", fmt::format("L1 data {}, L2 {}, L3 {}", to_string(host.l1_data), to_string(host.l2),
                            to_string(host.l3)));
  row("kernel", host.kernel);
  row("hypervisor", host.hypervisor);
  row("governor", host.governor.empty() ? "not shown here" : host.governor);
  row("load", fmt::format("{:.2f} over the last minute", load.one_minute));
  row("steal", fmt::format("{} since boot, {:.1f} % of busy time", to_string(load.steal),
                           100 * load.steal.value / std::max(1.0, (load.steal + load.busy).value)));
}

void print_calibration(const machine::Host& host, const machine::Calibration& calibration) {
  fmt::print("\nMeasured at its best, {}\n", calibration.measured_at);
  for (const auto& ceiling : calibration.matmul)
    row(fmt::format("matmul {}", name(ceiling.dtype)),
        fmt::format("{:>14}  {}", to_string(ceiling.rate), counted(ceiling.threads, "thread")));
  row("memory copy", fmt::format("{:>14}  read and written", to_string(calibration.copy)));
  row("memory triad", fmt::format("{:>14}  a[i] = b[i] + k c[i]", to_string(calibration.triad)));
  row("call overhead",
      fmt::format("{:>14}  one primitive on one element", to_string(calibration.call_overhead)));
  if (calibration.load > 0.5)
    row("caution", fmt::format("other work ran (load {:.2f}); repeat with --measure when idle",
                               calibration.load));
  row("stored in", machine::calibration_path(host).string());
}

std::string provenance(const machine::Price& price) {
  return fmt::format("{}{}{}, {}, {}", price.terms, price.region.empty() ? "" : ", ", price.region,
                     price.date, price.source);
}

void print_mapping(const machine::Mapping& mapping) {
  fmt::print("\nPrice\n");
  row("per hour", fmt::format("{} = {:.3g} × {}", to_string(mapping.per_hour), mapping.machines,
                              to_string(mapping.unit.per_hour)));
  row("of", fmt::format("{} ({})", mapping.machine, provenance(mapping.unit)));
  row("assuming", mapping.assumption);
}

Json json_of(const machine::Price& price) {
  Json json = {{"terms", price.terms},
               {"price_usd_per_hour", price.per_hour.value},
               {"region", price.region},
               {"date", price.date},
               {"source", price.source}};
  if (price.per_hour_high) json["price_usd_per_hour_high"] = price.per_hour_high->value;
  return json;
}

void show_host(const Options& options) {
  if (options.json) Progress::silence();
  const auto host = machine::read_host();
  const auto load = machine::read_load();  // before the measuring raises it
  const auto calibration = calibration_of(host, options);
  const auto mapping =
      machine::map_host(host, machine::read_catalogue(machine::catalogue_folder()));
  if (!options.json) {
    print_host(host, load);
    print_calibration(host, calibration);
    print_mapping(mapping);
    return;
  }
  const Json json = {{"host", Json::parse(machine::to_json(host))},
                     {"load",
                      {{"one_minute", load.one_minute},
                       {"steal_seconds", load.steal.value},
                       {"busy_seconds", load.busy.value}}},
                     {"calibration", Json::parse(machine::to_json(calibration))},
                     {"price",
                      {{"usd_per_hour", mapping.per_hour.value},
                       {"machine", mapping.machine},
                       {"machines", mapping.machines},
                       {"same_family", mapping.same_family},
                       {"assumption", mapping.assumption},
                       {"unit", json_of(mapping.unit)}}}};
  fmt::print("{}\n", json.dump(2));
}

Json json_of(const machine::Machine& machine) {
  Json json = {
      {"name", machine.name}, {"description", machine.description}, {"provider", machine.provider}};
  if (!machine.processor_family.empty()) json["processor_family"] = machine.processor_family;
  if (machine.hardware_threads) json["hardware_threads"] = *machine.hardware_threads;
  if (machine.cores) json["cores"] = *machine.cores;
  if (machine.memory) json["memory_gib"] = machine.memory->value / (1 << 30);
  if (machine.accelerator)
    json["accelerator"] = {{"model", machine.accelerator->model},
                           {"count", machine.accelerator->count}};
  json["prices"] = Json::array();
  for (const auto& price : machine.prices) json["prices"].push_back(json_of(price));
  return json;
}

std::string per_hour(const machine::Price& price) {
  std::string text = to_string(price.per_hour);
  if (price.per_hour_high) text += " – " + to_string(*price.per_hour_high);
  return text + "/h";
}

void list_machines(const Options& options) {
  const auto catalogue = machine::read_catalogue(machine::catalogue_folder());
  if (options.json) {
    Json json = Json::array();
    for (const auto& machine : catalogue) json.push_back(json_of(machine));
    fmt::print("{}\n", json.dump(2));
    return;
  }
  for (const auto& machine : catalogue) {
    const auto* price = machine.price();
    fmt::print("{:<18}{:>12}  {}\n", machine.name, price != nullptr ? per_hour(*price) : "no price",
               machine.description);
  }
}

void show_machine(const Options& options) {
  const auto catalogue = machine::read_catalogue(machine::catalogue_folder());
  const auto& machine = machine::find_machine(catalogue, options.name);
  if (options.json) {
    fmt::print("{}\n", json_of(machine).dump(2));
    return;
  }
  fmt::print("{}: {}\n", machine.name, machine.description);
  row("provider", machine.provider);
  row("family", machine.processor_family);
  row("hardware threads",
      machine.hardware_threads ? std::to_string(*machine.hardware_threads) : "");
  row("cores", machine.cores ? std::to_string(*machine.cores) : "");
  row("memory", machine.memory ? to_string(*machine.memory) : "");
  if (machine.accelerator)
    row("accelerator",
        fmt::format("{} × {}", machine.accelerator->count, machine.accelerator->model));
  for (const auto& price : machine.prices)
    row("price", fmt::format("{} ({})", per_hour(price), provenance(price)));
}

}  // namespace

void add_machine(CLI::App& parent) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "machine", "This host, what it was measured to do, and its price; the catalogue of machines");
  command->footer("Example: gnomon machine --measure");
  command->add_flag("--measure", options->measure, "Measure again, even if a result is stored");
  command->add_flag("--json", options->json, "Print JSON");
  command->require_subcommand(0, 1);

  CLI::App* list = command->add_subcommand("list", "The machines of the catalogue");
  list->add_flag("--json", options->json, "Print JSON");
  list->callback([options] { list_machines(*options); });

  CLI::App* show = command->add_subcommand("show", "One machine of the catalogue");
  show->footer("Example: gnomon machine show aws-m7i-large");
  show->add_option("name", options->name, "Its name")->required();
  show->add_flag("--json", options->json, "Print JSON");
  show->callback([options] { show_machine(*options); });

  command->callback([options, command] {
    if (command->get_subcommands().empty()) show_host(*options);
  });
}

}  // namespace gnomon::app
