// Any text is a tokeniser, which is written and read back equal and encodes any bytes or refuses
// them, or refused with InputError.

#include "data/tokeniser.h"

#include "base/error.h"
#include "base/hash.h"

namespace {

// Gives JSON the checksum it should have, so that what lies behind the check is reached.
std::string with_checksum(std::string text) {
  constexpr std::string_view key = "\"checksum\":\"";
  const auto at = text.find(key);
  if (at == text.npos || text.size() < at + key.size() + 34 || at == 0) return text;
  std::string rest = text;
  rest.erase(at, key.size() + 34);
  while (rest.ends_with('\n')) rest.pop_back();
  text.replace(at + key.size(), 32, gnomon::hash128(rest));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& candidate : {text, with_checksum(text)}) {
    try {
      const auto tokeniser = gnomon::data::Tokeniser::from_json(candidate, "fuzz");
      if (gnomon::data::Tokeniser::from_json(tokeniser.to_json(), "printed") != tokeniser)
        __builtin_trap();
      if (tokeniser.decode(tokeniser.encode(text)) != text) __builtin_trap();
    } catch (const gnomon::InputError&) {
    }
  }
  return 0;
}
