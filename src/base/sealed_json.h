#pragma once

// JSON files of ours that carry a checksum of themselves, so that damage is noticed before use.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gnomon {

// The text of an object with the member "checksum" added: a hash of all others in their order.
std::string seal(nlohmann::ordered_json object);

// The object without its checksum. Throws InputError that opens with `origin` and ends with
// `remedy` if the text is no JSON object, has no checksum or another.
nlohmann::ordered_json unseal(std::string_view text, std::string_view origin,
                              std::string_view remedy);

}  // namespace gnomon
