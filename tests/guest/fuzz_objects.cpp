// Every documented outcome, on purpose: regions, spaces, capabilities, shares, devices.
#include "tests/guest/fuzz.h"

namespace pith::fuzz {

namespace {

using enum Operation;

u64 word(CapabilitySlot slot) { return slot.raw; }
u64 word(FrameNumber frame) { return frame.raw; }
u64 word(ObjectType type) { return u64(type); }
CapabilitySlot good(ObjectType type) { return round.good.slot[u32(type)]; }
CapabilitySlot closed(ObjectType type) { return round.closed.slot[u32(type)]; }

constexpr u64 kBeyond = u64{1} << 47;  // not an address of user code
constexpr u64 kElsewhere = kSetBase + (u64{1} << 40);  // no tables there
constexpr u64 kSecondLeaf = kSetBase + (u64{2} << 20);
constexpr u64 kHuge = u64{1} << 63;

/// The ways in which argument `index`, a capability to an object of `type`, can be wrong.
void refuse_argument(Operation operation, CapabilitySlot slot, Words words, u32 index, ObjectType type) {
  auto with = [&](CapabilitySlot bad) {
    Words changed = words;
    changed.w[index] = word(bad);
    return changed;
  };
  CapabilitySlot other = good(type == ObjectType::Endpoint ? ObjectType::Notification : ObjectType::Endpoint);
  want(Error::BadSlot, operation, slot, with(HostileSlot::Unlinked));
  want(Error::EmptySlot, operation, slot, with(HostileSlot::Empty));
  want(Error::Stale, operation, slot, with(round.stale[u32(type)]));
  want(Error::WrongType, operation, slot, with(other));
  want(Error::MissingRight, operation, slot, with(round.weak[u32(type)]));
}

void regions() {
  CapabilitySlot region = round.region;
  CapabilitySlot slot = new_slot();
  FrameNumber frame = new_frames();
  auto create = [&](Error error, FrameNumber where, ObjectType type, CapabilitySlot to, u64 argument = 0, FrameNumber second = {}) {
    want(error, RegionCreate, region, {{word(where), word(type), word(to), argument, word(second)}});
  };
  create(Error::BadSlot, frame, ObjectType::Endpoint, HostileSlot::Unlinked);
  create(Error::Occupied, frame, ObjectType::Endpoint, good(ObjectType::Thread));
  create(Error::BadFrame, shared.foreign_frame, ObjectType::Endpoint, slot);
  create(Error::BadFrame, FrameNumber(), ObjectType::Data, slot);
  create(Error::FrameInUse, round.good.data, ObjectType::Endpoint, slot);
  create(Error::BadArgument, frame, ObjectType::Platform, slot);
  create(Error::BadArgument, frame, ObjectType::PageTable, slot, 4);
  create(Error::Limit, frame, ObjectType::Thread, slot, kCeiling + 1);
  create(Error::Closing, round.closed.raw, ObjectType::Data, slot);
  create(Error::BadArgument, frame, ObjectType::AddressSpace, slot, 0, frame);

  // Regions nest eight deep; this one is the second below root's.
  CapabilitySlot above = region;
  FrameNumber next = new_frames(8);
  for (u32 left = 7; left > 0; left--) {
    CapabilitySlot below = new_slot();
    Outcome made = perform(RegionCreate, above, {{word(next), word(ObjectType::Region), word(below), 0}});
    if (made.error == Error::TooDeep) break;
    next.raw++;
    ok(RegionGive, above, {{word(below), word(next), left}});
    above = below;
  }

  CapabilitySlot child = make(region, ObjectType::Region, 0);
  refuse_argument(RegionGive, region, {{0, word(frame), 1}}, 0, ObjectType::Region);
  want(Error::BadFrame, RegionGive, region, {{word(child), word(shared.foreign_frame), 1}});
  want(Error::FrameInUse, RegionGive, region, {{word(child), word(round.good.data), 1}});
  want(Error::BadArgument, RegionGive, region, {{word(child), word(frame), 17}});
  want(Error::BadArgument, RegionGive, region, {{word(region), word(frame), 1}});
  want(Error::Closing, RegionGive, region, {{word(round.closed_region), word(frame), 1}});
  ok(RegionShareTime, region, {{word(child), 1000}});
  FrameNumber inside = new_frames(1);
  ok(RegionGive, region, {{word(child), word(inside), 1}});
  CapabilitySlot inner = new_slot();
  ok(RegionCreate, child, {{word(inside), word(ObjectType::Region), word(inner), 0}});
  want(Error::Limit, RegionShareTime, child, {{word(inner), 2000}});
  ok(RegionShareTime, child, {{word(inner), 500}});
  want(Error::Busy, RegionShareTime, region, {{word(child), 100}});
  want(Error::BadArgument, RegionShareTime, region, {{word(child), ~u64{0}}});
  want(Error::BadArgument, RegionShareTime, region, {{word(region), 1}});
  refuse_argument(RegionShareTime, region, {{0, 1}}, 0, ObjectType::Region);
  want(Error::Closing, RegionClose, round.closed_region);
  want(Error::BadFrame, RegionReclaim, region, {{0, 1}});
  want(Error::BadFrame, RegionReclaim, region, {{0xffffffff, 1}});
  want(Error::BadArgument, RegionReclaim, region, {{word(frame), 65}});

  want(Error::BadFrame, RegionDestroy, region, {{word(shared.foreign_frame)}});
  want(Error::FrameInUse, RegionDestroy, region, {{word(frame)}});
  FrameNumber holder = round.good.frame[u32(ObjectType::Region)];
  ok(RegionGive, region, {{word(good(ObjectType::Region)), word(frame), 1}});
  want(Error::Busy, RegionDestroy, region, {{word(holder)}});
  FrameNumber table = make_frame(region, ObjectType::PageTable);
  want(Error::Again, RegionDestroy, region, {{word(table)}});
  ok(RegionDestroy, region, {{word(make_frame(region, ObjectType::Data))}});

  want(Error::BadSlot, RegionRenew, region, {{word(holder), word(HostileSlot::Unlinked)}});
  want(Error::Occupied, RegionRenew, region, {{word(holder), word(good(ObjectType::Thread))}});
  want(Error::BadFrame, RegionRenew, region, {{word(shared.foreign_frame), word(slot)}});
  want(Error::WrongType, RegionRenew, region, {{word(round.good.data), word(slot)}});
  want(Error::Closing, RegionRenew, region, {{word(round.closed.frame[u32(ObjectType::Endpoint)]), word(slot)}});
  want(Error::BadFrame, RegionInspect, region, {{word(shared.foreign_frame)}});
  ok(RegionStatus, region);
}

void address_spaces() {
  CapabilitySlot region = round.region, space = good(ObjectType::AddressSpace);
  FrameNumber leaf = make_frame(region, ObjectType::PageTable), data = round.good.data;
  FrameNumber top_linked = round.good.frame[u32(ObjectType::AddressSpace)];
  auto link = [&](Error error, u64 address, FrameNumber table) { want(error, AddressSpaceLinkTable, space, {{address, word(table)}}); };
  link(Error::BadAddress, kSetBase + 4096, leaf);
  link(Error::BadAddress, kBeyond, leaf);
  link(Error::BadFrame, kSecondLeaf, shared.foreign_frame);
  link(Error::WrongType, kSecondLeaf, data);
  link(Error::NoTable, kElsewhere, leaf);
  link(Error::Occupied, kSetBase, leaf);
  link(Error::BadArgument, kSecondLeaf, FrameNumber(top_linked.raw + 1));  // the space's own top-level table
  want(Error::Closing, AddressSpaceLinkTable, closed(ObjectType::AddressSpace), {{kSecondLeaf, word(round.closed.table)}});
  link(kSuccess, kSecondLeaf, leaf);
  link(Error::FrameInUse, kSecondLeaf + (u64{2} << 20), leaf);

  auto map = [&](Error error, u64 address, FrameNumber frame, u64 access) {
    want(error, AddressSpaceMap, space, {{word(region), address, word(frame), access}});
  };
  refuse_argument(AddressSpaceMap, space, {{0, kSetBase, word(data), 3}}, 0, ObjectType::Region);
  map(Error::BadAddress, kSetBase + 1, data, 3);
  map(Error::BadFrame, kSetBase, shared.foreign_frame, 3);
  map(Error::NoTable, kElsewhere, data, 3);
  map(Error::BadArgument, kSetBase, data, 7);
  map(kSuccess, kSetBase, data, 3);
  map(Error::Occupied, kSetBase, data, 3);
  want(Error::Busy, RegionDestroy, region, {{word(data)}});
  want(Error::Closing, AddressSpaceMap, closed(ObjectType::AddressSpace), {{word(round.closed_region), kSetBase, word(round.closed.data), 3}});
  want(Error::BadAddress, AddressSpaceQuery, space, {{kBeyond}});
  want(Error::NoTable, AddressSpaceQuery, space, {{kElsewhere}});
  want(Error::NotMapped, AddressSpaceQuery, space, {{kSetBase + 4096}});
  Outcome found = ok(AddressSpaceQuery, space, {{kSetBase}});
  if (found.words.w[0] != word(data) || found.words.w[1] != 3) mistake(AddressSpaceQuery, kSuccess, Error::BadFrame, "another answer");

  refuse_argument(AddressSpaceProtect, space, {{0, kSetBase, 1}}, 0, ObjectType::Region);
  want(Error::BadAddress, AddressSpaceProtect, space, {{word(region), kSetBase + 1, 1}});
  want(Error::NoTable, AddressSpaceProtect, space, {{word(region), kElsewhere, 1}});
  want(Error::NotMapped, AddressSpaceProtect, space, {{word(region), kSetBase + 4096, 1}});
  want(Error::BadArgument, AddressSpaceProtect, space, {{word(region), kSetBase, 2}});
  ok(AddressSpaceProtect, space, {{word(region), kSetBase, 1}});
  refuse_argument(AddressSpaceUnmap, space, {{0, kSetBase}}, 0, ObjectType::Region);
  want(Error::BadAddress, AddressSpaceUnmap, space, {{word(region), kSetBase + 1}});
  want(Error::NoTable, AddressSpaceUnmap, space, {{word(region), kElsewhere}});
  want(Error::NotMapped, AddressSpaceUnmap, space, {{word(region), kSetBase + 4096}});
  ok(AddressSpaceUnmap, space, {{word(region), kSetBase}});
  ok(AddressSpaceFlush, space);
}

void shares() {
  CapabilitySlot space = good(ObjectType::AddressSpace), share = good(ObjectType::Share);
  constexpr u64 kShareAddress = kSetBase + (u64{8} << 20);
  FrameNumber data = round.good.data;
  CapabilitySlot device = new_slot();
  constexpr u64 kDeviceMemory = 0xfed40000;  // a timer that nothing here touches
  ok(PlatformCreateDeviceShare, HostileSlot::Platform, {{word(round.region), word(new_frames()), kDeviceMemory, 1, word(device)}});

  want(Error::BadArgument, ShareMap, share, {{512, word(data), 3}});
  want(Error::BadArgument, ShareMap, share, {{0, word(data), 5}});
  want(Error::BadFrame, ShareMap, share, {{0, word(shared.foreign_frame), 3}});
  want(Error::Busy, ShareMap, device, {{0, word(data), 3}});
  want(Error::Closing, ShareMap, closed(ObjectType::Share), {{0, word(round.closed.data), 3}});
  ok(ShareMap, share, {{7, word(data), 3}});
  want(Error::Occupied, ShareMap, share, {{7, word(data), 3}});

  refuse_argument(AddressSpaceLinkShare, space, {{kShareAddress, 0}}, 1, ObjectType::Share);
  want(Error::BadAddress, AddressSpaceLinkShare, space, {{kShareAddress + 4096, word(share)}});
  want(Error::NoTable, AddressSpaceLinkShare, space, {{kElsewhere, word(share)}});
  want(Error::Occupied, AddressSpaceLinkShare, space, {{kSetBase, word(share)}});
  want(Error::Closing, AddressSpaceLinkShare, space, {{kShareAddress, word(closed(ObjectType::Share))}});
  want(Error::NotMapped, ShareRevoke, share);
  ok(AddressSpaceLinkShare, space, {{kShareAddress, word(share)}});
  want(Error::FrameInUse, AddressSpaceLinkShare, space, {{kShareAddress + (u64{2} << 20), word(share)}});
  want(Error::BadAddress, AddressSpaceUnlinkShare, space, {{kShareAddress + 4096}});
  want(Error::NoTable, AddressSpaceUnlinkShare, space, {{kElsewhere}});
  want(Error::NotMapped, AddressSpaceUnlinkShare, space, {{kShareAddress + (u64{2} << 20)}});
  want(Error::WrongType, AddressSpaceUnlinkShare, space, {{kSetBase}});
  ok(AddressSpaceUnlinkShare, space, {{kShareAddress}});
  ok(AddressSpaceLinkShare, space, {{kShareAddress, word(share)}});
  ok(ShareRevoke, share);
  ok(AddressSpaceLinkShare, space, {{kShareAddress, word(share)}});

  want(Error::BadArgument, ShareUnmap, share, {{512}});
  want(Error::NotMapped, ShareUnmap, share, {{8}});
  want(Error::Busy, ShareUnmap, device, {{0}});
  ok(ShareUnmap, share, {{7}});
}

void capability_spaces() {
  CapabilitySlot space = good(ObjectType::CapabilitySpace), table = good(ObjectType::CapabilityTable);
  CapabilitySlot own = HostileSlot::CapabilitySpace, slot = new_slot(), second = make(round.region, ObjectType::CapabilityTable);
  refuse_argument(CapabilitySpaceLink, space, {{0, 0}}, 1, ObjectType::CapabilityTable);
  want(Error::BadArgument, CapabilitySpaceLink, space, {{512, word(table)}});
  want(Error::Closing, CapabilitySpaceLink, space, {{0, word(closed(ObjectType::CapabilityTable))}});
  ok(CapabilitySpaceLink, space, {{0, word(table)}});
  want(Error::Occupied, CapabilitySpaceLink, space, {{0, word(second)}});
  want(Error::FrameInUse, CapabilitySpaceLink, space, {{1, word(table)}});

  CapabilitySlot endpoint = good(ObjectType::Endpoint);
  auto install = [&](Error error, CapabilitySlot to, CapabilitySlot from, u64 rights, u64 badge) {
    want(error, CapabilitySpaceInstall, own, {{word(to), word(from), rights, badge}});
  };
  install(Error::BadSlot, slot, HostileSlot::Unlinked, 255, 0);
  install(Error::EmptySlot, slot, HostileSlot::Empty, 255, 0);
  install(Error::Stale, slot, round.stale[u32(ObjectType::Endpoint)], 255, 0);
  install(Error::BadSlot, HostileSlot::Unlinked, endpoint, 255, 0);
  install(Error::Occupied, good(ObjectType::Thread), endpoint, 255, 0);
  install(Error::BadArgument, slot, endpoint, 256, 0);
  install(Error::BadArgument, slot, endpoint, 255, u64{1} << 32);
  install(Error::MissingRight, slot, round.weak[u32(ObjectType::Endpoint)], 255, 5);
  install(kSuccess, slot, endpoint, 255, 5);
  Outcome seen = ok(CapabilitySpaceInspect, own, {{word(slot)}});
  if (seen.words.w[2] != 5 || seen.words.w[3] != 1) mistake(CapabilitySpaceInspect, kSuccess, Error::Stale, "another answer");
  want(Error::BadSlot, CapabilitySpaceInspect, own, {{word(HostileSlot::Unlinked)}});
  want(Error::EmptySlot, CapabilitySpaceInspect, own, {{word(HostileSlot::Empty)}});
  want(Error::BadSlot, CapabilitySpaceRemove, own, {{word(HostileSlot::Unlinked)}});
  ok(CapabilitySpaceRemove, own, {{word(slot)}});
}

void platform() {
  CapabilitySlot all = HostileSlot::Platform, region = round.region, slot = new_slot();
  FrameNumber frame = new_frames();
  struct Device {
    Operation operation;
    u32 slot_at;
    u64 first, count, bad;
  };
  // The word after the frame, and the one after that where it is not the slot; `bad` is a word in its place that is out of range.
  for (const Device& device : {Device{PlatformCreateInterrupt, 3, 23, 0, 1000}, Device{PlatformCreateIoPorts, 4, 0x80, 4, 0x10000},
                               Device{PlatformCreateDeviceShare, 4, 0xfed40000, 1, 0xfed40001}}) {
    Words words{{word(region), word(frame), device.first, device.count, 0}};
    words.w[device.slot_at] = word(slot);
    auto with = [&](u32 index, u64 value) {
      Words changed = words;
      changed.w[index] = value;
      return changed;
    };
    refuse_argument(device.operation, all, words, 0, ObjectType::Region);
    want(Error::BadSlot, device.operation, all, with(device.slot_at, word(HostileSlot::Unlinked)));
    want(Error::Occupied, device.operation, all, with(device.slot_at, word(good(ObjectType::Thread))));
    want(Error::BadFrame, device.operation, all, with(1, word(shared.foreign_frame)));
    want(Error::FrameInUse, device.operation, all, with(1, word(round.good.data)));
    want(Error::BadArgument, device.operation, all, with(2, device.bad));
    Words in_closed = with(1, word(round.closed.raw));
    in_closed.w[0] = word(round.closed_region);
    want(Error::Closing, device.operation, all, in_closed);
  }
  FrameNumber taken = new_frames();
  ok(PlatformCreateInterrupt, all, {{word(region), word(taken), 22, word(slot)}});
  want(Error::Busy, PlatformCreateInterrupt, all, {{word(region), word(frame), 22, word(new_slot())}});
  ok(PlatformWriteDiagnostic, all, {{0}});
  want(Error::BadArgument, PlatformPower, all, {{2}});
  ok(PlatformMeasure, all);

  CapabilitySlot interrupt = good(ObjectType::Interrupt), notification = good(ObjectType::Notification);
  want(Error::NotConfigured, InterruptAcknowledge, interrupt);
  refuse_argument(InterruptBind, interrupt, {{0, 1}}, 0, ObjectType::Notification);
  want(Error::BadArgument, InterruptBind, interrupt, {{word(notification), 0}});
  want(Error::Closing, InterruptBind, closed(ObjectType::Interrupt), {{word(notification), 1}});
  ok(InterruptBind, interrupt, {{word(notification), u64{1} << 40}});
  ok(InterruptAcknowledge, interrupt);
  ok(InterruptRoute, interrupt, {{0}});
  want(Error::BadArgument, InterruptRoute, interrupt, {{64}});
  CapabilitySlot ports = good(ObjectType::IoPorts);
  want(Error::BadArgument, IoPortsRead, ports, {{4, 1}});
  want(Error::BadArgument, IoPortsRead, ports, {{0, 3}});
  want(Error::BadArgument, IoPortsWrite, ports, {{3, 2, 0}});
  ok(IoPortsRead, ports, {{0, 1}});
  ok(IoPortsWrite, ports, {{0, 1, 0}});
}

}  // namespace

void directed_objects() {
  regions();
  address_spaces();
  shares();
  capability_spaces();
  platform();
}

}  // namespace pith::fuzz
