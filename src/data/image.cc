#include "data/image.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <jpeglib.h>

#include "base/error.h"

// Both libraries report errors by longjmp. So what they may leave in this way are functions that
// own nothing: the structures and the pixels belong to objects of the functions that call them.

namespace gnomon::data {
namespace {

constexpr std::size_t longest_message = 256;

[[noreturn]] void damaged(std::string_view origin, std::string_view what) {
  throw InputError("{}: is damaged: {}; save the image again", origin, what);
}

void check_sides(std::int64_t width, std::int64_t height, std::string_view origin) {
  if (width < 1 || height < 1 || width > longest_image_side || height > longest_image_side)
    throw InputError("{}: is {} × {} pixels; sides are 1 to {}: scale the image down", origin,
                     width, height, longest_image_side);
}

// Pixels as the libraries give them, row by row, to planes.
Tensor to_planes(const std::vector<unsigned char>& pixels, std::int64_t channels,
                 std::int64_t height, std::int64_t width) {
  Tensor tensor(DType::u8, {channels, height, width});
  const auto planes = tensor.span<std::uint8_t>();
  const auto count = static_cast<std::size_t>(height * width);
  const auto depth = static_cast<std::size_t>(channels);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t c = 0; c < depth; ++c) planes[c * count + i] = pixels[i * depth + c];
  return tensor;
}

// --- PNG ---

class Png {
 public:
  Png(std::string_view bytes, std::string_view origin) : rest_(bytes), origin_(origin) {
    png_ = ::png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    if (png_ != nullptr) info_ = ::png_create_info_struct(png_);
    if (info_ == nullptr) {
      ::png_destroy_read_struct(&png_, &info_, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Png() { ::png_destroy_read_struct(&png_, &info_, nullptr); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  Tensor decode() {
    if (!read_header()) damaged(origin_, message_);
    const auto width = static_cast<std::int64_t>(::png_get_image_width(png_, info_));
    const auto height = static_cast<std::int64_t>(::png_get_image_height(png_, info_));
    check_sides(width, height, origin_);
    const int colour = ::png_get_color_type(png_, info_);
    if ((colour & PNG_COLOR_MASK_ALPHA) != 0 || ::png_get_valid(png_, info_, PNG_INFO_tRNS) != 0)
      throw InputError("{}: has transparency, which is not supported; flatten the image", origin_);
    if (::png_get_bit_depth(png_, info_) == 16)
      throw InputError("{}: has 16 bits a channel; save the image with 8", origin_);
    const std::int64_t channels = (colour & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
    pixels_.resize(static_cast<std::size_t>(width * height * channels));
    for (std::int64_t y = 0; y < height; ++y)
      rows_.push_back(pixels_.data() + y * width * channels);
    if (!read_pixels()) damaged(origin_, message_);
    return to_planes(pixels_, channels, height, width);
  }

 private:
  // Below is what longjmp may leave.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    ::png_set_read_fn(png_, this, on_read);
    ::png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    ::png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours have better messages
    ::png_set_chunk_malloc_max(png_, 1 << 20);
    ::png_set_chunk_cache_max(png_, 128);
    ::png_read_info(png_, info_);
    return true;
  }

  bool read_pixels() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    ::png_set_expand(png_);
    ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    if (::png_get_rowbytes(png_, info_) * rows_.size() != pixels_.size())
      ::png_error(png_, "rows of an unexpected length");
    ::png_read_image(png_, rows_.data());
    ::png_read_end(png_, nullptr);
    return true;
  }

  static void on_read(png_structp png, png_bytep target, std::size_t count) {
    auto& self = *static_cast<Png*>(::png_get_io_ptr(png));
    if (count > self.rest_.size()) ::png_error(png, "it is truncated");
    std::memcpy(target, self.rest_.data(), count);
    self.rest_.remove_prefix(count);
  }

  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    auto& self = *static_cast<Png*>(::png_get_error_ptr(png));
    std::snprintf(self.message_, sizeof self.message_, "%s", message);
    ::png_longjmp(png, 1);
  }

  // Of chunks that bear no pixels: such as the colour profiles that old programs wrote.
  static void on_warning(png_structp, png_const_charp) {}

  std::string_view rest_;
  std::string_view origin_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::vector<unsigned char> pixels_;
  std::vector<png_bytep> rows_;
  char message_[longest_message] = "";
};

// --- JPEG ---

class Jpeg {
 public:
  Jpeg(std::string_view bytes, std::string_view origin) : bytes_(bytes), origin_(origin) {
    jpeg_.err = ::jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  ~Jpeg() { ::jpeg_destroy_decompress(&jpeg_); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  Tensor decode() {
    if (!read_header()) damaged(origin_, errors_.message);
    const auto width = static_cast<std::int64_t>(jpeg_.image_width);
    const auto height = static_cast<std::int64_t>(jpeg_.image_height);
    check_sides(width, height, origin_);
    if (jpeg_.arith_code != 0)
      throw InputError("{}: is arithmetic-coded, which is not supported; save the image again",
                       origin_);
    if (jpeg_.jpeg_color_space != JCS_GRAYSCALE && jpeg_.jpeg_color_space != JCS_YCbCr &&
        jpeg_.jpeg_color_space != JCS_RGB)
      throw InputError("{}: is neither grey nor red, green and blue; save the image as RGB",
                       origin_);
    const std::int64_t channels = jpeg_.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
    jpeg_.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    pixels_.resize(static_cast<std::size_t>(width * height * channels));
    if (!read_pixels(static_cast<std::size_t>(width * channels))) damaged(origin_, errors_.message);
    return to_planes(pixels_, channels, height, width);
  }

 private:
  struct Errors {
    jpeg_error_mgr base;  // first: the library's pointer to it is one to the whole
    std::jmp_buf jump;
    char message[longest_message];
  };

  // Below is what longjmp may leave.
  bool read_header() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_.mem->max_memory_to_use = 256L << 20;
    ::jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    ::jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool read_pixels(std::size_t row_bytes) {
    if (setjmp(errors_.jump) != 0) return false;
    ::jpeg_start_decompress(&jpeg_);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      unsigned char* row = pixels_.data() + jpeg_.output_scanline * row_bytes;
      ::jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    ::jpeg_finish_decompress(&jpeg_);
    return true;
  }

  [[noreturn]] static void fail(j_common_ptr jpeg, const char* message) {
    auto& errors = *reinterpret_cast<Errors*>(jpeg->err);
    std::snprintf(errors.message, sizeof errors.message, "%s", message);
    std::longjmp(errors.jump, 1);
  }

  [[noreturn]] static void on_error(j_common_ptr jpeg) {
    char message[JMSG_LENGTH_MAX];
    jpeg->err->format_message(jpeg, message);
    fail(jpeg, message);
  }

  // Level −1 is a warning: of damage that the library would fill with grey.
  static void on_message(j_common_ptr jpeg, int level) {
    if (level < 0) on_error(jpeg);
  }

  // A few bytes can make a progressive image go over its pixels again and again.
  static void on_progress(j_common_ptr jpeg) {
    constexpr int most_scans = 100;
    if (jpeg->is_decompressor != 0 &&
        reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number > most_scans)
      fail(jpeg, "it has more than 100 scans");
  }

  std::string_view bytes_;
  std::string_view origin_;
  jpeg_decompress_struct jpeg_{};
  Errors errors_{};
  jpeg_progress_mgr progress_{};
  std::vector<unsigned char> pixels_;
};

}  // namespace

Tensor decode_image(std::string_view bytes, std::string_view origin) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return Png(bytes, origin).decode();
  if (bytes.starts_with("\xff\xd8\xff")) return Jpeg(bytes, origin).decode();
  throw InputError("{}: is neither PNG nor JPEG; convert the image to one of them", origin);
}

}  // namespace gnomon::data
