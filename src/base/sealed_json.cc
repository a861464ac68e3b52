#include "base/sealed_json.h"

#include "base/error.h"
#include "base/hash.h"

namespace gnomon {
namespace {

constexpr const char* key = "checksum";
constexpr int deepest = 32;

// What JSON cannot say, a string that is not UTF-8, is written with replacement characters.
std::string text_of(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string seal(nlohmann::ordered_json object) {
  object[key] = hash128(text_of(object, -1));
  return text_of(object, 2) + "\n";
}

nlohmann::ordered_json unseal(std::string_view text, std::string_view origin,
                              std::string_view remedy) {
  using Json = nlohmann::ordered_json;
  const auto shallow = [](int depth, Json::parse_event_t, Json&) {
    if (depth > deepest) throw std::length_error("nested");
    return true;
  };
  Json object;
  try {
    object = Json::parse(text, shallow);
  } catch (const std::exception&) {
    object = nullptr;
  }
  if (!object.is_object())
    throw InputError("{}: is no JSON object, or is cut off; {}", origin, remedy);
  const auto checksum = object.value(key, nlohmann::ordered_json());
  object.erase(key);
  if (checksum != hash128(text_of(object, -1)))
    throw InputError("{}: checksum is wrong, the file was changed or damaged; {}", origin, remedy);
  return object;
}

}  // namespace gnomon
