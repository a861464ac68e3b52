#include "machine/catalogue.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"

namespace gnomon::machine {
namespace {

namespace fs = std::filesystem;

class Catalogue : public ::testing::Test {
 protected:
  Catalogue() {
    std::string name = (fs::temp_directory_path() / "gnomon-machines-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~Catalogue() override { fs::remove_all(folder_); }

  Machine read(const std::string& text) {
    std::ofstream(folder_ / "m.yaml") << text;
    return read_machine(folder_ / "m.yaml");
  }
  // The message without the folder.
  std::string error(const std::string& text) {
    try {
      read(text);
    } catch (const InputError& error) {
      return std::string(error.what()).substr(folder_.string().size() + 1);
    }
    return "accepted";
  }

  static std::string head() { return "name: m\ndescription: d\nprovider: p\n"; }
  static std::string price(const std::string& more) {
    return head() + "prices:\n  - terms: spot\n    price_usd_per_hour: 2\n    source: s\n" + more;
  }

  fs::path folder_;
};

TEST_F(Catalogue, ReadsEveryKey) {
  const Machine machine =
      read(head() +
           "processor_family: zen4\nhardware_threads: 4\ncores: 2\n"
           "memory_gib: 1.5\naccelerator: {model: A, count: 8}\n"
           "prices:\n  - {terms: spot, price_usd_per_hour: 1, "
           "price_usd_per_hour_high: 2, region: r, date: 2026-06, source: s}\n"
           "  - {terms: on-demand, price_usd_per_hour: 3, date: 2026, source: t}\n");
  EXPECT_EQ(machine.processor_family, "zen4");
  EXPECT_EQ(machine.hardware_threads, 4);
  EXPECT_EQ(machine.cores, 2);
  EXPECT_EQ(machine.memory, Bytes(1.5 * (1 << 30)));
  EXPECT_EQ(machine.accelerator, (Accelerator{"A", 8}));
  EXPECT_EQ(machine.prices.at(0), (Price{"spot", Dollars(1), Dollars(2), "r", "2026-06", "s"}));
  EXPECT_EQ(machine.price()->per_hour, Dollars(3));  // on demand comes before spot
}

TEST_F(Catalogue, WhatIsLeftOutIsUnknown) {
  const Machine machine = read(head());
  EXPECT_EQ(machine.cores, std::nullopt);
  EXPECT_EQ(machine.memory, std::nullopt);
  EXPECT_EQ(machine.price(), nullptr);
}

TEST_F(Catalogue, MistakesAreNamedWithLineAndRemedy) {
  EXPECT_EQ(error(head() + "memory_gb: 8\n"),
            "m.yaml:4: unknown key 'memory_gb'; did you mean 'memory_gib'?");
  EXPECT_EQ(error(head() + "cores: two\n"), "m.yaml:4: cores: 'two' is not a positive number");
  EXPECT_EQ(error(head() + "cores: 1.5\n"), "m.yaml:4: cores: '1.5' is not a whole number");
  EXPECT_EQ(error(head() + "memory_gib: -1\n"),
            "m.yaml:4: memory_gib: '-1' is not a positive number");
  EXPECT_EQ(error(head() + "cores: 1\ncores: 2\n"),
            "m.yaml:5: key 'cores' is given twice; keep one");
  EXPECT_EQ(error(head() + "prices: 3\n"), "m.yaml:4: prices: '3' is not a list");
  EXPECT_EQ(error(price("")), "m.yaml:5: key 'date' is missing; add it");
  EXPECT_EQ(error(price("    date: June\n")),
            "m.yaml:8: date: 'June' is not a date such as 2026-06-17, 2026-06 or 2026");
  EXPECT_EQ(error(price("    date: 2026\n    price_usd_per_hour_high: 1\n")),
            "m.yaml:9: price_usd_per_hour_high: '1' is not above price_usd_per_hour");
  EXPECT_EQ(error("name: n\ndescription: d\nprovider: p\n"),
            "m.yaml:1: name: 'n' is not the file's name; write 'name: m'");
  EXPECT_TRUE(error("a: [\n").starts_with("m.yaml:2: is not YAML")) << error("a: [\n");
  EXPECT_TRUE(error("").starts_with("m.yaml")) << error("");
}

TEST_F(Catalogue, UnknownMachinesSuggestTheNearest) {
  const std::vector<Machine> catalogue = {read(head())};
  EXPECT_EQ(find_machine(catalogue, "m").name, "m");
  EXPECT_THROW(find_machine(catalogue, "n"), InputError);
  EXPECT_THROW(read_catalogue(folder_ / "absent"), InputError);
}

// Every price that ships says when and where it was seen.
TEST(ShippedCatalogue, IsReadableAndHasProvenance) {
  const auto catalogue = read_catalogue(catalogue_folder());
  EXPECT_EQ(find_machine(catalogue, "aws-m7i-large").price()->per_hour, Dollars(0.1008));
  for (const auto& machine : catalogue) {
    EXPECT_FALSE(machine.prices.empty()) << machine.name;
    for (const auto& price : machine.prices) EXPECT_GT(price.source.size(), 5u) << machine.name;
  }
}

}  // namespace
}  // namespace gnomon::machine
