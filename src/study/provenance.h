#pragma once

// Where and with what a study was run.

#include <map>
#include <string>

namespace gnomon::study {

// Program, revision, compiler and flags, host facts. A fact that cannot be had is "unknown".
std::map<std::string, std::string> read_provenance();

// Hash of what must not change between the blocks of one run: this program, the host and its
// kernel.
std::string environment_hash(const std::map<std::string, std::string>& provenance);

}  // namespace gnomon::study
