// Any safetensors bytes are a checkpoint or refused with InputError; and what they hold, made one,
// is read back as it was.

#include "fault/checkpoint.h"

#include "base/error.h"
#include "data/safetensors.h"

namespace gnomon::fault {
namespace {

void read_back(const data::NamedTensors& contents) {
  Checkpoint checkpoint;
  checkpoint.step = static_cast<std::int64_t>(contents.tensors.size());
  checkpoint.tensors = contents.tensors;
  checkpoint.facts = contents.metadata;
  const Checkpoint back = checkpoint_of(contents_of(checkpoint), "written");
  if (back.step != checkpoint.step || back.tensors != checkpoint.tensors ||
      back.facts != checkpoint.facts)
    __builtin_trap();
}

}  // namespace
}  // namespace gnomon::fault

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  gnomon::data::NamedTensors contents;
  try {
    contents = gnomon::data::parse_safetensors({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const gnomon::InputError&) {
    return 0;
  }
  gnomon::fault::read_back(contents);
  try {
    gnomon::fault::checkpoint_of(std::move(contents), "fuzz");
  } catch (const gnomon::InputError&) {
  }
  return 0;
}
