// The table of calls: complete, in order, and the same numbers as the machine's own list.
#include <set>

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "personality/linux/calls/table.h"
#include "personality/linux/errors.h"

namespace pith::personality {
namespace {

const Call* find(std::string_view name) {
  for (const Call& call : calls())
    if (name == call.name) return &call;
  return nullptr;
}

TEST(TableTest, EachNumberOnceInOrder) {
  int last = -1;
  std::set<std::string_view> names;
  for (const Call& call : calls()) {
    EXPECT_GT(int(call.number), last) << call.name;
    last = call.number;
    EXPECT_TRUE(names.insert(call.name).second) << call.name;
    EXPECT_LT(call.number, kCallNumbers);
  }
}

TEST(TableTest, SupportAndHandlerAgree) {
  for (const Call& call : calls()) {
    EXPECT_EQ(call.support == Support::Missing, call.entry == nullptr) << call.name;
    EXPECT_EQ(kCallEntries[call.number], call.entry) << call.name;
    if (call.support != Support::Done) EXPECT_NE(std::string_view(call.note), "") << call.name << " must say what is missing or why";
  }
}

TEST(TableTest, NumbersAreLinuxs) {
  EXPECT_EQ(find("read")->number, SYS_read);
  EXPECT_EQ(find("rt_sigreturn")->number, SYS_rt_sigreturn);
  EXPECT_EQ(find("clone")->number, SYS_clone);
  EXPECT_EQ(find("openat")->number, SYS_openat);
  EXPECT_EQ(find("futex")->number, SYS_futex);
  EXPECT_EQ(find("getdents64")->number, SYS_getdents64);
  EXPECT_EQ(find("prlimit64")->number, SYS_prlimit64);
  EXPECT_EQ(find("statx")->number, SYS_statx);
  EXPECT_EQ(find("faccessat2")->number, SYS_faccessat2);
  EXPECT_EQ(find("openat")->generic_number, 56);
  EXPECT_EQ(find("open")->generic_number, -1);
  EXPECT_STREQ(find("read")->arguments, "i32, pointer, u64");
}

TEST(TableTest, ErrorsMapToErrno) {
  EXPECT_EQ(errno_of(LinuxError::NoEntry), 2u);
  EXPECT_EQ(errno_of(LinuxError::Restart), 4u);
  EXPECT_EQ(errno_of(Error::NoMemory), 12u);
  for (u32 number = 1; number < 64; number++) EXPECT_LT(errno_of(Error(number)), 200u);
}

}  // namespace
}  // namespace pith::personality
