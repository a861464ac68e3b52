#pragma once

#include <string>

#include "base/error.h"

namespace gnomon::test {

// The message of the InputError that `work` throws; "accepted" if it throws none.
template <typename Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace gnomon::test
