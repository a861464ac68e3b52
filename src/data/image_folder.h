#pragma once

// Images in folders, one folder per class:
//   flowers/daisy/001.png   flowers/daisy/002.jpg   flowers/rose/001.png

#include <filesystem>

#include "data/dataset.h"

namespace gnomon::data {

// Reads every image of every subfolder. Classes are the subfolders' names, images stand class by
// class, both in the order of their names' bytes, so that the data set and its hash are the same
// everywhere. Names that begin with a dot are passed over.
//
// Throws InputError that names the file or folder at fault and the remedy: no subfolder, more than
// 256; a subfolder without images, or with anything but files *.png, *.jpg, *.jpeg (in any case); a
// file beside the subfolders; an image that decode_image refuses, or the first that has another
// size or number of channels than the first image: nothing is resized; more than 4 GiB of pixels in
// all, files of more than 64 MiB. Memory is that of the pixels and of one image.
Dataset read_image_folder(const std::filesystem::path& folder);

}  // namespace gnomon::data
