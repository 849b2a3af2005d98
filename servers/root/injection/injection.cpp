// Hurts an instance: finds a place, shows its page in the copy window, writes.
#include "servers/root/injection/injection.h"

#include "abi/kernel.h"
#include "abi/vault.h"
#include "servers/root/injection/endless_code.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr u32 kDraws = 256;  // of pages, until one has been written to
/// Of how many faults one hurts any page; of how many of the others one hurts data, or the program where the thread rests.
constexpr u64 kUnaimed = 4, kData = 4, kAtRest = 4;
/// Bytes of stack above the place where a thread rests, and below it.
constexpr u64 kFramesOfRest = 512, kFramesOfEvent = 384;
constexpr u64 kNear = 32;  // bytes of program

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
    return component_.is_resting() ? Moment::Idle : Moment::Inside;
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
  for (const image::Segment& segment : component_.segments()) {
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

/// Of such a page.
Result<u64> Injection::any_byte(Access access) {
  u64 address = TRY(open_used_page(access)) + random_.below(kPageSize);
  component_.close_window(1);
  return address;
}

/// The address of one of the words in a part of its memory that are wanted, each as likely as the others; 0: there is none.
template <class IsWanted>
u64 Injection::choose_word(u64 start, u64 end, IsWanted is_wanted) {
  u64 chosen = 0, seen = 0;
  for (u64 address = start & ~(kPageSize - 1); address < end; address += kPageSize) {
    if (!component_.show_page(address)) continue;
    for (u64 offset = 0; offset < kPageSize; offset += sizeof(u64)) {
      u64 word = *reinterpret_cast<const u64*>(kCopyWindow + offset);
      if (address + offset >= start && address + offset < end && is_wanted(word) && random_.below(++seen) == 0) chosen = address + offset;
    }
    component_.close_window(1);
  }
  return chosen;
}

bool Injection::is_code(u64 address) const {
  for (const image::Segment& segment : component_.segments()) {
    if (Access(segment.access) == Access::ReadExecute && address - segment.address < u64{segment.memory_pages} * kPageSize) return true;
  }
  return false;
}

/// A word that is wanted of the innermost frames; 0: there is none, or it is not known where they are. The registers of a thread that is
/// not stopped cannot be read, but where one stood that rested is where the next one will: its callers' frames are there at any time. What
/// it does in an event has its frames below.
template <class IsWanted>
u64 Injection::choose_of_stack(Moment at, IsWanted is_wanted) {
  u64 rest = component_.rest_stack_;
  if (rest == 0) return 0;
  u64 end = rest + kFramesOfRest < kStackTop ? rest + kFramesOfRest : kStackTop;
  return choose_word(at == Moment::Idle ? rest : rest - kFramesOfEvent, end, is_wanted);
}

/// A byte of a word that is not zero: of the innermost frames, or of data.
Result<u64> Injection::byte_of_memory(Moment at) {
  auto is_used = [](u64 value) { return value != 0; };
  u64 word = 0;
  if (random_.below(kUnaimed) != 0) {
    if (random_.below(kData) != 0) {
      word = choose_of_stack(at, is_used);
    } else {
      for (const image::Segment& segment : component_.segments()) {
        if (Access(segment.access) != Access::ReadWrite) continue;
        word = choose_word(segment.address, segment.address + u64{segment.memory_pages} * kPageSize, is_used);
      }
    }
  }
  return word != 0 ? word + random_.below(sizeof(u64)) : any_byte(Access::ReadWrite);
}

/// A byte behind where the innermost frames return to, or where a thread rests.
Result<u64> Injection::byte_of_program(Moment at) {
  u64 instruction = 0;
  if (random_.below(kUnaimed) != 0) {
    instruction = component_.rest_instruction_;
    u64 place = choose_of_stack(at, [&](u64 value) { return is_code(value); });
    if (place != 0 && random_.below(kAtRest) != 0)
      (void)component_.read_memory(place, sizeof instruction, reinterpret_cast<u8*>(&instruction));
  }
  u64 address = instruction + random_.below(kNear);
  return is_code(address) ? address : any_byte(Access::ReadExecute);
}

Result<void> Injection::change(Answer& answer, u64 address, u8 difference) {
  TRY(component_.show_page(address));
  u8& byte = window()[address % kPageSize];
  answer.address = address;
  answer.before = byte;
  answer.after = byte ^= difference;
  component_.close_window(1);
  return {};
}

Result<void> Injection::hang() {
  for (u64 which = 0; u64 address = page(Access::ReadExecute, which); which++) {
    TRY(component_.show_page(address));
    make_endless({window(), kPageSize});
    component_.close_window(1);
  }
  return {};
}

Result<void> Injection::flip_bit(Answer& answer) {
  u64 address = TRY(byte_of_memory(Moment(answer.moment)));
  return change(answer, address, u8(1 << random_.below(8)));
}

Result<void> Injection::change_instruction(Answer& answer) {
  u64 address = TRY(byte_of_program(Moment(answer.moment)));
  return change(answer, address, u8(1 + random_.below(255)));
}

Result<void> Injection::fill_page(Answer& answer) {
  answer.address = TRY(open_used_page(random_.below(2) ? Access::ReadWrite : Access::ReadExecute));
  for (u64 i = 0; i < kPageSize; i++) window()[i] = u8(random_.below(256));
  component_.close_window(1);
  return {};
}

}  // namespace pith::root
