// Interrupt controllers and timer of the PC: local APIC, I/O APIC, HPET for calibration.
#include "kernel/arch/x86_64/local_apic.h"

#include "kernel/arch/contract/interrupts.h"
#include "kernel/arch/contract/memory.h"
#include "kernel/sched/cpu.h"

namespace pith {

namespace x86 {

namespace {

enum LocalRegister : u32 { Identifier = 0x20, EndOfInterrupt = 0xb0, Spurious = 0xf0, CommandLow = 0x300, CommandHigh = 0x310, TimerEntry = 0x320,
                           TimerInitial = 0x380, TimerCurrent = 0x390, TimerDivide = 0x3e0 };
constexpr u32 kEnable = 1u << 8;
constexpr u32 kMasked = 1u << 16;
constexpr u32 kActiveLow = 1u << 13, kLevel = 1u << 15;
constexpr u32 kToItself = 1u << 18;  // of a command: the destination
constexpr u32 kDivideBy1 = 0xb;

enum IoRegister : u32 { Version = 1, Redirection = 0x10 };

// HPET [ia-pc/hpet 2.3]
enum HpetRegister : u32 { Capabilities = 0, Configuration = 0x10, MainCounter = 0xf0 };
constexpr u64 kFemtosecondsPerMicrosecond = 1'000'000'000;
constexpr u64 kCalibrationMicroseconds = 500;
constexpr u32 kReadings = 8;
constexpr u32 kMostPolls = 50'000'000;

TimeScale scale;
u64 timer_multiplier;  // timer ticks = nanoseconds * multiplier >> 32
u32 lines;

/// Where a line comes into the I/O controller, and how: the lower half of its redirection entry, not masked.
struct LineRoute {
  u32 pin, entry;
};
LineRoute routes[kMostLines];

/// Identifiers of the CPUs' local controllers.
u32 identifiers[kMaximumCpus];

Devices devices{kLocalApicAddress, kIoApicAddress, kHpetAddress};

volatile u32& local(u32 offset) { return *reinterpret_cast<volatile u32*>(arch::kWindowBase + local_controller + offset); }
volatile u64& hpet(u32 offset) { return *reinterpret_cast<volatile u64*>(arch::kWindowBase + devices.timer + offset); }

u32 io_read(u32 index) {
  volatile u32* base = reinterpret_cast<volatile u32*>(arch::kWindowBase + devices.io_controller);
  base[0] = index;
  return base[4];
}
void io_write(u32 index, u32 value) {
  volatile u32* base = reinterpret_cast<volatile u32*>(arch::kWindowBase + devices.io_controller);
  base[0] = index;
  base[4] = value;
}

/// Both below 2^32: the calibration is short.
u64 scale_of(u64 numerator, u64 denominator) { return (numerator << 32) / denominator; }

}  // namespace

extern "C" {
u64 local_controller = kLocalApicAddress;
u64 local_controller_window = arch::kWindowBase + kLocalApicAddress;
}

const TimeScale& time_scale() { return scale; }
const Devices& found_devices() { return devices; }

void use_devices(const AcpiFacts& facts) {
  if (facts.local_controller != 0) devices.local_controller = local_controller = facts.local_controller;
  local_controller_window = arch::kWindowBase + local_controller;
  if (facts.io_controller != 0) devices.io_controller = facts.io_controller;
  if (facts.timer != 0) devices.timer = facts.timer;
  for (u32 line = 0; line < kMostLines; line++) routes[line] = {line, u32(kFirstLineVector + line)};
  for (u32 i = 0; i < facts.override_count; i++) {
    const AcpiFacts::Override& given = facts.overrides[i];
    if (given.line >= kMostLines) continue;
    // Whatever came in there goes where the overridden one came in: two lines never share a pin.
    for (LineRoute& other : routes) {
      if (other.pin == given.line) other.pin = routes[given.source].pin;
    }
    routes[given.source].pin = given.line;
    if (given.is_active_low) routes[given.source].entry |= kActiveLow;
    if (given.is_level) routes[given.source].entry |= kLevel;
  }
}

void acknowledge_local() { local(EndOfInterrupt) = 0; }

void initialise_local_controller(u32 cpu) {
  write_msr(Msr::ApicBase, read_msr(Msr::ApicBase) | 1u << 11);
  local(Spurious) = kEnable | kSpuriousVector;
  local(TimerDivide) = kDivideBy1;
  local(TimerEntry) = kTimerVector;
  identifiers[cpu] = own_identifier();
}

u32 own_identifier() { return local(Identifier) >> 24; }

void call_processor(u32 identifier, u32 command) {
  local(CommandHigh) = identifier << 24;
  local(CommandLow) = command;
}

void initialise_interrupts() {
  initialise_local_controller(0);
  // The old controllers: everything masked, vectors out of the way.
  out8(0x21, 0xff);
  out8(0xa1, 0xff);
  lines = (io_read(Version) >> 16 & 0xff) + 1;
  if (lines > kMostLines) lines = kMostLines;
  for (u32 line = 0; line < lines; line++) {
    if (routes[line].pin >= lines) routes[line].pin = line;
    io_write(Redirection + 2 * routes[line].pin + 1, identifiers[0] << 24);
    arch::mask_line(line);
  }
}

/// The three clocks at one instant, or nearly so.
struct Instant {
  u64 hpet, counter, timer;
  u64 spread;  ///< ticks of the counter between the first and the last reading
};

/// The closest of a few readings: a virtual machine may be stopped for milliseconds between any two of them.
Instant read_clocks() {
  Instant best{0, 0, 0, ~u64{0}};
  for (u32 attempt = 0; attempt < kReadings; attempt++) {
    u64 before = arch::counter();
    Instant instant{hpet(MainCounter), before, local(TimerCurrent), 0};
    instant.spread = arch::counter() - before;
    if (instant.spread < best.spread) best = instant;
  }
  return best;
}

bool calibrate_time() {
  u64 period = hpet(Capabilities) >> 32;
  if (period == 0 || period > 100'000'000) return false;
  hpet(Configuration) = hpet(Configuration) | 1;
  u64 ticks = kCalibrationMicroseconds * kFemtosecondsPerMicrosecond / period;
  local(TimerInitial) = ~u32{0};
  Instant start = read_clocks();
  u32 polls = 0;
  while (hpet(MainCounter) - start.hpet < ticks && polls < kMostPolls) polls++;
  Instant end = read_clocks();
  local(TimerInitial) = 0;
  u64 counter_ticks = end.counter - start.counter;
  u64 timer_ticks = start.timer - end.timer;  // it counts down
  u64 nanoseconds = (end.hpet - start.hpet) * period / 1'000'000;
  if (polls == kMostPolls || nanoseconds == 0 || counter_ticks == 0 || timer_ticks == 0) return false;
  scale.counter_frequency = counter_ticks * 1'000'000'000 / nanoseconds;
  scale.counter_multiplier = scale_of(nanoseconds, counter_ticks);
  scale.counter_start = start.counter;
  timer_multiplier = scale_of(timer_ticks, nanoseconds);
  return true;
}

void timer_expired() { this_cpu().timer_deadline = ~u64{0}; }

}  // namespace x86

namespace arch {

u64 now() {
  u64 passed = counter() - x86::scale.counter_start;
  return u64(static_cast<unsigned __int128>(passed) * x86::scale.counter_multiplier >> 32);
}

void set_timer(u64 deadline) {
  Cpu& cpu = current_cpu();
  if (deadline == cpu.timer_deadline) return;
  cpu.timer_deadline = deadline;
  if (deadline == 0) {
    x86::local(x86::TimerInitial) = 0;
    return;
  }
  u64 current = now();
  if (deadline <= current) {
    // The timer takes its time about nothing, most of all an emulated one.
    x86::local(x86::CommandLow) = x86::kToItself | u32(x86::kTimerVector);
    return;
  }
  u64 wait = deadline - current;
  if (wait > 1'000'000'000) wait = 1'000'000'000;  // far deadlines are reached in steps of a second
  u64 ticks = u64(static_cast<unsigned __int128>(wait) * x86::timer_multiplier >> 32);
  if (ticks > 0xffff'fff0) ticks = 0xffff'fff0;
  x86::local(x86::TimerInitial) = ticks == 0 ? 1 : u32(ticks);
}

void send_interruption(u32 cpu) { x86::call_processor(x86::identifiers[cpu % kMaximumCpus], u32(x86::kInterruptionVector)); }

extern "C" {
u32 napping;
}

namespace {
/// By ticket: the CPU that naps with it, and 1.
u32 nappers[kMaximumCpus];
}  // namespace

void nap(u32 ticket) {
  constexpr u64 kHighestClass = 0xf;
  constexpr u64 kLongest = 100'000;  // ns
  Cpu& cpu = current_cpu();
  x86::local(x86::TimerInitial) = 0;
  x86::local(x86::TimerEntry) = u32(x86::kNapVector);
  x86::local(x86::TimerInitial) = u32(kLongest * x86::timer_multiplier >> 32) + 1;
  x86::write_task_priority(kHighestClass - 1);
  __atomic_store_n(&nappers[ticket % kMaximumCpus], cpu.number + 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&napping, 1, __ATOMIC_RELAXED);
  x86::halt();
  __atomic_fetch_sub(&napping, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&nappers[ticket % kMaximumCpus], 0, __ATOMIC_RELAXED);
  x86::write_task_priority(0);
  x86::local(x86::TimerInitial) = 0;
  x86::local(x86::TimerEntry) = u32(x86::kTimerVector);
  u64 deadline = cpu.timer_deadline;
  cpu.timer_deadline = 0;
  set_timer(deadline);
}

void rouse_napping(u32 ticket) {
  u32 napper = __atomic_load_n(&nappers[ticket % kMaximumCpus], __ATOMIC_RELAXED);
  if (napper != 0) x86::call_processor(x86::identifiers[napper - 1], u32(x86::kNapVector));
}

u32 line_count() { return x86::lines; }
void mask_line(u32 line) {
  if (line < x86::lines) x86::io_write(x86::Redirection + 2 * x86::routes[line].pin, x86::routes[line].entry | x86::kMasked);
}
void unmask_line(u32 line) {
  if (line < x86::lines) x86::io_write(x86::Redirection + 2 * x86::routes[line].pin, x86::routes[line].entry);
}
void route_line(u32 line, u32 cpu) {
  if (line < x86::lines) x86::io_write(x86::Redirection + 2 * x86::routes[line].pin + 1, x86::identifiers[cpu % kMaximumCpus] << 24);
}

// Fixed delivery, edge, to one processor [intel/3a 11.11].
u64 message_address(u32 cpu) { return x86::kMessageAddress | u64{x86::identifiers[cpu % kMaximumCpus]} << 12; }
u64 message_data(u32 line) { return x86::kFirstLineVector + line; }

}  // namespace arch

}  // namespace pith
