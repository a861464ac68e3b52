#include "machine/catalogue.h"

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/process.h"
#include "base/shipped.h"
#include "machine/yaml_section.h"

namespace gnomon::machine {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (error) throw InputError("{}: cannot be listed: {}", folder.string(), error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

const Price* Machine::price() const {
  const auto on_demand = std::find_if(prices.begin(), prices.end(),
                                      [](const Price& p) { return p.terms == "on-demand"; });
  if (on_demand != prices.end()) return &*on_demand;
  return prices.empty() ? nullptr : &prices.front();
}

int Machine::accelerators() const {
  int n = 0;
  for (const auto& group : devices)
    if (group.device.kind == DeviceKind::accelerator) n += group.count;
  return n;
}

std::vector<Device> read_devices(const fs::path& folder) {
  std::vector<Device> devices;
  for (const auto& file : yaml_files(folder))
    devices.push_back(parse_device(read_file(file, yaml::largest_file), file.string()));
  return devices;
}

std::vector<Machine> read_catalogue(const fs::path& folder) {
  std::vector<Device> devices;
  if (fs::is_directory(folder / "devices")) devices = read_devices(folder / "devices");
  std::vector<Machine> catalogue;
  for (const auto& file : yaml_files(folder))
    catalogue.push_back(parse_machine(read_file(file, yaml::largest_file), file.string(), devices));
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

fs::path catalogue_folder() {
  if (const char* folder = std::getenv("GNOMON_MACHINES")) return folder;
  if (auto folder = find_shipped("machines")) return *folder;
  throw EnvironmentError(
      "machines/: no such folder above {}; set GNOMON_MACHINES to the folder of machine files",
      self_executable().string());
}

}  // namespace gnomon::machine
