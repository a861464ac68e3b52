#include "study/provenance.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "machine/host.h"
#include "study/runner.h"

namespace gnomon::study {
namespace {

std::string known(std::string text) { return text.empty() ? "unknown" : std::move(text); }

// The revision of the repository that this program was built in, asked of git.
std::string revision() {
  Command command;
  command.argv = {"git",        "-C",       self_executable().parent_path().string(),
                  "describe",   "--always", "--dirty",
                  "--abbrev=40"};
  command.timeout = Seconds(5);
  try {
    const Outcome outcome = run_command(command);
    return outcome.exit_code == 0 ? known(last_line(outcome.out)) : "unknown";
  } catch (const InputError&) {
    return "unknown";
  }
}

std::string flags() {
  std::string text;
#ifdef __OPTIMIZE__
  text += "optimised";
#else
  text += "not optimised";
#endif
#ifndef NDEBUG
  text += ", assertions";
#endif
#ifdef GNOMON_SANITIZERS
  text += ", sanitizers: " GNOMON_SANITIZERS;
#endif
  return text;
}

std::string program_hash() {
  constexpr double largest = 1 << 30;
  return hash128(read_file(self_executable(), Bytes(largest)));
}

}  // namespace

std::map<std::string, std::string> read_provenance() {
  const machine::Host host = machine::read_host();
  std::string features;
  for (const auto& feature : host.features) features += (features.empty() ? "" : " ") + feature;
  return {{"revision", revision()},
          {"compiler", __VERSION__},
          {"build", flags()},
          {"program", program_hash()},
          {"processor", known(host.processor)},
          {"processor family", known(host.family)},
          {"instruction sets", known(features)},
          {"hardware threads", std::to_string(host.hardware_threads)},
          {"cores", std::to_string(host.cores)},
          {"memory", to_string(host.memory)},
          {"kernel", known(host.kernel)},
          {"hypervisor", known(host.hypervisor)},
          {"governor", known(host.governor)},
          {"host", machine::host_key(host)}};
}

std::string environment_hash(const std::map<std::string, std::string>& provenance) {
  return hash128(provenance.at("program") + provenance.at("host") + provenance.at("kernel"));
}

}  // namespace gnomon::study
