// Names and times: what goes in comes out, aliases are such as others make, dates are those of the calendar.
#include "servers/fat/names.h"

#include <gtest/gtest.h>

#include <cstring>

#include <string>

#include "servers/fat/times.h"

namespace pith::fat {
namespace {

std::string text(const Name& name) {
  char room[1024];
  return {room, text_of(name, room)};
}

std::string letters(const ShortName& name) { return {reinterpret_cast<const char*>(name.letters), 11}; }

TEST(FatNames, Utf8ComesBack) {
  for (const char* each : {"a", "Straße", "Привет", "日本語", "emoji \xf0\x9f\x98\x80 end", "a.b.c"}) {
    std::optional<Name> name = name_of(each);
    ASSERT_TRUE(name) << each;
    EXPECT_EQ(text(*name), each);
  }
  EXPECT_EQ(name_of("\xf0\x9f\x98\x80")->length, 2u);
  for (const char* each : {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "a\xff"}) EXPECT_FALSE(name_of(each)) << each;
  EXPECT_TRUE(name_of(std::string(255, 'x')));
  EXPECT_FALSE(name_of(std::string(256, 'x')));
  EXPECT_EQ(text(*name_of("end. . .")), "end");
}

TEST(FatNames, SomeAreNotAllowed) {
  for (const char* each : {"", ".", "..", "...", " ", "a/b", "a:b", "a*", "a?", "\"a", "<", ">", "|", "\\", "a\nb"}) {
    EXPECT_FALSE(is_valid(*name_of(each))) << each;
  }
  EXPECT_TRUE(is_valid(*name_of(".hidden")));
}

TEST(FatNames, CaseIsIgnored) {
  EXPECT_TRUE(is_same(*name_of("ReadMe.TXT"), *name_of("README.txt")));
  EXPECT_TRUE(is_same(*name_of("Äpfel Ωmega Ёж"), *name_of("äPFEL ωMEGA ёЖ")));
  EXPECT_FALSE(is_same(*name_of("a"), *name_of("b")));
  EXPECT_FALSE(is_same(*name_of("a"), *name_of("ab")));
}

TEST(FatNames, ShortOnesNeedNoLongOne) {
  EXPECT_EQ(letters(*as_short_name(*name_of("README.TXT"))), "README  TXT");
  EXPECT_EQ(as_short_name(*name_of("readme.txt"))->case_flags, DirectoryEntry::kLowerBase | DirectoryEntry::kLowerExtension);
  EXPECT_EQ(as_short_name(*name_of("README.txt"))->case_flags, DirectoryEntry::kLowerExtension);
  EXPECT_EQ(letters(*as_short_name(*name_of("12345678"))), "12345678   ");
  for (const char* each : {"Readme.txt", "123456789", "a.bcde", "a.b.c", ".a", "a b", "a+b", "ä"})
    EXPECT_FALSE(as_short_name(*name_of(each))) << each;
  DirectoryEntry entry{};
  ShortName name = *as_short_name(*name_of("readme.TXT"));
  memcpy(entry.name, name.letters, 11);
  entry.case_flags = name.case_flags;
  EXPECT_EQ(text(name_of(entry)), "readme.TXT");
  memcpy(entry.name, "\x05\x8e      \x84  ", 11);
  entry.case_flags = 0;
  EXPECT_EQ(text(name_of(entry)), "σÄ.ä");
}

TEST(FatNames, AliasesAreNumbered) {
  Aliases aliases(*name_of("Long file name.html"));
  EXPECT_EQ(letters(aliases.at(0)), "LONGFI~1HTM");
  EXPECT_EQ(letters(aliases.at(8)), "LONGFI~9HTM");
  EXPECT_EQ(letters(aliases.at(9)), "LONGF~10HTM");
  EXPECT_EQ(letters(aliases.at(511)), "LONG~512HTM");
  EXPECT_EQ(letters(Aliases(*name_of(".profile")).at(0)), "PROFIL~1   ");
  EXPECT_EQ(letters(Aliases(*name_of("a+b.c.d")).at(0)), "A_BC~1  D  ");
  EXPECT_EQ(letters(Aliases(*name_of("日本")).at(0)), "__~1       ");
  for (u32 i : {0u, 8u, 9u, 99u, 511u}) EXPECT_EQ(aliases.number_of(aliases.at(i).letters), i);
  EXPECT_FALSE(aliases.number_of(aliases.at(600).letters));
  std::string hashed = letters(aliases.at(Aliases::kNumbered));
  EXPECT_EQ(hashed.substr(0, 2), "LO");
  EXPECT_EQ(hashed.substr(6, 5), "~1HTM");
}

TEST(FatNames, ChecksumsAreMicrosofts) {
  u8 name[11];
  memcpy(name, "README  TXT", 11);
  EXPECT_EQ(checksum_of(name), 0x73);
}

TEST(FatTimes, AreThoseOfTheCalendar) {
  // 2024-02-29 12:34:57.89
  constexpr i64 kTime = 1'709'210'097'890'000'000;
  Stamp stamp = stamp_of(kTime);
  EXPECT_EQ(stamp.date, 44 << 9 | 2 << 5 | 29);
  EXPECT_EQ(stamp.time, 12 << 11 | 34 << 5 | 28);
  EXPECT_EQ(stamp.hundredths, 189);
  EXPECT_EQ(nanoseconds_of(stamp), kTime);
  for (i64 day = 3652; day < 50400; day += 13)
    EXPECT_EQ(nanoseconds_of(stamp_of(day * 86400 * 1'000'000'000)), day * 86400 * 1'000'000'000);
  EXPECT_EQ(stamp_of(0).date, 1 << 5 | 1);
  EXPECT_EQ(stamp_of(i64{9'000'000'000} * 1'000'000'000).date, 127 << 9 | 12 << 5 | 31);
  EXPECT_EQ(nanoseconds_of({0, 0, 0}), 0);
}

}  // namespace
}  // namespace pith::fat
