// Longest paths of samples.S, and what is refused.
#include <gtest/gtest.h>

#include "verify/bounds/analysis.h"
#include "verify/bounds/report.h"

namespace pith::bounds {
namespace {

/// Bounds of one entry into the samples, with further notes.
Analysis analysis_of(const std::string& start, const std::string& notes = "", const std::string& how = "") {
  std::string problem;
  auto program = Program::load(PITH_BOUNDS_SAMPLES, problem);
  EXPECT_TRUE(program) << problem;
  Facts facts;
  Problems problems;
  facts.read("bug bug\nentry it from " + start + how + "\n" + notes, "notes", problems);
  EXPECT_TRUE(problems.empty()) << problems.front();
  return analyse(*program, facts);
}

u64 bound_of(const std::string& start, const std::string& notes = "", const std::string& how = "") {
  Analysis analysis = analysis_of(start, notes, how);
  for (const std::string& problem : analysis.problems) ADD_FAILURE() << problem;
  return analysis.entries.empty() ? 0 : analysis.entries[0].worst_instructions;
}

void expect_refused(const std::string& start, const std::string& reason, const std::string& notes = "") {
  Analysis analysis = analysis_of(start, notes);
  bool found = false;
  std::string all;
  for (const std::string& problem : analysis.problems) {
    found |= problem.find(reason) != std::string::npos;
    all += problem + "\n";
  }
  EXPECT_TRUE(found) << start << ": " << all;
}

TEST(Bounds, LoopsThatTheCodeBounds) {
  EXPECT_EQ(bound_of("counted_loop"), 32u);
  EXPECT_EQ(bound_of("checked_loop"), 40u);
  EXPECT_EQ(bound_of("spilled_loop"), 32u);
  EXPECT_EQ(bound_of("difference_loop"), 23u);
  EXPECT_EQ(bound_of("or_loop"), 72u);
  EXPECT_EQ(bound_of("nested_loop"), 57u);
}

TEST(Bounds, LoopsWithoutBoundAreRefused) {
  expect_refused("unbounded_loop", "a loop without a bound");
  expect_refused("long_loop", "a loop without a bound");
  EXPECT_EQ(bound_of("unbounded_loop", "loop unbounded_loop 4: chains are short\n"), 13u);
}

TEST(Bounds, NotesAreChecked) {
  expect_refused("counted_loop", "no loop needs the note", "loop counted_loop 4: not needed\n");
  expect_refused("counted_loop", "there is no function gone", "at most 1 gone: reason\n");
  expect_refused("counted_loop", "is not called there", "at most 1 counted_loop: reason\n");
  Facts facts;
  Problems problems;
  facts.read("loop f 65: too many\nloop f 4\nnonsense\n", "notes", problems);
  EXPECT_EQ(problems.size(), 3u);
}

TEST(Bounds, WhatHasNoBoundIsRefused) {
  expect_refused("recursion", "recursion");
  expect_refused("irreducible", "entered in two places");
  expect_refused("indirect", "indirect");
}

TEST(Bounds, Calls) {
  EXPECT_EQ(bound_of("tail_call"), 7u);
  EXPECT_EQ(bound_of("two_ways"), 16u);
  EXPECT_EQ(bound_of("with_bug"), 3u);
}

TEST(Bounds, RepeatedInstructions) {
  Analysis analysis = analysis_of("repeats");
  ASSERT_TRUE(analysis.problems.empty()) << analysis.problems.front();
  EXPECT_EQ(analysis.entries[0].worst_instructions, 8u + 24u);
  EXPECT_EQ(analysis.entries[0].clears, 1u);
}

TEST(Bounds, ClearsOfTableSize) {
  Analysis analysis = analysis_of("clears");
  ASSERT_TRUE(analysis.problems.empty()) << analysis.problems.front();
  EXPECT_EQ(analysis.entries[0].worst_instructions, 8u);
  EXPECT_EQ(analysis.entries[0].clears, 1u);
}

TEST(Bounds, WaitingForTheLockIsNotCounted) {
  EXPECT_EQ(bound_of("waits"), 5u);
  EXPECT_EQ(analysis_of("waits").loops[0].proof, Proof::Lock);
}

TEST(Bounds, FactsRuleCombinationsOut) {
  EXPECT_EQ(bound_of("two_ways", "at most 1 first: only one of them\n"), 13u);
  EXPECT_EQ(bound_of("two_ways", "", " without first"), 8u);
  EXPECT_EQ(bound_of("two_ways", "", " through second"), 13u);
  EXPECT_EQ(bound_of("two_ways", "at most 1 first, second: only one of them\n"), 11u);
}

TEST(Bounds, TableOfAPageIsReplaced) {
  Analysis analysis = analysis_of("counted_loop");
  EXPECT_EQ(with_table("text\n\n| entry | old |\n| a |\n\nmore\n", analysis),
            "text\n\n| entry | instructions | clears | measured |\n|---|---:|---:|---:|\n| it | 32 | 0 |  |\n\nmore\n");
}

TEST(Bounds, MeasurementsBesideTheBounds) {
  Analysis analysis = analysis_of("counted_loop");
  add_measurements(analysis, "other text\nlongest it 20\nlongest it 30\nlongest other 9\n");
  EXPECT_EQ(analysis.entries[0].measured, 30u);
  EXPECT_TRUE(analysis.problems.empty());
  EXPECT_EQ(json_text(analysis),
            "{\"arch\": \"x86_64\", \"entries\": [{\"name\": \"it\", \"worst_instructions\": 32, \"clears\": 0, \"measured\": 30}]}\n");
  add_measurements(analysis, "longest it 33\n");
  EXPECT_EQ(analysis.problems.size(), 1u);
}

}  // namespace
}  // namespace pith::bounds
