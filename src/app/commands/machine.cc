#include "app/commands/machine.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/commands/machine_catalogue.h"
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
  bool json = false;
  std::string name;
};

std::string counted(int n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

void row(std::string_view what, std::string_view value) {
  fmt::print("  {:<18}{}\n", what, value.empty() ? "unknown" : value);
}

machine::Calibration calibration_of(const machine::Host& host, bool measure) {
  if (!measure) return exec::known_calibration(host);
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
  if (calibration.was_disturbed())
    row("caution",
        fmt::format("other work ran (load {:.2f}); repeat gnomon machine measure when idle",
                    calibration.load));
  row("stored in", machine::calibration_path(host).string());
}

void print_mapping(const machine::Mapping& mapping) {
  fmt::print("\nPrice\n");
  row("per hour", fmt::format("{} = {:.3g} × {}", to_string(mapping.per_hour), mapping.machines,
                              to_string(mapping.unit.per_hour)));
  row("of",
      fmt::format("{} ({}, {})", mapping.machine, mapping.unit.terms, provenance(mapping.unit)));
  row("assuming", mapping.assumption);
}

// With `measure` the ceilings are measured again, even if they are stored.
void show_host(bool measure, bool json) {
  if (json) Progress::silence();
  const auto host = machine::read_host();
  const auto load = machine::read_load();  // before the measuring raises it
  const auto calibration = calibration_of(host, measure);
  const auto mapping =
      machine::map_host(host, machine::read_catalogue(machine::catalogue_folder()));
  if (!json) {
    print_host(host, load);
    print_calibration(host, calibration);
    print_mapping(mapping);
    return;
  }
  const Json all = {{"host", Json::parse(machine::to_json(host))},
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
  fmt::print("{}\n", all.dump(2));
}

}  // namespace

void add_machine(CLI::App& parent) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(
      "machine", "This host, what it was measured to do, and its price; the catalogue of machines");
  command->footer("Example: gnomon machine");
  command->add_flag("--json", options->json, "Print JSON");
  command->require_subcommand(0, 1);
  command->callback([options, command] {
    if (command->get_subcommands().empty()) show_host(false, options->json);
  });

  const auto add = [&](const char* name, const char* description, const std::string& example) {
    CLI::App* added = command->add_subcommand(name, description);
    added->footer("Example: gnomon machine " + example);
    added->add_flag("--json", options->json, "Print JSON");
    return added;
  };
  add("list", "The machines of the catalogue", "list")->callback([options] {
    list_machines(options->json);
  });
  CLI::App* show = add("show", "One machine of the catalogue: devices, links, memory, prices",
                       "show aws-p4d-24xlarge");
  show->add_option("name", options->name, "Its name, see gnomon machine list")->required();
  show->callback([options] { show_machine(options->name, options->json); });
  add("measure", "This host, its ceilings measured again (at most ten seconds)", "measure")
      ->callback([options] { show_host(true, options->json); });
}

}  // namespace gnomon::app
