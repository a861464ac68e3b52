#include "machine/calibration.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json_value.h"
#include "base/sealed_json.h"

namespace gnomon::machine {
namespace {

using Json = nlohmann::ordered_json;

constexpr int version = 1;

Json body(const Calibration& calibration) {
  Json matmul = Json::array();
  for (const auto& ceiling : calibration.matmul)
    matmul.push_back({{"dtype", name(ceiling.dtype)},
                      {"threads", ceiling.threads},
                      {"flop_per_second", ceiling.rate.value}});
  return {{"version", version},
          {"host", calibration.host},
          {"measured_at", calibration.measured_at},
          {"load", calibration.load},
          {"matmul", matmul},
          {"copy_bytes_per_second", calibration.copy.value},
          {"triad_bytes_per_second", calibration.triad.value},
          {"call_overhead_seconds", calibration.call_overhead.value}};
}

double positive(const Json& json, const char* key) {
  const double value = json.at(key).get<double>();
  if (!(value > 0)) throw std::domain_error(fmt::format("{} is not above 0", key));
  return value;
}

Calibration read_body(const Json& json) {
  Calibration calibration;
  calibration.host = json.at("host").get<std::string>();
  calibration.measured_at = json.at("measured_at").get<std::string>();
  calibration.load = json.at("load").get<double>();
  for (const auto& entry : json.at("matmul")) {
    const auto dtype = dtype_named(entry.at("dtype").get<std::string>());
    if (!dtype) throw std::domain_error("unknown dtype");
    calibration.matmul.push_back({.dtype = *dtype,
                                  .threads = value_as<int>(entry.at("threads")),
                                  .rate = FlopRate(positive(entry, "flop_per_second"))});
  }
  calibration.copy = Bandwidth(positive(json, "copy_bytes_per_second"));
  calibration.triad = Bandwidth(positive(json, "triad_bytes_per_second"));
  calibration.call_overhead = Seconds(positive(json, "call_overhead_seconds"));
  return calibration;
}

}  // namespace

const MatmulCeiling* Calibration::ceiling(DType dtype, int threads) const {
  const MatmulCeiling* best = nullptr;
  for (const auto& candidate : matmul) {
    if (candidate.dtype != dtype || candidate.threads > threads) continue;
    if (best == nullptr || candidate.threads > best->threads) best = &candidate;
  }
  return best;
}

std::string to_json(const Calibration& calibration) { return seal(body(calibration)); }

Calibration calibration_from_json(std::string_view text, std::string_view origin) {
  constexpr std::string_view remedy = "measure again with 'gnomon machine measure'";
  const Json json = unseal(text, origin, remedy);
  try {
    if (value_as<int>(json.at("version")) != version)
      throw InputError("{}: written by another version; {}", origin, remedy);
    return read_body(json);
  } catch (const Json::exception&) {
    throw InputError("{}: is not a calibration; {}", origin, remedy);
  } catch (const std::domain_error& error) {
    throw InputError("{}: is not a calibration: {}; {}", origin, error.what(), remedy);
  }
}

std::filesystem::path calibration_path(const Host& host) {
  std::filesystem::path folder;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    folder = cache;
  else if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    folder = std::filesystem::path(home) / ".cache";
  else
    throw EnvironmentError("HOME: not set, so there is no cache folder; set XDG_CACHE_HOME");
  return folder / "gnomon" / ("calibration-" + host_key(host) + ".json");
}

std::optional<Calibration> load_calibration(const Host& host) {
  const auto path = calibration_path(host);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return calibration_from_json(read_file(path, Bytes(1 << 20)), path.string());
}

void store_calibration(const Host& host, const Calibration& calibration) {
  const auto path = calibration_path(host);
  create_folder(path.parent_path());
  write_file(path, to_json(calibration));
}

}  // namespace gnomon::machine
