// Hurts an instance: finds a place, shows its page in the copy window, writes.
#include "servers/root/injection.h"

#include <cstring>

#include "abi/kernel.h"
#include "abi/vault.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr u32 kDraws = 256;  // of pages, until one has been written to
constexpr u8 kNoOperation = 0x90, kJumpToItself[] = {0xeb, 0xfe};

u8* window() { return reinterpret_cast<u8*>(kCopyWindow); }

bool is_untouched() {
  for (u64 i = 0; i < kPageSize / sizeof(u64); i++) {
    if (reinterpret_cast<const u64*>(kCopyWindow)[i] != 0) return false;
  }
  return true;
}

}  // namespace

Result<protocols::RootInjectResult> Injection::run(Fault fault, u64 moments) {
  if (!component_.running_) return Error::BadState;
  Moment at = moment();
  if ((moments >> u64(at) & 1) == 0) return Error::Again;
  Answer answer{u64(at), component_.instance_, 0, 0, 0};
  switch (fault) {
    case Fault::None:
      break;
    case Fault::Kill:
      TRY(component_.stop());
      break;
    case Fault::Hang:
      TRY(hang());
      break;
    case Fault::BitFlip:
      TRY(flip_bit(answer));
      break;
    case Fault::Instruction:
      TRY(change_instruction(answer));
      break;
    case Fault::Garbage:
      TRY(fill_page(answer));
      break;
    default:
      return Error::BadArgument;
  }
  return answer;
}

Moment Injection::moment() const {
  auto status = kernel::Thread{component_.thread()}.status();
  bool is_called = status && status->client.raw != 0;
  vault::UndoLog log;
  if (!component_.read_memory(vault::kLogAddress, sizeof log, reinterpret_cast<u8*>(&log)))
    return is_called ? Moment::Inside : Moment::Idle;
  vault::Phase phase = log.progress.phase();
  if (phase == vault::Phase::InEvent) return Moment::Inside;
  if (phase == vault::Phase::Committed && is_called) return Moment::Committed;
  return is_called ? Moment::Called : Moment::Idle;
}

/// The address of page number `which` of the instance's own memory with that access; 0 behind the last.
u64 Injection::page(Access access, u64 which) const {
  const image::Component& description = *component_.description_;
  auto find_in = [&](u64 address, u64 pages) {
    u64 found = which < pages ? address + which * kPageSize : 0;
    which -= pages;
    return found;
  };
  for (u32 i = 0; i < description.segment_count; i++) {
    const image::Segment& segment = description.segments[i];
    if (Access(segment.access) != access) continue;
    if (u64 found = find_in(segment.address, segment.memory_pages)) return found;
  }
  if (access != Access::ReadWrite) return 0;
  if (u64 found = find_in(kHeapAddress, description.heap_pages)) return found;
  return find_in(kStackTop - description.stack_pages * kPageSize, description.stack_pages);
}

/// Shows one that is not all zero in the window. Errors: NotFound.
Result<u64> Injection::open_used_page(Access access) {
  u64 pages = 0;
  while (page(access, pages) != 0) pages++;
  for (u32 draw = 0; pages != 0 && draw < kDraws; draw++) {
    u64 address = page(access, random_.below(pages));
    if (!component_.show_page(address)) continue;
    if (!is_untouched()) return address;
    component_.close_window(1);
  }
  return Error::NotFound;
}

Result<void> Injection::hang() {
  for (u64 which = 0; u64 address = page(Access::ReadExecute, which); which++) {
    TRY(component_.show_page(address));
    memset(window(), kNoOperation, kPageSize);
    memcpy(window() + kPageSize - sizeof kJumpToItself, kJumpToItself, sizeof kJumpToItself);
    component_.close_window(1);
  }
  return {};
}

Result<void> Injection::flip_bit(Answer& answer) {
  u64 offset = random_.below(kPageSize);
  answer.address = TRY(open_used_page(Access::ReadWrite)) + offset;
  answer.before = window()[offset];
  window()[offset] ^= u8(1 << random_.below(8));
  answer.after = window()[offset];
  component_.close_window(1);
  return {};
}

Result<void> Injection::change_instruction(Answer& answer) {
  u64 offset = random_.below(kPageSize);
  answer.address = TRY(open_used_page(Access::ReadExecute)) + offset;
  answer.before = window()[offset];
  answer.after = window()[offset] ^= u8(1 + random_.below(255));
  component_.close_window(1);
  return {};
}

Result<void> Injection::fill_page(Answer& answer) {
  answer.address = TRY(open_used_page(random_.below(2) ? Access::ReadWrite : Access::ReadExecute));
  for (u64 i = 0; i < kPageSize; i++) window()[i] = u8(random_.below(256));
  component_.close_window(1);
  return {};
}

}  // namespace pith::root
