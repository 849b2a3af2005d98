// The line discipline: editing, signals, raw mode, output.
#include <gtest/gtest.h>

#include "personality/linux/signal/signals.h"
#include "personality/linux/terminal/line_discipline.h"

namespace pith::personality {
namespace {

std::string type(LineDiscipline& line, const std::string& text) {
  std::string echo;
  for (char byte : text) line.type(u8(byte), echo);
  return echo;
}

TEST(LineDisciplineTest, GivesWholeLines) {
  LineDiscipline line;
  EXPECT_EQ(type(line, "ab"), "ab");
  EXPECT_FALSE(line.has_input());
  EXPECT_EQ(type(line, "\r"), "\r\n");
  ASSERT_TRUE(line.has_input());
  EXPECT_EQ(line.read(2), "ab");
  EXPECT_EQ(line.read(100), "\n");
  EXPECT_FALSE(line.has_input());
}

TEST(LineDisciplineTest, Edits) {
  LineDiscipline line;
  EXPECT_EQ(type(line, "abc\x7f"), "abc\b \b");
  type(line, "x\n");
  EXPECT_EQ(line.read(100), "abx\n");
  type(line, "throw away\x15kept\n");
  EXPECT_EQ(line.read(100), "kept\n");
  type(line, "one two\x17three\n");
  EXPECT_EQ(line.read(100), "one three\n");
  type(line, "\xc3\xa4\x7f\n");  // a character of two bytes goes at once
  EXPECT_EQ(line.read(100), "\n");
  type(line, "\x7f\x7f\x15\x17\n");
  EXPECT_EQ(line.read(100), "\n");
}

TEST(LineDisciplineTest, EndOfFile) {
  LineDiscipline line;
  type(line, "\x04");
  ASSERT_TRUE(line.has_input());
  EXPECT_EQ(line.read(100), "");
  EXPECT_FALSE(line.has_input());
  type(line, "half\x04");
  EXPECT_EQ(line.read(100), "half");
  EXPECT_FALSE(line.has_input());
}

TEST(LineDisciplineTest, SendsSignals) {
  LineDiscipline line;
  std::string echo;
  type(line, "typed");
  EXPECT_EQ(line.type(3, echo), Signal::Interrupt);
  EXPECT_EQ(echo, "^C");
  EXPECT_EQ(line.type(26, echo), Signal::TerminalStop);
  EXPECT_EQ(line.type(28, echo), Signal::Quit);
  type(line, "\n");
  EXPECT_EQ(line.read(100), "\n") << "a signal throws the line away";
  type(line, "\x16\x03\n");
  EXPECT_EQ(line.read(100), "\x03\n") << "quoted";
}

TEST(LineDisciplineTest, RawModeGivesBytes) {
  LineDiscipline line;
  TerminalSettings raw;
  raw.local = 0;
  raw.input = 0;
  raw.output = 0;
  line.set(raw);
  EXPECT_EQ(type(line, "\r\x03"), "");
  ASSERT_TRUE(line.has_input());
  EXPECT_EQ(line.read(100), "\r\x03");
  std::string out;
  line.print("a\nb", out);
  EXPECT_EQ(out, "a\nb");
}

TEST(LineDisciplineTest, ChangingModesKeepsWhatWasTyped) {
  LineDiscipline line;
  type(line, "one\ntwo");
  TerminalSettings settings = line.settings();
  settings.local &= ~u32{TerminalSettings::Canonical};
  line.set(settings);
  EXPECT_EQ(line.read(100), "one\ntwo");
  type(line, "three\nfour");
  settings.local |= TerminalSettings::Canonical;
  line.set(settings);
  EXPECT_EQ(line.read(100), "three\n");
  EXPECT_FALSE(line.has_input());
  type(line, "\n");
  EXPECT_EQ(line.read(100), "four\n");
}

TEST(LineDisciplineTest, PrintsNewlinesForTerminals) {
  LineDiscipline line;
  std::string out;
  line.print("a\nb\n", out);
  EXPECT_EQ(out, "a\r\nb\r\n");
}

TEST(LineDisciplineTest, DoesNotGrowWithoutBound) {
  LineDiscipline line;
  std::string echo;
  for (u32 count = 0; count < 100000; count++) line.type('x', echo);
  type(line, "\n");
  EXPECT_EQ(line.read(1000000).size(), LineDiscipline::kMostInput);
}

}  // namespace
}  // namespace pith::personality
