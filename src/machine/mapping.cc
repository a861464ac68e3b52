#include "machine/mapping.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace gnomon::machine {
namespace {

// Host::family is told from x86-64 features; cores of another architecture are not comparable.
bool can_stand_for_a_host(const Machine& machine) {
  return machine.accelerators() == 0 && machine.price() != nullptr && machine.processor &&
         machine.processor->cores &&
         (machine.processor->architecture.empty() || machine.processor->architecture == "x86-64");
}

double price_per_core(const Machine& machine) {
  return machine.price()->per_hour.value / *machine.processor->cores;
}

// The cheapest per core of those that satisfy `suits`; nullptr if none does.
template <typename Predicate>
const Machine* cheapest(const std::vector<Machine>& catalogue, Predicate suits) {
  const Machine* best = nullptr;
  for (const auto& machine : catalogue) {
    if (!can_stand_for_a_host(machine) || !suits(machine)) continue;
    if (best == nullptr || price_per_core(machine) < price_per_core(*best)) best = &machine;
  }
  return best;
}

std::string plural(int n, std::string_view noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string explain(const Host& host, const Machine& machine, const Mapping& mapping) {
  std::string text = fmt::format("this host's {} ≈ {:.3g} × {} ({} each), ",
                                 plural(host.cores, "core"), mapping.machines, machine.name,
                                 plural(*machine.processor->cores, "physical core"));
  if (mapping.same_family)
    text += fmt::format("both {}", host.family);
  else
    text += fmt::format("by core count only: the processor here is {}, there {}",
                        host.family.empty() ? "of an unknown family" : host.family,
                        machine.processor->family.empty() ? "unknown" : machine.processor->family);
  if (host.hypervisor != "none")
    text += "; a core is what the hypervisor shows as one, it may be one thread of a shared core";
  return text;
}

}  // namespace

Mapping map_host(const Host& host, const std::vector<Machine>& catalogue) {
  const Machine* machine = cheapest(catalogue, [&](const Machine& m) {
    return !host.family.empty() && m.processor->family == host.family;
  });
  const bool same_family = machine != nullptr;
  if (!same_family) machine = cheapest(catalogue, [](const Machine&) { return true; });
  if (machine == nullptr)
    throw InputError(
        "catalogue: no machine without accelerator has both cores and a price; add one to "
        "machines/");

  Mapping mapping;
  mapping.machine = machine->name;
  mapping.machines = static_cast<double>(host.cores) / *machine->processor->cores;
  mapping.unit = *machine->price();
  mapping.per_hour = mapping.unit.per_hour * mapping.machines;
  mapping.same_family = same_family;
  mapping.assumption = explain(host, *machine, mapping);
  return mapping;
}

}  // namespace gnomon::machine
