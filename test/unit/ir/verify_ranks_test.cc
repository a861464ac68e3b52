#include "ir/verify_ranks.h"

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/op_info.h"
#include "unit/error_of.h"

namespace gnomon::ir {
namespace {

const Type matrix{DType::f32, {64, 10}}, row{DType::f32, {8}};

// The program of one rank: operators, each in its group's order, on data of the given types.
struct Communication {
  Op op;
  Type data;
};

Program rank(const std::vector<Communication>& all) {
  Builder b("rank");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [op, data] = all[i];
    std::vector<Value> inputs;
    if (!std::holds_alternative<Recv>(op)) inputs.push_back(b.input(fmt::format("x{}", i), data));
    inputs.push_back(b.token(std::string(group(op))));
    b.append(op, inputs);
  }
  return b.finish();
}

std::string disagreement(const std::vector<Program>& programs) {
  return test::error_of([&] { verify_ranks(programs); });
}

Communication send(std::int64_t peer, const Type& type = row) {
  return {Send{"pipe", 2, peer}, type};
}
Communication recv(std::int64_t peer, const Type& type = row) {
  return {Recv{"pipe", 2, peer, type}, type};
}

const Communication reduce{AllReduce{"data", 2}, matrix}, gather{AllGather{"data", 2, 0}, matrix};

TEST(VerifyRanks, SameProgramsAgree) {
  EXPECT_EQ(disagreement({}), "accepted");
  EXPECT_EQ(disagreement({rank({}), rank({})}), "accepted");
  EXPECT_EQ(disagreement({rank({reduce, gather}), rank({reduce, gather})}), "accepted");
}

TEST(VerifyRanks, GroupsAreOrderedByThemselves) {
  const Communication other{AllReduce{"model", 2}, row};
  EXPECT_EQ(disagreement({rank({reduce, other, gather}), rank({other, reduce, gather})}),
            "accepted");
}

TEST(VerifyRanks, AGroupMayBeSomeOfTheRanks) {
  const Communication left{AllReduce{"left", 2}, row}, right{AllReduce{"right", 2}, row};
  EXPECT_EQ(disagreement({rank({left}), rank({right}), rank({left}), rank({right})}), "accepted");
}

TEST(VerifyRanks, AnotherOrder) {
  EXPECT_EQ(disagreement(
                {rank({reduce, reduce, reduce, reduce}), rank({reduce, reduce, reduce, gather})}),
            "group data, step 3: rank 0 does all_reduce f32[64, 10], rank 1 does all_gather "
            "f32[64, 10]");
}

TEST(VerifyRanks, AnotherShapeOrElementType) {
  const Communication smaller{AllReduce{"data", 2}, row};
  EXPECT_EQ(
      disagreement({rank({reduce}), rank({smaller})}),
      "group data, step 0: rank 0 does all_reduce f32[64, 10], rank 1 does all_reduce f32[8]");
  const Communication narrower{AllReduce{"data", 2}, {DType::bf16, {64, 10}}};
  EXPECT_EQ(disagreement({rank({reduce}), rank({narrower})}),
            "group data, step 0: rank 0 does all_reduce f32[64, 10], rank 1 does all_reduce "
            "bf16[64, 10]");
}

TEST(VerifyRanks, AnotherAttribute) {
  const Communication largest{AllReduce{"data", 2, Reduction::max}, matrix};
  EXPECT_EQ(disagreement({rank({reduce}), rank({largest})}),
            "group data, step 0: rank 0 does all_reduce f32[64, 10] {group = \"data\", ranks = 2, "
            "reduction = sum}, rank 1 does all_reduce f32[64, 10] {group = \"data\", ranks = 2, "
            "reduction = max}");
  const Communication columns{AllGather{"data", 2, 1}, matrix};
  EXPECT_NE(disagreement({rank({gather}), rank({columns})}), "accepted");
}

TEST(VerifyRanks, OneRankEndsEarly) {
  const char* expected =
      "group data, step 1: rank 0 does all_gather f32[64, 10], rank 1 does nothing more";
  EXPECT_EQ(disagreement({rank({reduce, gather}), rank({reduce})}), expected);
  EXPECT_EQ(disagreement({rank({reduce}), rank({reduce, gather})}),
            "group data, step 1: rank 0 does nothing more, rank 1 does all_gather f32[64, 10]");
}

TEST(VerifyRanks, RanksAreMissing) {
  EXPECT_EQ(disagreement({rank({reduce}), rank({})}),
            "group data: 2 ranks on rank 0, but 1 programs take part");
}

TEST(VerifyRanks, SendsMeetReceives) {
  EXPECT_EQ(disagreement({rank({send(1), recv(1, matrix)}), rank({recv(0), send(0, matrix)})}),
            "accepted");
  EXPECT_EQ(disagreement({rank({send(1), recv(1)}), rank({send(0), recv(0)})}), "accepted");
  EXPECT_EQ(disagreement({rank({send(1), send(1, matrix)}), rank({recv(0), recv(0, matrix)})}),
            "accepted");
}

TEST(VerifyRanks, SendsThatDoNotMeetTheirReceive) {
  EXPECT_EQ(disagreement({rank({send(1), send(1)}), rank({recv(0)})}),
            "group pipe, step 1: rank 0 does send f32[8], rank 1 does nothing more");
  EXPECT_EQ(disagreement({rank({send(1)}), rank({recv(0), recv(0)})}),
            "group pipe, step 1: rank 1 does recv f32[8], rank 0 does nothing more");
  EXPECT_EQ(disagreement({rank({send(1)}), rank({recv(0, matrix)})}),
            "group pipe, step 0: rank 0 does send f32[8], rank 1 does recv f32[64, 10]");
  EXPECT_EQ(disagreement({rank({send(0)}), rank({recv(0)})}),
            "group pipe, step 0: rank 0 sends f32[8] to itself");
}

TEST(VerifyRanks, RanksThatWaitForEachOther) {
  EXPECT_EQ(disagreement({rank({recv(1), send(1)}), rank({recv(0), send(0)})}),
            "group pipe, step 0: rank 0 does recv f32[8] {group = \"pipe\", ranks = 2, peer = 1}, "
            "rank 1 does recv f32[8] {group = \"pipe\", ranks = 2, peer = 0}");
  const Communication barrier{AllReduce{"pipe", 2}, row};
  EXPECT_EQ(disagreement({rank({recv(1), barrier}), rank({barrier, send(0)})}),
            "group pipe, step 0: rank 0 does recv f32[8], rank 1 does all_reduce f32[8]");
}

}  // namespace
}  // namespace gnomon::ir
