#pragma once

// PNG (ISO/IEC 15948) and JPEG (ISO/IEC 10918-1) images, decoded by libpng and libjpeg-turbo.

#include <string_view>

#include "base/tensor.h"

namespace gnomon::data {

// Sides are at most this many pixels, so that an image is at most 48 MiB once decoded.
inline constexpr std::int64_t longest_image_side = 4096;

// Decodes a whole file to u8 [channels, height, width], 1 channel for grey and 3 (red, green, blue)
// for colour; the first bytes tell the format. Palettes and greys of fewer than 8 bits are
// expanded; colour profiles, gamma and orientation are passed over: pixels are as stored. `origin`
// names the file in messages.
//
// Throws InputError with the cause and the remedy for what is neither PNG nor JPEG, sides beyond
// the limit, transparency, 16 bits a channel, CMYK, arithmetic coding, more than 100 scans, and for
// any damage, also such as the libraries would paper over: checksums that differ, truncation, stray
// bytes. Memory is at most 48 MiB for the pixels, thrice, and 256 MiB for the decoder of a
// progressive image.
Tensor decode_image(std::string_view bytes, std::string_view origin);

}  // namespace gnomon::data
