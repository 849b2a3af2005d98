// The prover against functions with a known verdict (samples.ll): what is right is proved, and each wrong thing breaks the obligation that it must.
#include <gtest/gtest.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IRReader/IRReader.h>
#include <llvm/Support/SourceMgr.h>

#include "verify/prover/knowledge.h"

namespace pith::verify {
namespace {

class Samples : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    context = new llvm::LLVMContext;
    llvm::SMDiagnostic problem;
    module = llvm::parseIRFile(PITH_PROVER_SAMPLES, problem, *context).release();
    ASSERT_NE(module, nullptr) << problem.getMessage().str();
  }
  static void TearDownTestSuite() {
    delete module;
    delete context;
  }

  static EntryReport verdict_on(const Entry& entry, const ProofOptions& options) {
    Knowledge knowledge(*module, options);
    return prove(knowledge, entry);
  }

  static std::string first_failure(const EntryReport& report) { return report.failures.empty() ? "" : report.failures[0].obligation; }

  static llvm::LLVMContext* context;
  static llvm::Module* module;
};
llvm::LLVMContext* Samples::context = nullptr;
llvm::Module* Samples::module = nullptr;

TEST_F(Samples, EachHasTheVerdictThatItSays) {
  int count = 0;
  for (const Entry& entry : entries_of(*module)) {
    std::string wanted = module->getFunction(entry.function)->getFnAttribute("expect").getValueAsString().str();
    EntryReport report = verdict_on(entry, {});
    EXPECT_EQ(first_failure(report), wanted) << entry.name << " is " << report.result;
    EXPECT_EQ(report.result, wanted.empty() ? "proved" : "failed") << entry.name;
    count++;
  }
  EXPECT_GE(count, 105);
}

TEST_F(Samples, APathPartsWhereAContractSaysSo) {
  EXPECT_EQ(verdict_on({"parts", "entry_parts_where_the_contract_does", -1}, {}).paths, 2);
}

TEST_F(Samples, WaysReturnApartWhereAContractSaysSo) {
  EXPECT_EQ(verdict_on({"apart", "entry_contract_small_or_smaller", -1}, {}).paths, 2);
}

TEST_F(Samples, AFailureHasAnExample) {
  EntryReport report = verdict_on({"division", "entry_division", -1}, {});
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_NE(report.failures[0].example.find("=0"), std::string::npos) << report.failures[0].example;
}

TEST_F(Samples, OnePredicateAloneIsAskedFor) {
  ProofOptions options;
  options.only_predicate = "invariant_counter_is_small";
  EXPECT_EQ(verdict_on({"counts_back", "entry_counts_back", -1}, options).result, "proved");
  options.only_predicate = "invariant_numbers_are_below_the_counter";
  EXPECT_EQ(verdict_on({"counts_back", "entry_counts_back", -1}, options).result, "failed");
}

TEST_F(Samples, TrapsAloneAreAskedFor) {
  ProofOptions options;
  options.only_traps = true;
  auto result = [&](const std::string& name) { return verdict_on({name, "entry_" + name, -1}, options).result; };
  EXPECT_EQ(result("shift_checked"), "failed");
  EXPECT_EQ(result("add_of_small"), "proved");
  EXPECT_EQ(result("trap_behind_an_assertion"), "proved");
  EXPECT_EQ(result("division"), "proved");
  EXPECT_EQ(result("contract_count_more"), "proved");
}

TEST_F(Samples, TheFirstFailureIsEnough) {
  ProofOptions options;
  options.executor.stops_at_failure = true;
  EntryReport report = verdict_on({"loop_too_long", "entry_loop_too_long", -1}, options);
  EXPECT_EQ(report.result, "failed");
  EXPECT_EQ(report.failures.size(), 1u);
}

TEST_F(Samples, ALoopWithoutEndIsNoProof) {
  ProofOptions options;
  options.executor.most_steps = 10;
  EXPECT_EQ(verdict_on({"loop", "entry_loop", -1}, options).result, "unknown");
}

TEST_F(Samples, ADifferentEntryIsAnError) { EXPECT_EQ(verdict_on({"none", "entry_none", -1}, {}).result, "unknown"); }

}  // namespace
}  // namespace pith::verify
