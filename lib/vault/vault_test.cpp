// Tests the ring and the journal at every point where a crash may cut them.
#include <gtest/gtest.h>

#include <string>

#include "lib/vault/byte_ring.h"
#include "lib/vault/write_journal.h"

namespace pith {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <u64 kSize>
std::string contents(const ByteRing<kSize>& ring) {
  std::string text(ring.count(), 0);
  ring.peek(std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(ByteRing, WrapsAround) {
  ByteRing<8> ring{};
  for (int round = 0; round < 100; round++) {
    ring.prepare(bytes_of("abcde"), ring.tail);
    ring.publish(ring.tail + 5);
    EXPECT_EQ(contents(ring), "abcde");
    EXPECT_EQ(ring.room(), 3u);
    ring.remove(5);
  }
  EXPECT_EQ(ring.count(), 0u);
}

TEST(ByteRing, WhatIsNotPublishedIsNotThere) {
  ByteRing<8> ring{};
  ring.add(std::byte('x'));
  ring.prepare(bytes_of("abc"), ring.tail);
  EXPECT_EQ(contents(ring), "x");
}

TEST(ByteRing, KnowsNonsense) {
  ByteRing<8> ring{};
  ring.head = 5;
  EXPECT_FALSE(ring.is_valid());
  ring.tail = 13;
  EXPECT_TRUE(ring.is_valid());
  ring.tail = 14;
  EXPECT_FALSE(ring.is_valid());
}

TEST(WriteJournal, CrashBeforeCommitForgetsTheWrite) {
  WriteJournal journal{};
  journal.prepare(3, bytes_of("hello"), 5, 105);
  journal.recover(100);  // the tail was not stored
  u64 answer = 0;
  EXPECT_FALSE(journal.take_redelivered(3, bytes_of("hello"), answer));
}

TEST(WriteJournal, CrashAfterCommitAnswersOnce) {
  WriteJournal journal{};
  journal.prepare(3, bytes_of("hello"), 4, 104);
  journal.recover(104);
  u64 answer = 0;
  EXPECT_FALSE(journal.take_redelivered(2, bytes_of("hello"), answer));  // somebody else, who is served in between
  EXPECT_TRUE(journal.take_redelivered(3, bytes_of("hello"), answer));
  EXPECT_EQ(answer, 4u);
  *journal.clearing().address = journal.clearing().value;
  EXPECT_FALSE(journal.take_redelivered(3, bytes_of("hello"), answer));
}

TEST(WriteJournal, AnotherWriteOfTheSessionShowsThatTheAnswerArrived) {
  WriteJournal journal{};
  journal.prepare(3, bytes_of("hello"), 5, 105);
  journal.recover(105);
  u64 answer = 0;
  EXPECT_FALSE(journal.take_redelivered(3, bytes_of("world"), answer));
  EXPECT_FALSE(journal.take_redelivered(3, bytes_of("hello"), answer));
}

TEST(WriteJournal, HalfWrittenEntryIsNoEntry) {
  WriteJournal journal{};
  journal.prepare(3, bytes_of("hello"), 5, 105);
  journal.clear();  // the next prepare() begins so
  journal.length = 99;
  journal.position = 200;
  journal.recover(200);
  u64 answer = 0;
  EXPECT_FALSE(journal.take_redelivered(3, bytes_of("hello"), answer));
}

}  // namespace
}  // namespace pith
