#include "machine/catalogue.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "machine/mapping.h"
#include "unit/error_of.h"

namespace gnomon::machine {
namespace {

const std::string seen = "date: 2026-06, source: s";

std::string device_text(const std::string& more) {
  return "name: d\ndescription: x\nkind: accelerator\n" + more;
}

std::string machine_text(const std::string& more) {
  return "name: m\ndescription: x\nprovider: p\n" + more;
}

Machine machine(const std::string& more) {
  return parse_machine(machine_text(more), "m.yaml", {parse_device(device_text(""), "d.yaml")});
}

std::string device_error(const std::string& more) {
  return test::error_of([&] { parse_device(device_text(more), "d.yaml"); });
}

std::string machine_error(const std::string& more) {
  return test::error_of([&] { machine(more); });
}

TEST(Devices, EveryKeyIsRead) {
  const Device device = parse_device(
      device_text(
          "compute: {peak_tflops: {bf16: 312, f32: 19.5}, peak_tops: {i8: 624}, " + seen +
          "}\nmemory: {capacity_gib: 40, bandwidth_gb_per_s: 1555, " + seen +
          "}\nlinks:\n  - {kind: nvlink, count: 12, bandwidth_gb_per_s: 25, latency_us: 2, " +
          seen + "}\n  - {kind: pcie, " + seen + "}\n"),
      "folder/d.yaml");
  EXPECT_EQ(device.kind, DeviceKind::accelerator);
  EXPECT_EQ(device.peak("bf16"), FlopRate(312e12));
  EXPECT_EQ(device.peak("i8"), FlopRate(624e12));
  EXPECT_EQ(device.peak("f64"), std::nullopt);
  EXPECT_EQ(device.compute->provenance, (Provenance{"2026-06", "s"}));
  EXPECT_EQ(device.memory->capacity, Bytes(40.0 * (1 << 30)));
  EXPECT_EQ(device.memory->bandwidth, Bandwidth(1555e9));
  EXPECT_EQ(device.links.at(0).latency, Seconds(2e-6));
  EXPECT_EQ(device.links.at(0).total(), Bandwidth(300e9));
  EXPECT_EQ(device.links.at(1).kind, LinkKind::pcie);
  EXPECT_EQ(device.links.at(1).total(), std::nullopt);
}

TEST(Machines, EveryKeyIsRead) {
  const Machine m = machine(
      "processor: {model: x, architecture: x86-64, family: zen4, hardware_threads: 4, cores: 2, " +
      seen + "}\nmemory: {capacity_gib: 1.5, " + seen + "}\ndevices:\n  - {device: d, count: 8, " +
      seen + "}\nlinks:\n  - {kind: ethernet, reach: between-machines, count: 4, " + seen +
      "}\nprices:\n  - {terms: spot, price_usd_per_hour: 1, price_usd_per_hour_high: 2, "
      "region: r, date: 2026-06, source: s}\n"
      "  - {terms: on-demand, price_usd_per_hour: 3, date: 2026, source: t}\n");
  EXPECT_EQ(m.processor->model, "x");
  EXPECT_EQ(m.processor->architecture, "x86-64");
  EXPECT_EQ(m.processor->family, "zen4");
  EXPECT_EQ(m.processor->hardware_threads, 4);
  EXPECT_EQ(m.processor->cores, 2);
  EXPECT_EQ(m.memory->capacity, Bytes(1.5 * (1 << 30)));
  EXPECT_EQ(m.devices.at(0).device.name, "d");
  EXPECT_EQ(m.accelerators(), 8);
  EXPECT_EQ(m.links.at(0).reach, Reach::between_machines);
  EXPECT_EQ(m.prices.at(0), (Price{"spot", Dollars(1), Dollars(2), "r", "2026-06", "s"}));
  EXPECT_EQ(m.price()->per_hour, Dollars(3));  // on demand comes before spot
}

TEST(Machines, WhatIsLeftOutIsUnknown) {
  const Machine m = machine("processor: {cores: 1, " + seen + "}\n");
  EXPECT_EQ(m.processor->hardware_threads, std::nullopt);
  EXPECT_EQ(m.memory, std::nullopt);
  EXPECT_EQ(m.price(), nullptr);
  EXPECT_EQ(m.accelerators(), 0);
}

TEST(Machines, ProcessorsAreNoAccelerators) {
  const Device d = parse_device("name: d\ndescription: x\nkind: processor\n", "d.yaml");
  const Machine m = parse_machine(machine_text("devices: [{device: d, count: 2, " + seen + "}]\n"),
                                  "m.yaml", {d});
  EXPECT_EQ(m.accelerators(), 0);
}

TEST(Devices, MistakesAreNamedWithLineAndRemedy) {
  EXPECT_EQ(device_error("memry: 1\n"), "d.yaml:4: memry: unknown key; did you mean 'memory'?");
  EXPECT_EQ(device_error("memory: {capacity_gb: 8}\n"),
            "d.yaml:4: memory.capacity_gb: unknown key; did you mean 'capacity_gib'?");
  EXPECT_EQ(device_error("memory: {" + seen + "}\n"),
            "d.yaml:4: memory.capacity_gib: is missing; write it, bandwidth_gb_per_s, or leave "
            "memory out");
  EXPECT_EQ(device_error("memory: {capacity_gib: 8, date: 2026}\n"),
            "d.yaml:4: memory.source: is missing; say where the figures were seen");
  EXPECT_EQ(device_error("memory: {capacity_gib: 8, source: s}\n"),
            "d.yaml:4: memory.date: is missing; say when the figures were seen");
  EXPECT_EQ(device_error("memory: {capacity_gib: -8, " + seen + "}\n"),
            "d.yaml:4: memory.capacity_gib: '-8' is out of range; write a number above 0 and up to "
            "1000000000");
  EXPECT_EQ(device_error("compute: {peak_tflops: {bf17: 1}, " + seen + "}\n"),
            "d.yaml:4: compute.peak_tflops.bf17: unknown key; did you mean 'bf16'?");
  EXPECT_EQ(device_error("compute: {peak_tflops: {bf16: much}, " + seen + "}\n"),
            "d.yaml:4: compute.peak_tflops.bf16: 'much' is not a number");
  EXPECT_EQ(device_error("compute: {" + seen + "}\n"),
            "d.yaml:4: compute.peak_tflops: is missing; write it like {f32: 19.5, bf16: 312}");
  EXPECT_EQ(device_error("links:\n  - {kind: nvlnk, " + seen + "}\n"),
            "d.yaml:5: links.kind: 'nvlnk' is unknown; did you mean 'nvlink'?");
  EXPECT_EQ(test::error_of([] { parse_device("name: e\n", "d.yaml"); }),
            "d.yaml:1: name: 'e' is not the file's name; write 'name: d'");
  EXPECT_EQ(test::error_of([] { parse_device("name: d\ndescription: x\nkind: gpu\n", "d.yaml"); }),
            "d.yaml:3: kind: 'gpu' is unknown; known: processor, accelerator");
}

TEST(Machines, MistakesAreNamedWithLineAndRemedy) {
  EXPECT_EQ(machine_error("devices:\n  - {device: dd, count: 1, " + seen + "}\n"),
            "m.yaml:5: devices.device: 'dd' is unknown; did you mean 'd'?");
  EXPECT_EQ(machine_error("devices:\n  - {device: d, " + seen + "}\n"),
            "m.yaml:5: devices.count: is missing; say how many the machine has");
  EXPECT_EQ(machine_error("devices: {device: d}\n"),
            "m.yaml:4: devices: is not a list; write a line '- key: value' for each");
  EXPECT_EQ(machine_error("processor: {cores: 1.5, " + seen + "}\n"),
            "m.yaml:4: processor.cores: '1.5' is not a whole number");
  EXPECT_EQ(machine_error("processor: {architecture: x86, " + seen + "}\n"),
            "m.yaml:4: processor.architecture: 'x86' is unknown; did you mean 'x86-64'?");
  EXPECT_EQ(machine_error("links:\n  - {kind: pcie, " + seen + "}\n"),
            "m.yaml:5: links.reach: is missing; write one of within-machine, between-machines");
  const std::string price = "prices:\n  - terms: spot\n    price_usd_per_hour: 2\n    source: s\n";
  EXPECT_EQ(machine_error(price),
            "m.yaml:5: prices.date: is missing; say when the figures were seen");
  EXPECT_EQ(machine_error(price + "    date: June\n"),
            "m.yaml:8: prices.date: 'June' is not a date such as 2026-06-17, 2026-06 or 2026");
  EXPECT_EQ(machine_error(price + "    date: 2026\n    price_usd_per_hour_high: 1\n"),
            "m.yaml:9: prices.price_usd_per_hour_high: '1' is below price_usd_per_hour; swap them");
  EXPECT_EQ(machine_error("prices: [{terms: spot, date: 2026, source: s}]\n"),
            "m.yaml:4: prices.price_usd_per_hour: is missing; write the price of one hour");
  EXPECT_EQ(test::error_of([] { parse_machine("name: m\ndescription: x\n", "m.yaml", {}); }),
            "m.yaml:1: provider: is missing; say who rents it out");
  EXPECT_EQ(test::error_of([] { parse_machine("", "m.yaml", {}); }),
            "m.yaml: is not a mapping; write 'key: value' lines");
}

TEST(Machines, UnknownOnesSuggestTheNearest) {
  const std::vector<Machine> catalogue = {machine("")};
  EXPECT_EQ(find_machine(catalogue, "m").name, "m");
  EXPECT_EQ(test::error_of([&] { find_machine(catalogue, "n"); }),
            "machine 'n' is not in the catalogue; did you mean 'm'?");
  EXPECT_THROW(read_catalogue("/nonexistent"), InputError);
}

// Every file that ships is read by this, and every figure says when and where it was seen.
TEST(ShippedCatalogue, IsReadableAndHasProvenance) {
  const auto catalogue = read_catalogue(catalogue_folder());
  EXPECT_GE(catalogue.size(), 9u);
  for (const auto& m : catalogue) {
    EXPECT_FALSE(m.prices.empty()) << m.name;
    for (const auto& price : m.prices) EXPECT_GT(price.source.size(), 5u) << m.name;
    EXPECT_TRUE(m.processor) << m.name;
    EXPECT_TRUE(m.memory) << m.name;
    for (const auto& group : m.devices) EXPECT_TRUE(group.device.memory) << m.name;
  }
  EXPECT_EQ(find_machine(catalogue, "aws-p4d-24xlarge").accelerators(), 8);
  const Machine& p5 = find_machine(catalogue, "aws-p5-48xlarge");
  EXPECT_EQ(p5.devices.at(0).device.peak("bf16"), FlopRate(989.4e12));
  EXPECT_EQ(p5.links.at(0).total(), Bandwidth(450e9));
  EXPECT_EQ(p5.links.at(1).total(), Bandwidth(400e9));
}

TEST(ShippedCatalogue, EveryDeviceIsOfSomeMachine) {
  const auto catalogue = read_catalogue(catalogue_folder());
  for (const auto& device : read_devices(catalogue_folder() / "devices")) {
    bool used = false;
    for (const auto& m : catalogue)
      for (const auto& group : m.devices) used = used || group.device == device;
    EXPECT_TRUE(used) << device.name;
  }
}

// What a host of ours costs: two cores of Sapphire Rapids, or two of a processor that the catalogue
// does not hold, which must not be compared with cores of another architecture.
TEST(ShippedCatalogue, PricesTwoCores) {
  const auto catalogue = read_catalogue(catalogue_folder());
  Host host;
  host.cores = 2;
  for (const char* family : {"sapphire-rapids", "zen5"}) {
    host.family = family;
    const Mapping mapping = map_host(host, catalogue);
    EXPECT_EQ(mapping.machine, "aws-m7i-large") << family;
    EXPECT_DOUBLE_EQ(mapping.per_hour.value, 0.2016) << family;
    EXPECT_EQ(mapping.same_family, host.family == "sapphire-rapids");
  }
}

}  // namespace
}  // namespace gnomon::machine
