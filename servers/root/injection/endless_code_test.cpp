// Tests what a program is overwritten with so that it hangs.
#include "servers/root/injection/endless_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lib/vault/commit_sequence.h"

extern "C" const u8 pith_invoke_and_commit[], pith_commit_begin[], pith_commit_end[];

namespace pith::root {
namespace {

constexpr u8 kNoOperation = 0x90;
constexpr usize kPage = 4096, kSequence = sizeof kCommitSequence;

/// A page without a byte of what is looked for.
std::vector<u8> program() { return std::vector<u8>(kPage, 0xcc); }

void place_sequence(std::vector<u8>& page, usize at) { memcpy(page.data() + at, kCommitSequence, kSequence); }

/// Where a thread that enters at `at` ends: at a jump to itself, or at the sequence, or behind the page.
usize end_of_run(const std::vector<u8>& page, usize at) {
  while (at < page.size() && page[at] == kNoOperation) at++;
  return at;
}

bool is_jump_to_itself(const std::vector<u8>& page, usize at) { return at + 1 < page.size() && page[at] == 0xeb && page[at + 1] == 0xfe; }

TEST(EndlessCode, EndsInAJumpToItself) {
  std::vector<u8> page = program();
  make_endless(page);
  EXPECT_EQ(end_of_run(page, 0), kPage - 2);
  EXPECT_TRUE(is_jump_to_itself(page, kPage - 2));
}

TEST(EndlessCode, LeavesASequenceWholeBetweenJumps) {
  for (usize at : {usize{0}, usize{1}, usize{2}, usize{3}, usize{100}, kPage - kSequence - 2, kPage - kSequence - 1, kPage - kSequence}) {
    std::vector<u8> page = program();
    place_sequence(page, at);
    make_endless(page);
    EXPECT_EQ(memcmp(page.data() + at, kCommitSequence, kSequence), 0) << at;
    if (at >= 2) {
      EXPECT_EQ(end_of_run(page, 0), at - 2) << at;
      EXPECT_TRUE(is_jump_to_itself(page, at - 2)) << at;
    }
    usize behind = at + kSequence;
    if (behind + 2 <= kPage) {
      EXPECT_TRUE(is_jump_to_itself(page, behind)) << at;
    }
    if (behind + 4 <= kPage) {
      EXPECT_EQ(end_of_run(page, behind + 2), kPage - 2) << at;
      EXPECT_TRUE(is_jump_to_itself(page, kPage - 2)) << at;
    }
  }
}

TEST(EndlessCode, LeavesEverySequenceWhole) {
  std::vector<u8> page = program();
  for (usize at : {200, 213, 500}) place_sequence(page, at);
  make_endless(page);
  for (usize at : {200, 213, 500}) {
    EXPECT_EQ(memcmp(page.data() + at, kCommitSequence, kSequence), 0) << at;
    EXPECT_TRUE(is_jump_to_itself(page, at - 2)) << at;
    EXPECT_TRUE(is_jump_to_itself(page, at + kSequence)) << at;
  }
  EXPECT_EQ(end_of_run(page, 230), 498u);
}

TEST(EndlessCode, TakesPartsOfASequenceForAnyCode) {
  std::vector<u8> page = program();
  place_sequence(page, 300);
  page[304] = 0x7e;
  memcpy(page.data() + kPage - 4, kCommitSequence, 4);
  make_endless(page);
  EXPECT_EQ(end_of_run(page, 0), kPage - 2);
}

/// What root looks for is what lib/vault/commit.cpp has, and a page's end does not part it.
TEST(CommitSequence, IsWhatTheProgramHas) {
  const u8* start = pith_commit_begin - 2;
  ASSERT_EQ(usize(pith_commit_end - start), kSequence);
  EXPECT_EQ(memcmp(start, kCommitSequence, kSequence), 0);
  constexpr u64 kAlignment = 128;
  EXPECT_EQ(reinterpret_cast<u64>(pith_invoke_and_commit) % kAlignment, 0u);
  EXPECT_LT(pith_commit_end + 1 - pith_invoke_and_commit, i64(kAlignment));
}

}  // namespace
}  // namespace pith::root
