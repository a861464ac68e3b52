#include "base/process.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/error.h"

namespace gnomon {
namespace {

Outcome shell(const std::string& script, Seconds timeout = Seconds(30)) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.timeout = timeout;
  return run_command(command);
}

TEST(Process, KeepsBothStreamsAndTheExitCode) {
  const Outcome outcome = shell("echo one; echo two >&2; exit 7");
  EXPECT_EQ(outcome.out, "one\n");
  EXPECT_EQ(outcome.err, "two\n");
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_GT(outcome.wall, Seconds(0));
  EXPECT_GT(outcome.peak_memory, Bytes(0));
}

TEST(Process, StandardInputIsEmpty) { EXPECT_EQ(shell("cat").out, ""); }

TEST(Process, EnvironmentIsAddedToOurs) {
  Command command;
  command.argv = {"sh", "-c", "echo $GNOMON_TEST:${PATH:+path}"};
  command.environment = {{"GNOMON_TEST", "a b"}};
  EXPECT_EQ(run_command(command).out, "a b:path\n");
}

TEST(Process, DeathBySignalIs128PlusIt) { EXPECT_EQ(shell("kill -9 $$").exit_code, 137); }

TEST(Process, TimeoutKillsTheWholeGroup) {
  // The grandchild holds the pipe open for a minute unless the group is killed.
  const Outcome outcome = shell("echo begun; sleep 60 & sleep 60", Seconds(0.3));
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, 128 + SIGKILL);
  EXPECT_EQ(outcome.out, "begun\n");
  EXPECT_LT(outcome.wall, Seconds(20));
}

TEST(Process, WhatTheChildLeavesBehindDoesNotHoldUsUp) {
  const Outcome outcome = shell("sleep 60 & echo done");
  EXPECT_EQ(outcome.out, "done\n");
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_LT(outcome.wall, Seconds(20));
}

TEST(Process, OutputBeyondTheLimitIsDroppedAndSaid) {
  Command command;
  command.argv = {"sh", "-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"};
  command.output_limit = Bytes(100000);
  const Outcome outcome = run_command(command);
  EXPECT_EQ(outcome.out.size(), 100000u);
  EXPECT_EQ(outcome.err.size(), 100000u);
  EXPECT_TRUE(outcome.truncated);
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST(Process, LargeOutputOnBothStreamsArrivesWhole) {
  const Outcome outcome = shell("head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero");
  EXPECT_EQ(outcome.out.size(), 1000000u);
  EXPECT_EQ(outcome.err.size(), 1000000u);
  EXPECT_FALSE(outcome.truncated);
}

TEST(Process, AnUnknownProgramIsTheCallersMistake) {
  Command command;
  command.argv = {"gnomon-no-such-program"};
  try {
    run_command(command);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(),
                 "gnomon-no-such-program: cannot be executed: No such file or directory; check "
                 "the name and PATH");
  }
  command.argv = {};
  EXPECT_THROW(run_command(command), InputError);
}

TEST(Process, CountsTheChildsOwnProcessorTime) {
  const Outcome outcome = shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done");
  EXPECT_GT(outcome.user + outcome.system, Seconds(0.001));
  EXPECT_LE((outcome.user + outcome.system).value, outcome.wall.value * 2 + 0.1);
}

TEST(Process, SelfExecutableIsThisTest) { EXPECT_EQ(self_executable().filename(), "test_base"); }

}  // namespace
}  // namespace gnomon
