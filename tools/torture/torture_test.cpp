// Reading a run's lines, its statistics, and the command line.
#include <gtest/gtest.h>

#include "tools/torture/dialogue.h"
#include "tools/torture/options.h"
#include "tools/torture/plot.h"
#include "tools/torture/results.h"
#include "tools/torture/text.h"

namespace pith::torture {

namespace {

std::string fault_line(u64 number, const char* target, const char* outcome, u64 at, u64 away) {
  return "[    0.300] torture: fault: number=" + std::to_string(number) + " target=" + target + " kind=kill at=" + std::to_string(at) +
         " moment=inside instance=1 address=0 before=0 after=0 outcome=" + outcome + " away=" + std::to_string(away);
}

bool everything(const Fault&) { return true; }

std::string sum(char digit) { return std::string(64, digit); }

}  // namespace

TEST(Percentile, IsTheNearestRank) {
  EXPECT_EQ(percentile({}, 50), 0u);
  EXPECT_EQ(percentile({7}, 50), 7u);
  EXPECT_EQ(percentile({7}, 99), 7u);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 50), 2u);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 75), 3u);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 76), 4u);
  std::vector<u64> hundred(100);
  for (u64 i = 0; i < 100; i++) hundred[i] = 100 - i;
  EXPECT_EQ(percentile(hundred, 99), 99u);
  EXPECT_EQ(percentile(hundred, 100), 100u);
  EXPECT_EQ(percentile(hundred, 0), 1u);
}

TEST(Results, ReadFaults) {
  Results results;
  results.take_line(fault_line(1, "log", "recovered", 100, 5000));
  results.take_line(fault_line(2, "bank", "dormant", 200, 7000));
  results.take_line("[    0.300] log: something else");
  results.finish();
  ASSERT_EQ(results.faults().size(), 2u);
  EXPECT_EQ(results.faults()[0].target, "log");
  EXPECT_EQ(results.faults()[0].moment, "inside");
  EXPECT_EQ(results.faults()[0].away, 5000u);
  EXPECT_FALSE(results.faults()[1].is_activated());
  EXPECT_EQ(results.recovery_times(everything), std::vector<u64>{5000});
  EXPECT_EQ(results.all_findings().total(), 0u);
  EXPECT_FALSE(results.has_ended());
  results.take_line("[    0.900] torture: torture: passed: 2 faults");
  EXPECT_TRUE(results.has_ended());
}

TEST(Results, FindClientsThatCameNoFurther) {
  constexpr u64 kSecond = 1'000'000'000;
  Results results;
  results.take_line(fault_line(1, "log", "recovered", kSecond, 5000));
  for (const char* client : {"checker", "echo", "ext4", "loopback", "pings", "scribe", "teller"})
    results.take_line("[    1.900] x: check: " + std::string(client) + " operations=500 lost=0 doubled=0 wrong=0");
  results.take_line("[    3.900] x: check: fat operations=500 lost=0 doubled=0 wrong=0");
  results.take_line(fault_line(2, "log", "recovered", 6 * kSecond, 5000));
  results.take_line("[    6.100] x: check: fat operations=1000 lost=0 doubled=0 wrong=0");
  results.take_line("[    6.100] torture: torture: passed: 2 faults");
  results.finish();
  EXPECT_EQ(results.all_findings().lost, 7u);
  EXPECT_FALSE(results.findings().contains("fat"));
  EXPECT_EQ(results.findings().at("network").lost, 2u);
}

TEST(Results, MissALineOfTheLog) {
  Results results;
  results.take_line(fault_line(1, "log", "recovered", 100, 5000));
  results.take_line(fault_line(3, "log", "recovered", 200, 5000));
  results.take_line(fault_line(3, "log", "recovered", 200, 5000));
  EXPECT_EQ(results.findings().at("log").lost, 1u);
  EXPECT_EQ(results.findings().at("log").doubled, 1u);
  EXPECT_EQ(results.faults().size(), 2u);
}

TEST(Results, FindingsBelongToTheFaultBefore) {
  Results results;
  results.take_line("[    0.002] teller: check: bank lost: operation 5: a booking is missing");  // before its fault's own line
  results.take_line(fault_line(1, "bank", "dormant", 1'500'000, 5000));
  results.take_line(fault_line(2, "log", "recovered", 1'800'000, 5000));
  results.take_line(fault_line(3, "bank", "recovered", 4'000'000, 5000));
  results.finish();
  EXPECT_EQ(results.faults()[0].findings, 1u);
  EXPECT_TRUE(results.faults()[0].is_activated());
  EXPECT_EQ(results.faults()[1].findings, 0u);
  EXPECT_EQ(results.faults()[2].findings, 0u);
  EXPECT_EQ(results.list()[0].fault, 1u);
  EXPECT_EQ(results.findings().at("bank").lost, 1u);
}

TEST(Results, CountsOutnumberLines) {
  Results results;
  results.take_line("[    0.002] teller: check: teller operations=500 lost=2 doubled=0 wrong=130");
  results.take_line("[    0.003] teller: check: bank lost: operation 5: a booking is missing");
  EXPECT_EQ(results.operations().at("teller"), 500u);
  EXPECT_EQ(results.all_findings().lost, 2u);
  EXPECT_EQ(results.all_findings().wrong, 130u);
}

TEST(Results, GoOnWithAnotherMachine) {
  Results first, second;
  for (Results* results : {&first, &second}) {
    results->take_line(
        "[    0.001] torture: torture: fault: number=1 target=bank kind=kill at=5 moment=idle instance=1 outcome=recovered away=7");
    results->add_finding("bank", "wrong", "bank wrong: 1", 6);
    results->finish(3);
  }
  first.add(second);
  ASSERT_EQ(first.faults().size(), 2u);
  EXPECT_EQ(first.faults()[1].number, 2u);
  EXPECT_EQ(first.faults()[1].at, 10u);
  EXPECT_EQ(first.list()[1].fault, 2u);
  EXPECT_EQ(first.all_findings().wrong, 2u);
  EXPECT_EQ(first.operations().at("linux"), 6u);
}

TEST(Results, CrashRecordsMayStandInsideOfALine) {
  for (const char* kind : {"  fault memory address 0 code 4 instruction 401000 stack 0 thread 0", "  hang instruction 401000 stack 0"}) {
    Results results;
    std::string line = fault_line(1, "log", "recovered", 100, 5000);
    results.take_line(line.substr(0, 30) + "crash log instance 3 at 0.211 s");
    results.take_line(kind);
    results.take_line("  event 7130117 session 11 method 2 call 7a56c7");
    results.take_line("  rax    0000000000000000  rbx    0000000000000000");
    results.take_line("  #0  0000000000401000 main+0");
    results.take_line(line.substr(30));
    ASSERT_EQ(results.faults().size(), 1u) << kind;
    EXPECT_EQ(results.faults()[0].away, 5000u);
  }
}

TEST(Results, GivingUpIsAFinding) {
  Results results;
  results.take_line("supervisor: log has failed and is not started again");
  EXPECT_EQ(results.all_findings().wrong, 1u);
}

TEST(Dialogue, TellsLostFromDoubled) {
  Results results;
  Dialogue dialogue(results);
  EXPECT_EQ(dialogue.next(), "1\n2\n3\n");
  EXPECT_EQ(dialogue.next(), "");
  dialogue.take_line("line 1 " + sum('a'));
  EXPECT_EQ(dialogue.next(), "4\n");
  dialogue.take_line("line 3 " + sum('a'));
  EXPECT_EQ(results.findings().at("console").lost, 1u);
  dialogue.take_line("line 3 " + sum('a'));
  EXPECT_EQ(results.findings().at("console").doubled, 1u);
  dialogue.take_line("line 4 " + sum('b'));
  EXPECT_EQ(results.findings().at("linux").wrong, 1u);
  dialogue.take_line("lime 5 " + sum('a'));
  EXPECT_EQ(results.findings().at("console").wrong, 1u);
  EXPECT_EQ(dialogue.answers(), 4u);
}

TEST(Verdict, IsGoodOnlyWhenNothingIsWrong) {
  Results results;
  results.take_line(fault_line(1, "log", "recovered", 100, 5000));
  EXPECT_TRUE(is_good(results, {false, true}));
  EXPECT_FALSE(is_good(results, {true, true}));
  EXPECT_FALSE(is_good(results, {false, false}));
  Results stuck = results;
  stuck.take_line(fault_line(2, "log", "stuck", 200, 5000));
  EXPECT_FALSE(is_good(stuck, {false, true}));
  results.add_finding("console", "lost", "a line");
  EXPECT_FALSE(is_good(results, {false, true}));
}

TEST(Texts, HaveTheFigures) {
  Options options = parse_options({"--seed", "9", "--faults=2", "--kinds", "kill,hang", "--targets", "log"});
  Results results;
  results.take_line(fault_line(1, "log", "recovered", 100, 2'000'000));
  results.take_line(fault_line(2, "log", "recovered", 900, 4'000'000));
  results.finish();
  std::string text = json(options, results, {false, true});
  EXPECT_NE(text.find("\"seed\": 9"), text.npos) << text;
  EXPECT_NE(text.find("\"injected\": 2, \"activated\": 2, \"recovered\": 2"), text.npos) << text;
  EXPECT_NE(text.find("\"recovery_ms\": {\"p50\": 2.000, \"p99\": 4.000, \"max\": 4.000}"), text.npos) << text;
  EXPECT_NE(text.find("\"services\": {\"log\": {"), text.npos) << text;
  EXPECT_NE(page(options, results, {false, true}, "torture.svg").find("./pith torture --seed 9 --faults 2 --kinds kill,hang --targets log"),
            std::string::npos);
  results.add_finding("log", "doubled", "a line came twice", 500);
  results.finish();
  std::string exceptions = page(options, results, {false, true}, "");
  EXPECT_NE(exceptions.find("- fault 1: kill of log (inside)"), exceptions.npos) << exceptions;
  EXPECT_NE(exceptions.find("  - a line came twice"), exceptions.npos) << exceptions;
  EXPECT_EQ(exceptions.find("- fault 2: "), exceptions.npos) << exceptions;
  std::string picture = plot(options, results);
  EXPECT_TRUE(picture.starts_with("<svg ")) << picture;
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
}

TEST(Options, AreChecked) {
  EXPECT_EQ(parse_options({}).problem, "");
  EXPECT_EQ(parse_options({"--faults", "0"}).problem, "`0` is no value for --faults");
  EXPECT_EQ(parse_options({"--kinds", "kill,fire"}).problem, "`kill,fire` is no value for --kinds");
  EXPECT_EQ(parse_options({"--targets", "root"}).problem, "`root` is no value for --targets");
  EXPECT_EQ(parse_options({"--seed"}).problem, "--seed needs a value");
  EXPECT_EQ(parse_options({"--fast"}).problem, "unknown argument `--fast`");
  EXPECT_TRUE(parse_options({"--help"}).wants_help);
  EXPECT_EQ(parse_options({"--seed=5"}).seed, 5u);
}

}  // namespace pith::torture
