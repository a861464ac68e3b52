// The same answers on processors without AVX-512, AVX2 or AMX: this program's other tests again, in
// processes where oneDNN may use less.

#include <gtest/gtest.h>

#include "base/process.h"

namespace gnomon::exec {
namespace {

class CpuOnLesserProcessors : public ::testing::TestWithParam<const char*> {};

TEST_P(CpuOnLesserProcessors, OperatorsAndLenetAgreeWithTheReference) {
  Command command;
  command.argv = {
      self_executable().string(), "--gtest_brief=1",
      "--gtest_filter=CpuLenet.*:*CpuOperatorTest.One*/matmul:"
      "*CpuOperatorTest.One*/convolution*:CpuLayouts.Convolutions*:CpuTape.*:CpuWinograd.*"};
  command.environment["ONEDNN_MAX_CPU_ISA"] = GetParam();
  command.timeout = Seconds(240);
  const auto outcome = run_command(command);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("PASSED"), std::string::npos) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(Isa, CpuOnLesserProcessors,
                         ::testing::Values("SSE41", "AVX2", "AVX512_CORE"),
                         [](const auto& isa) { return std::string(isa.param); });

}  // namespace
}  // namespace gnomon::exec
