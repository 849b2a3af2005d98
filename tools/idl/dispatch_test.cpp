// Tests of the generated dispatch: a kernel of fakes behind the sample interface.
#include <gtest/gtest.h>

#include "abi/grammar.h"
#include "abi/handle.h"
#include "base/result.h"
#include "kernel/generated/results.h"

namespace pith {

struct Words {
  u64 w[6];
};

struct Thread {
  u32 rights = 0;  ///< what the last lookup asked for
  Error lookup_error = kSuccess;
};

struct System {
  static Result<u64> now(Thread&) { return u64{77}; }
};

struct Region {
  FrameNumber frame;
  ObjectType type{};
  CapabilitySlot slot;
  u64 argument = 0;

  Result<void> create(Thread&, FrameNumber new_frame, ObjectType new_type, CapabilitySlot new_slot, u64 new_argument) {
    frame = new_frame;
    type = new_type;
    slot = new_slot;
    argument = new_argument;
    return {};
  }
  Result<RegionInspectResult> inspect(Thread&, FrameNumber asked) {
    if (asked.raw == 0) return Error::BadFrame;
    return RegionInspectResult{7, FrameNumber(asked.raw + 1)};
  }
  Result<FrameNumber> find(Thread&, VirtualAddress address) { return FrameNumber(u32(address.raw >> 12)); }
};

struct Endpoint {
  Error call(Thread&, Badge badge, Handle, Words& words) { return answer(badge, words); }
  Error call_message(Thread&, Badge badge, Handle, Words& words) { return answer(badge, words); }
  Error reply_message(Thread&, Badge badge, Handle, Words& words) { return answer(badge, words); }
  Error receive(Thread&, Badge badge, Handle, Words& words) { return answer(badge, words); }
  Result<u64> set_aside(Thread&) { return u64{1}; }
  Result<void> reply_token(Thread&, u64, u64, u64, u64, u64, u64) { return {}; }

 private:
  Error answer(Badge badge, Words& words) {
    words.w[5] = badge.raw;
    return Error::Cancelled;
  }
};

struct Notification {
  u64 bits = 0;
  Badge badge;

  Result<void> signal(Thread&, Badge capability_badge, u64 new_bits) {
    badge = capability_badge;
    bits = new_bits;
    return {};
  }
};

template <class Object>
struct Badged {
  Object& object;
  Badge badge;
};

template <class Object>
Object& the_object() {
  static Object object;
  return object;
}

template <class Object>
Result<Object&> lookup(Thread& caller, CapabilitySlot, u32 rights) {
  caller.rights = rights;
  if (caller.lookup_error != kSuccess) return caller.lookup_error;
  return the_object<Object>();
}

template <class Object>
Result<Badged<Object>> lookup_badged(Thread& caller, CapabilitySlot slot, u32 rights) {
  auto object = lookup<Object>(caller, slot, rights);
  if (!object) return object.error();
  return Badged<Object>{*object, Badge(42)};
}

}  // namespace pith

#include "kernel/generated/dispatch.h"

namespace pith {
namespace {

static_assert(u32(Operation::SystemNow) == 31 * 32 + 2);
static_assert(u32(Operation::NotificationSignal) == 10 * 32);
static_assert(right::Region::Use == 1 && right::Region::Close == 2 && right::Notification::Signal == 8);
static_assert(kErrorLimit == 27 && u32(Error::BadMessage) == 26);
static_assert(object_type(Operation::RegionFind) == ObjectType::Region);
static_assert(grammar::kOperationCount == 11);
static_assert(grammar::kOperations[1].arguments[1].kind == grammar::WordKind::Type);
static_assert(grammar::kOperations[1].errors == (1 << 1 | 1 << 6 | 1 << 8));
static_assert(grammar::kOperations[4].kind == grammar::OperationKind::Fast);

constexpr CapabilitySlot kSlot{5};

Error enter(Thread& caller, Operation operation, Words& words) { return dispatch(caller, Handle::operation(u32(operation), kSlot), words); }

TEST(Dispatch, PassesArguments) {
  Thread caller;
  Words words{{1, 7, 3, u64{1} << 40, 0, 0}};
  EXPECT_EQ(enter(caller, Operation::RegionCreate, words), kSuccess);
  const Region& region = the_object<Region>();
  EXPECT_EQ(region.frame, FrameNumber(1));
  EXPECT_EQ(region.type, ObjectType::Thread);
  EXPECT_EQ(region.slot, CapabilitySlot(3));
  EXPECT_EQ(region.argument, u64{1} << 40);
  EXPECT_EQ(caller.rights, right::Region::Use);
}

TEST(Dispatch, RefusesWordsThatDoNotFit) {
  Thread caller;
  constexpr u64 kWide = u64{1} << 32;
  Words frame{{kWide, 0, 0}}, type{{0, kWide, 0}}, slot{{0, 0, kWide}};
  EXPECT_EQ(enter(caller, Operation::RegionCreate, frame), Error::BadFrame);
  EXPECT_EQ(enter(caller, Operation::RegionCreate, type), Error::BadArgument);
  EXPECT_EQ(enter(caller, Operation::RegionCreate, slot), Error::BadSlot);
}

TEST(Dispatch, ReturnsResults) {
  Thread caller;
  Words words{{9}};
  EXPECT_EQ(enter(caller, Operation::RegionInspect, words), kSuccess);
  EXPECT_EQ(words.w[0], 7u);
  EXPECT_EQ(words.w[1], 10u);
  EXPECT_EQ(caller.rights, right::Region::Close);
  words = {{0x5000}};
  EXPECT_EQ(enter(caller, Operation::RegionFind, words), kSuccess);
  EXPECT_EQ(words.w[0], 5u);
  EXPECT_EQ(enter(caller, Operation::SystemNow, words), kSuccess);
  EXPECT_EQ(words.w[0], 77u);
}

TEST(Dispatch, HandsErrorsOn) {
  Thread caller;
  Words words{{0}};
  EXPECT_EQ(enter(caller, Operation::RegionInspect, words), Error::BadFrame);
  caller.lookup_error = Error::Stale;
  EXPECT_EQ(enter(caller, Operation::RegionInspect, words), Error::Stale);
  EXPECT_EQ(enter(caller, Operation::NotificationSignal, words), Error::Stale);
}

TEST(Dispatch, GivesBadges) {
  Thread caller;
  Words words{{6}};
  EXPECT_EQ(enter(caller, Operation::NotificationSignal, words), kSuccess);
  EXPECT_EQ(the_object<Notification>().bits, 6u);
  EXPECT_EQ(the_object<Notification>().badge, Badge(42));
  EXPECT_EQ(enter(caller, Operation::EndpointCallMessage, words), Error::Cancelled);
  EXPECT_EQ(words.w[5], 42u);
}

TEST(Dispatch, KnowsOnlyWhatExists) {
  Thread caller;
  Words words{};
  for (u32 code = 0; code < 1024; ++code) {
    bool is_known = false;
    for (const grammar::OperationEntry& entry : grammar::kOperations) is_known |= u32(entry.operation) == code;
    Error error = dispatch(caller, Handle::operation(code, kSlot), words);
    EXPECT_EQ(error == Error::NotSupported, !is_known) << operation_name(code);
    EXPECT_EQ(std::string(operation_name(code)) == "unknown", !is_known);
  }
}

TEST(Errors, HaveNamesAndTexts) {
  EXPECT_STREQ(error_name(Error::BadFrame), "BadFrame");
  EXPECT_STREQ(error_text(Error::MissingRight), "A right is \"missing\".");
  EXPECT_STREQ(error_name(kSuccess), "Success");
  EXPECT_STREQ(error_name(Error(7)), "Unknown");
}

}  // namespace
}  // namespace pith
