#pragma once

// NumPy's archives (numpy.savez, numpy.savez_compressed): a zip file with one member "name.npy" per
// array (npy.h).

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/tensor.h"

namespace gnomon::data {

// Parses a whole archive; `origin` names it in messages, followed by the member at fault. Keys are
// the members' names without ".npy". Throws InputError with the cause and the remedy for a damaged
// archive (the zip structure, a checksum), members that are encrypted, packed by any method but
// deflate, named twice or not named *.npy, and whatever parse_npy refuses. Memory is bounded by the
// members' sizes, which are refused if they exceed what deflate can yield from the packed bytes
// (1032 to 1) or 4 GiB in all.
std::map<std::string, Tensor> parse_npz(std::string_view bytes, std::string_view origin);

// The same from a file; throws InputError if it cannot be read.
std::map<std::string, Tensor> read_npz(const std::filesystem::path& path);

// The bytes of an archive as numpy.savez writes them: stored members in the order of their names,
// all dated 1 January 1980, so that equal tensors are equal bytes. Throws InputError for bf16,
// which NumPy lacks, and for a name that is empty or not UTF-8.
std::string npz_bytes(const std::map<std::string, Tensor>& tensors, std::string_view origin);

}  // namespace gnomon::data
