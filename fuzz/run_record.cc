// Any bytes are the record of a run, whose recipe reads back from its text, or refused with
// InputError; also with the checksum that they should have. And any bytes are a log of steps.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/sealed_json.h"
#include "train/run.h"

namespace gnomon::train {
namespace {

void read(const std::string& text) {
  std::optional<RunRecord> record;
  try {
    record = parse_run(text, "fuzz");
  } catch (const InputError&) {
    return;
  }
  if (recipe_from_json(to_json(record->recipe), "printed") != record->recipe) __builtin_trap();
}

void read_sealed(const std::string& text) {
  auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return;
  json.erase("checksum");
  read(seal(std::move(json)));
}

}  // namespace
}  // namespace gnomon::train

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  gnomon::train::read(text);
  gnomon::train::read_sealed(text);
  try {
    gnomon::train::parse_steps(text, "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
