#include "data/npz.h"

#include <zip.h>

#include <memory>

#include "base/file.h"
#include "data/npy.h"

namespace gnomon::data {
namespace {

constexpr std::uint64_t deflate_ratio = 1032;  // no deflate stream expands further (zlib's manual)
constexpr std::string_view extension = ".npy";

[[noreturn]] void damaged(std::string_view origin, std::string_view what) {
  throw InputError("{}: is damaged: {}; save the archive again", origin, what);
}

struct Discard {
  void operator()(zip_t* archive) const { ::zip_discard(archive); }
  void operator()(zip_file_t* member) const { ::zip_fclose(member); }
  void operator()(zip_source_t* source) const { ::zip_source_free(source); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using Source = std::unique_ptr<zip_source_t, Discard>;

class Error {
 public:
  Error() { ::zip_error_init(&error_); }
  ~Error() { ::zip_error_fini(&error_); }
  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;
  zip_error_t* get() { return &error_; }
  std::string text() { return ::zip_error_strerror(&error_); }

 private:
  zip_error_t error_{};
};

Archive open(std::string_view bytes, std::string_view origin) {
  Error error;
  Source source(::zip_source_buffer_create(bytes.data(), bytes.size(), 0, error.get()));
  if (!source) throw std::bad_alloc();
  Archive archive(::zip_open_from_source(source.get(), ZIP_RDONLY | ZIP_CHECKCONS, error.get()));
  if (!archive) damaged(origin, "as a zip archive: " + error.text());
  source.release();  // the archive's now
  return archive;
}

// What the central directory says of a member, if it is one that we read.
zip_stat_t checked_member(zip_t* archive, std::uint64_t index, std::string_view origin) {
  zip_stat_t facts;
  constexpr std::uint64_t needed =
      ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if (::zip_stat_index(archive, index, 0, &facts) != 0 || (facts.valid & needed) != needed)
    damaged(origin, fmt::format("member {} has no name or size", index));
  const std::string member = fmt::format("{}: {}", origin, facts.name);
  if (!std::string_view(facts.name).ends_with(extension))
    throw InputError("{}: is not an array (.npy); save the archive with numpy.savez", member);
  if ((facts.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && facts.encryption_method != ZIP_EM_NONE)
    throw InputError("{}: is encrypted; save the archive without a password", member);
  if (facts.comp_method != ZIP_CM_STORE && facts.comp_method != ZIP_CM_DEFLATE)
    throw InputError("{}: is packed by method {}; save the archive with numpy.savez_compressed",
                     member, facts.comp_method);
  if (facts.size / deflate_ratio > facts.comp_size)
    damaged(member, fmt::format("{} bytes cannot unpack to {}", facts.comp_size, facts.size));
  return facts;
}

std::string unpack(zip_t* archive, std::uint64_t index, std::uint64_t size,
                   std::string_view origin) {
  const std::unique_ptr<zip_file_t, Discard> member(::zip_fopen_index(archive, index, 0));
  if (!member) damaged(origin, ::zip_strerror(archive));
  std::string contents(size + 1, '\0');  // reading past the end makes libzip check the checksum
  std::size_t used = 0;
  while (used < contents.size()) {
    const auto n = ::zip_fread(member.get(), contents.data() + used, contents.size() - used);
    if (n < 0) damaged(origin, ::zip_file_strerror(member.get()));
    if (n == 0) break;
    used += static_cast<std::size_t>(n);
  }
  if (used != size) damaged(origin, fmt::format("it does not unpack to {} bytes", size));
  contents.resize(size);
  return contents;
}

}  // namespace

std::map<std::string, Tensor> parse_npz(std::string_view bytes, std::string_view origin) {
  if (bytes.empty()) damaged(origin, "it is empty");  // which libzip takes for an archive of none
  const Archive archive = open(bytes, origin);
  std::map<std::string, Tensor> tensors;
  std::uint64_t total = 0;
  const auto members = static_cast<std::uint64_t>(::zip_get_num_entries(archive.get(), 0));
  for (std::uint64_t index = 0; index < members; ++index) {
    const zip_stat_t facts = checked_member(archive.get(), index, origin);
    const std::string member = fmt::format("{}: {}", origin, facts.name);
    constexpr auto limit = static_cast<std::uint64_t>(npy_size_limit);
    if (facts.size > limit - total)
      throw InputError("{}: the arrays hold more than 4 GiB; split the archive", member);
    total += facts.size;
    std::string name(facts.name);
    name.resize(name.size() - extension.size());
    Tensor tensor = parse_npy(unpack(archive.get(), index, facts.size, member), member);
    if (!tensors.emplace(std::move(name), std::move(tensor)).second)
      damaged(member, "the name stands twice");
  }
  return tensors;
}

std::map<std::string, Tensor> read_npz(const std::filesystem::path& path) {
  return parse_npz(read_file(path, Bytes(static_cast<double>(npy_size_limit))), path.string());
}

std::string npz_bytes(const std::map<std::string, Tensor>& tensors, std::string_view origin) {
  std::map<std::string, std::string> members;  // outlive the archive, which refers to them
  for (const auto& [name, tensor] : tensors) {
    if (name.empty()) throw InputError("{}: an array has no name; give it one", origin);
    members[name + std::string(extension)] = npy_bytes(tensor, fmt::format("{}: {}", origin, name));
  }
  Error error;
  Source target(::zip_source_buffer_create(nullptr, 0, 0, error.get()));
  GNOMON_CHECK(target != nullptr, "{}", error.text());
  Archive archive(::zip_open_from_source(target.get(), ZIP_CREATE | ZIP_TRUNCATE, error.get()));
  GNOMON_CHECK(archive != nullptr, "{}", error.text());
  ::zip_source_keep(target.get());  // one reference is the archive's, one is ours
  for (const auto& [name, contents] : members) {
    Source source(::zip_source_buffer(archive.get(), contents.data(), contents.size(), 0));
    const auto index = ::zip_file_add(archive.get(), name.c_str(), source.get(), ZIP_FL_ENC_UTF_8);
    if (index < 0 && ::zip_error_code_zip(::zip_get_error(archive.get())) == ZIP_ER_INVAL)
      throw InputError("{}: the name of an array is not UTF-8; give it another", origin);
    GNOMON_CHECK(index >= 0, "{}", ::zip_strerror(archive.get()));
    source.release();
    const auto position = static_cast<std::uint64_t>(index);
    constexpr zip_uint16_t first_of_january_1980 = 1 << 5 | 1;
    GNOMON_CHECK(
        ::zip_set_file_compression(archive.get(), position, ZIP_CM_STORE, 0) == 0 &&
            ::zip_file_set_dostime(archive.get(), position, 0, first_of_january_1980, 0) == 0,
        "{}", ::zip_strerror(archive.get()));
  }
  GNOMON_CHECK(::zip_close(archive.get()) == 0, "{}", ::zip_strerror(archive.get()));
  archive.release();
  zip_stat_t facts;
  GNOMON_CHECK(::zip_source_stat(target.get(), &facts) == 0, "the archive was just written");
  if (members.empty()) return std::string("PK\5\6").append(18, '\0');  // libzip writes nothing then
  std::string file(facts.size, '\0');
  GNOMON_CHECK(::zip_source_open(target.get()) == 0, "the archive was just written");
  const auto n = ::zip_source_read(target.get(), file.data(), file.size());
  ::zip_source_close(target.get());
  GNOMON_CHECK(n == static_cast<std::int64_t>(file.size()), "{} of {} bytes", n, file.size());
  return file;
}

}  // namespace gnomon::data
