#pragma once

// UTF-8 (RFC 3629), where texts may also hold bytes that are none.

#include <cstddef>
#include <string_view>

namespace gnomon::data {

// The bytes of the code point that begins the text; 1 if the first byte begins none (stray,
// truncated, overlong, a surrogate, beyond U+10FFFF). The text is not empty.
std::size_t character_length(std::string_view text);

// Whether all bytes belong to code points.
bool is_utf8(std::string_view text);

}  // namespace gnomon::data
