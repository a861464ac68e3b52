#pragma once

// Writes images by the libraries that read them.

#include <png.h>

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include <jpeglib.h>

namespace gnomon::data {

struct PngForm {
  int bits = 8;
  int colour = PNG_COLOR_TYPE_GRAY;
  int interlace = PNG_INTERLACE_NONE;
};

// `rows` are packed as the form says; a palette of three colours and 16 bits are big-endian, as in
// the file.
inline std::string png_bytes(PngForm form, int width, int height, std::vector<unsigned char> rows,
                             bool transparent = false) {
  std::string file;
  png_structp png = ::png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = ::png_create_info_struct(png);
  ::png_set_write_fn(
      png, &file,
      [](png_structp self, png_bytep data, std::size_t size) {
        static_cast<std::string*>(::png_get_io_ptr(self))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  ::png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height),
                 form.bits, form.colour, form.interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[] = {{1, 2, 3}, {40, 50, 60}, {255, 0, 128}};
  if (form.colour == PNG_COLOR_TYPE_PALETTE) ::png_set_PLTE(png, info, palette, 3);
  const png_byte alpha[] = {0};
  if (transparent) ::png_set_tRNS(png, info, alpha, 1, nullptr);
  ::png_write_info(png, info);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y)
    pointers.push_back(rows.data() + static_cast<std::size_t>(y) * ::png_get_rowbytes(png, info));
  ::png_write_image(png, pointers.data());
  ::png_write_end(png, info);
  ::png_destroy_write_struct(&png, &info);
  return file;
}

inline std::string jpeg_bytes(int channels, int width, int height,
                              std::vector<unsigned char> pixels, bool progressive = false,
                              bool arithmetic = false) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = ::jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* file = nullptr;
  unsigned long size = 0;
  ::jpeg_mem_dest(&jpeg, &file, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  ::jpeg_set_defaults(&jpeg);
  ::jpeg_set_quality(&jpeg, 100, TRUE);
  if (progressive) ::jpeg_simple_progression(&jpeg);
  jpeg.arith_code = arithmetic ? TRUE : FALSE;
  ::jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < height; ++y) {
    unsigned char* row = pixels.data() + static_cast<std::size_t>(y * width * channels);
    ::jpeg_write_scanlines(&jpeg, &row, 1);
  }
  ::jpeg_finish_compress(&jpeg);
  ::jpeg_destroy_compress(&jpeg);
  std::string result(reinterpret_cast<const char*>(file), size);
  std::free(file);
  return result;
}

}  // namespace gnomon::data
