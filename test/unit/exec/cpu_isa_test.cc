// The same answers on processors without AVX-512, AVX2 or AMX: this program's other tests again, in
// processes where oneDNN may use less.

#include <gtest/gtest.h>

#include <dnnl.hpp>

#include "base/process.h"

namespace gnomon::exec {
namespace {

// A set of instructions that oneDNN can be held to.
struct Isa {
  const char* name;
  dnnl::cpu_isa set;
};
void PrintTo(const Isa& isa, std::ostream* out) { *out << isa.name; }

class CpuOnLesserProcessors : public ::testing::TestWithParam<Isa> {};

TEST_P(CpuOnLesserProcessors, OperatorsAndLenetAgreeWithTheReference) {
  const auto here = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto lesser = static_cast<unsigned>(GetParam().set);
  if (here == lesser || (here & lesser) != lesser) GTEST_SKIP() << "this processor has no more";
  Command command;
  command.argv = {self_executable().string(), "--gtest_brief=1",
                  "--gtest_filter=CpuLenet.*:*CpuOperatorTest.One*/matmul:"
                  "*CpuOperatorTest.One*/convolution*:CpuLayouts.Convolutions*:"
                  "CpuTape.*:CpuWinograd*:CpuDirect*:CpuGemm*"};
  command.environment["ONEDNN_MAX_CPU_ISA"] = GetParam().name;
  command.timeout = Seconds(240);
  const auto outcome = run_command(command);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("PASSED"), std::string::npos) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(Isa, CpuOnLesserProcessors,
                         ::testing::Values(Isa{"SSE41", dnnl::cpu_isa::sse41},
                                           Isa{"AVX2", dnnl::cpu_isa::avx2},
                                           Isa{"AVX512_CORE", dnnl::cpu_isa::avx512_core}),
                         [](const auto& isa) { return std::string(isa.param.name); });

}  // namespace
}  // namespace gnomon::exec
