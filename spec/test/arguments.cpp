// Which slots, frames and numbers random operations name.
#include "spec/test/arguments.h"

#include "kernel/arch/host/hardware.h"
#include "kernel/object/capability_space.h"

namespace pith::spec::test {

using host::hardware;

namespace {

constexpr u64 kPages[] = {0, 0x1000, 0x2000, 0x3000, 0x200000, 0x201000, 0x400000, 0x8000000000};
constexpr u64 kBlocks[] = {0, 0x200000, 0x400000, 0x600000, 0x800000, 0x40000000, 0x40200000, 0x8000000000};

/// Operations that a server does with the endpoint that it serves.
bool is_servers(Operation operation) {
  return operation == Operation::EndpointReplyReceive || operation == Operation::EndpointReplyMessage ||
         operation == Operation::EndpointReceive || operation == Operation::EndpointSetAside || operation == Operation::EndpointReplyToken;
}

}  // namespace

FrameNumber Arguments::frame(ObjectType type) {
  u32 start = u32(source_.below(around_.count));
  for (u32 i = 0; i < around_.count; i++) {
    FrameNumber found(around_.first + (start + i) % around_.count);
    if (info(found).type == type && info(found).owner == around_.region) return found;
  }
  return FrameNumber();
}

/// A slot with a live capability of this type, mostly.
CapabilitySlot Arguments::slot(ObjectType type) {
  u32 start = u32(source_.below(Surroundings::kSlots));
  if (source_.one_in(30)) return CapabilitySlot(start);
  for (u32 i = 0; i < Surroundings::kSlots; i++) {
    u32 number = (start + i) % Surroundings::kSlots;
    const pith::Capability& capability = view<pith::CapabilityTable>(around_.table).slot[number];
    if (capability.is_live() && capability.type() == type) return CapabilitySlot(number);
  }
  return CapabilitySlot(start);
}

CapabilitySlot Arguments::slot_naming(FrameNumber wanted) {
  for (u32 i = 1; i < Surroundings::kSlots; i++) {
    const pith::Capability& capability = view<pith::CapabilityTable>(around_.table).slot[i];
    if (capability.is_live() && capability.frame == wanted) return CapabilitySlot(i);
  }
  return kNoSlot;
}

u32 Arguments::operation(const pith::Thread& thread) {
  u32 index = u32(source_.below(grammar::kOperationCount));
  Operation chosen = grammar::kOperations[index].operation;
  if (is_servers(chosen) && thread.endpoint.raw == 0 && !source_.one_in(6)) chosen = Operation::EndpointBind;
  // A server that handles a call answers it sooner or later; one that does not takes the next.
  if (thread.client.raw != 0 && source_.one_in(8))
    chosen = source_.one_in(2) ? Operation::EndpointReplyReceive : Operation::EndpointSetAside;
  if (thread.client.raw == 0 && thread.endpoint.raw != 0 && source_.one_in(8)) chosen = Operation::EndpointReceive;
  for (u32 i = 0; i < grammar::kOperationCount; i++) {
    if (grammar::kOperations[i].operation == chosen) return i;
  }
  return index;
}

CapabilitySlot Arguments::object(const grammar::OperationEntry& entry, const pith::Thread& thread) {
  if (is_servers(entry.operation) && thread.endpoint.raw != 0 && !source_.one_in(8)) {
    CapabilitySlot found = slot_naming(thread.endpoint);
    if (found != kNoSlot) return found;
  }
  return slot(ObjectType(entry.object));
}

Words Arguments::words(const grammar::OperationEntry& entry, const pith::Thread& thread) {
  Words result{};
  for (u32 i = 0; i < 6; i++) result.w[i] = i < entry.argument_count ? word(entry, entry.arguments[i], thread) : number();
  return result;
}

u64 Arguments::word(const grammar::OperationEntry& entry, const grammar::Word& described, const pith::Thread& thread) {
  if (source_.one_in(60)) return source_.next();
  std::string name = described.name;
  bool is_share = entry.operation == Operation::AddressSpaceLinkShare || entry.operation == Operation::AddressSpaceUnlinkShare;
  switch (described.kind) {
    case grammar::WordKind::Frame:
      return some_frame(entry.operation, name);
    case grammar::WordKind::Slot:
      if (name == "thread" && source_.one_in(2)) return slot_naming(thread.self).raw;
      return named_slot(name);
    case grammar::WordKind::Address:
      return is_share || entry.operation == Operation::AddressSpaceLinkTable ? source_.one_of(kBlocks) : source_.one_of(kPages);
    case grammar::WordKind::Type:
      return source_.below(18);
    case grammar::WordKind::U64:
      return named_number(entry.operation, name);
  }
  return 0;
}

u64 Arguments::named_slot(const std::string& name) {
  if (source_.one_in(8)) return source_.one_in(8) ? source_.below(1024) : source_.below(Surroundings::kSlots);
  if (name == "thread") return slot(ObjectType::Thread).raw;
  if (name == "region" || name == "child") return slot(ObjectType::Region).raw;
  if (name == "share") return slot(ObjectType::Share).raw;
  if (name == "table") return slot(ObjectType::CapabilityTable).raw;
  if (name == "space") return slot(ObjectType::AddressSpace).raw;
  if (name == "capabilities") return slot(ObjectType::CapabilitySpace).raw;
  if (name == "fault") return slot(ObjectType::Endpoint).raw;
  if (name == "notification") return slot(ObjectType::Notification).raw;
  if (name == "state") return slot(ObjectType::VectorState).raw;
  if (name == "source") return 1 + source_.below(60);
  return source_.below(Surroundings::kSlots);
}

u64 Arguments::some_frame(Operation operation, const std::string& name) {
  if (source_.one_in(25)) return source_.below(frame_count + 5);
  if (operation == Operation::RegionInspect || operation == Operation::RegionReclaim) return around_.first + source_.below(around_.count);
  if (operation == Operation::RegionDestroy || operation == Operation::RegionRenew) {
    FrameNumber found = frame(ObjectType(1 + source_.below(15)));
    return found.raw != 0 ? found.raw : around_.first;
  }
  if (name == "second") return frame(ObjectType::PageTable).raw;
  if (name == "table") return frame(ObjectType::PageTable).raw;
  bool is_new = name == "first" || operation == Operation::RegionCreate || operation == Operation::PlatformCreateInterrupt ||
                operation == Operation::PlatformCreateIoPorts || operation == Operation::PlatformCreateDeviceShare;
  return frame(is_new ? ObjectType::Untyped : ObjectType::Data).raw;
}

u64 Arguments::named_number(Operation operation, const std::string& name) {
  constexpr u64 accesses[] = {1, 3, 5, 3, 1, 3, 7, 0, u64{1} << 32 | 3};
  constexpr u64 budgets[] = {10'000, 500'000, 1'000'000, 1'000'000, 9'999};
  constexpr u64 periods[] = {1'000'000, 3'000'000, 70'000'000'000, 1'000'000};
  constexpr u64 widths[] = {1, 2, 4, 4, 3};
  if (name == "token" && !tokens_.empty() && !source_.one_in(6))
    return tokens_[tokens_.size() - 1 - source_.below(tokens_.size() < 3 ? tokens_.size() : 3)];
  if (name == "access") return source_.one_of(accesses);
  if (name == "priority") return source_.one_in(20) ? 70 : source_.below(16);
  if (name == "budget") return source_.one_of(budgets);
  if (name == "period") return source_.one_of(periods);
  if (name == "cpu") return source_.one_in(20) ? 1 : 0;
  if (name == "width") return source_.one_of(widths);
  if (name == "offset") return source_.below(10);
  if (name == "line") return source_.one_in(3) ? kFirstMessageLine - 1 + source_.below(kMessageLines + 2) : source_.below(host::kLines + 2);
  if (name == "pages") return source_.below(70);
  if (name == "count" && operation != Operation::PlatformCreateIoPorts) return source_.below(source_.one_in(10) ? 70 : 14);
  if (name == "rights") return source_.one_in(3) ? source_.below(300) : 255;
  if (name == "badge" || name == "fault_badge") return source_.one_in(2) ? 0 : source_.below(100);
  if (name == "index") return source_.one_in(10) ? number() : source_.below(8);
  if (name == "first" && operation == Operation::PlatformCreateDeviceShare) return (1 << 20) + source_.below(16) * kPageSize;
  if (name == "argument") return source_.one_in(6) ? frame(ObjectType::PageTable).raw : source_.below(5);
  return number();
}

u64 Arguments::number() {
  switch (source_.below(8)) {
    case 0:
      return hardware.now + source_.below(5'000'000);
    case 1:
      return ~u64{0} >> source_.below(64);
    case 2:
      return 1'000'000;
    case 3:
      return source_.below(frame_count);
    case 4:
      return 20 + source_.below(60);
    default:
      return source_.below(6);
  }
}

}  // namespace pith::spec::test
