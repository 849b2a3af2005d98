// Tests of the lexer: tokens, places, and what it refuses.
#include "tools/idl/lexer.h"

#include <gtest/gtest.h>

namespace pith::idl {
namespace {

TEST(Lexer, CutsTokens) {
  Diagnostics diagnostics;
  TokenList list = tokenize("a.idl", "// About.\n// More.\nname = 0x1f \"a \\\"b\\\"\" -> ; // rest", diagnostics);
  ASSERT_FALSE(diagnostics.has_errors());
  EXPECT_EQ(list.summary, "About. More.");
  ASSERT_EQ(list.tokens.size(), 7u);
  EXPECT_EQ(list.tokens[0].text, "name");
  EXPECT_EQ(list.tokens[2].number, 31u);
  EXPECT_EQ(list.tokens[3].text, "a \"b\"");
  EXPECT_EQ(list.tokens[4].text, "->");
  EXPECT_EQ(list.tokens[6].kind, TokenKind::End);
}

TEST(Lexer, KeepsDocumentationLines) {
  Diagnostics diagnostics;
  TokenList list = tokenize("a.idl", "/// One.  \n///Two.\nx", diagnostics);
  ASSERT_EQ(list.tokens.size(), 4u);
  EXPECT_EQ(list.tokens[0].text, "One.");
  EXPECT_EQ(list.tokens[1].text, "Two.");
}

TEST(Lexer, CountsColumnsInCharacters) {
  Diagnostics diagnostics;
  TokenList list = tokenize("a.idl", "\"1…3\" x\n  y", diagnostics);
  EXPECT_EQ(list.tokens[1].where.column, 7u);
  EXPECT_EQ(list.tokens[2].where.line, 2u);
  EXPECT_EQ(list.tokens[2].where.column, 3u);
}

std::string first_message(std::string_view text) {
  Diagnostics diagnostics;
  tokenize("a.idl", text, diagnostics);
  return diagnostics.has_errors() ? diagnostics.messages()[0] : "";
}

TEST(Lexer, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(first_message("a\n @"), "a.idl:2:2: unexpected character");
  EXPECT_EQ(first_message("12x"), "a.idl:1:1: bad number '12x'");
  EXPECT_EQ(first_message("0x"), "a.idl:1:1: bad number '0x'");
  EXPECT_EQ(first_message("18446744073709551616"), "a.idl:1:1: bad number '18446744073709551616'");
  EXPECT_EQ(first_message("18446744073709551615"), "");
  EXPECT_EQ(first_message("a \"b\n\""), "a.idl:1:3: the string does not end on its line");
}

}  // namespace
}  // namespace pith::idl
