#include "trace/code_names.h"

#include <gtest/gtest.h>

namespace gnomon::trace::detail {
namespace {

TEST(Readable, LeavesOutParametersAndWhatTheCompilerSplitOff) {
  const std::pair<const char*, const char*> cases[] = {
      {"main", "main"},
      {"_start", "_start"},
      {"_Z3addii", "add"},
      {"_ZNK6gnomon5trace6Stacks7samplesEv", "gnomon::trace::Stacks::samples"},
      {"_Z4callPFvvE", "call"},
      {"_ZNSt8functionIFviEEclEi", "std::function<void (int)>::operator()"},
      {"_Z3addii.cold", "add"},
      {"_Z3addii.constprop.0", "add"},
      {"_Z3addii._omp_fn.1", "add._omp_fn.1"},
      {"_ZTI3Foo", "typeinfo for Foo"},
      {"_Znonsense", "_Znonsense"},
  };
  for (const auto& [symbol, name] : cases) EXPECT_EQ(readable(symbol), name) << symbol;
}

TEST(SymbolTable, FindsTheFunctionThatHoldsAnAddress) {
  SymbolTable table;
  table.add(0x200, 0, "unsized");
  table.add(0x100, 0x10, "__alias");
  table.add(0x100, 0x10, "sized");
  table.add(0x300, 0x10, "last");
  table.sort();
  EXPECT_EQ(table.find(0xff), nullptr);
  EXPECT_EQ(*table.find(0x100), "sized");
  EXPECT_EQ(*table.find(0x10f), "sized");
  EXPECT_EQ(table.find(0x110), nullptr);
  EXPECT_EQ(*table.find(0x2ff), "unsized");
  EXPECT_EQ(*table.find(0x30f), "last");
  EXPECT_EQ(table.find(0x310), nullptr);
  EXPECT_EQ(SymbolTable().find(0), nullptr);
}

}  // namespace
}  // namespace gnomon::trace::detail
