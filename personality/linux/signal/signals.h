// Signals: numbers, sets, actions, what is pending.
#pragma once
#include <deque>

#include "personality/linux/abi.h"
#include "personality/linux/errors.h"

namespace pith::personality {

struct Signal {
  static constexpr u32 HangUp = 1, Interrupt = 2, Quit = 3, Illegal = 4, Trap = 5, Abort = 6, Bus = 7, FloatingPoint = 8, Kill = 9,
                       User1 = 10;
  static constexpr u32 Segment = 11, User2 = 12, Pipe = 13, Alarm = 14, Terminate = 15, StackFault = 16, Child = 17, Continue = 18,
                       Stop = 19;
  static constexpr u32 TerminalStop = 20, TerminalInput = 21, TerminalOutput = 22, Urgent = 23, CpuTime = 24, FileSize = 25,
                       VirtualAlarm = 26;
  static constexpr u32 Profile = 27, WindowChange = 28, Io = 29, Power = 30, System = 31, FirstRealTime = 32, Last = 64;
};

/// A set of signals 1…64.
class SignalSet {
 public:
  constexpr SignalSet() = default;
  constexpr explicit SignalSet(u64 bits) : bits_(bits) {}
  static constexpr SignalSet of(u32 signal) { return SignalSet(u64{1} << (signal - 1)); }
  constexpr bool has(u32 signal) const { return bits_ >> (signal - 1) & 1; }
  constexpr void add(u32 signal) { bits_ |= u64{1} << (signal - 1); }
  constexpr void remove(u32 signal) { bits_ &= ~(u64{1} << (signal - 1)); }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr u64 bits() const { return bits_; }
  constexpr SignalSet operator|(SignalSet other) const { return SignalSet(bits_ | other.bits_); }
  constexpr SignalSet operator&(SignalSet other) const { return SignalSet(bits_ & other.bits_); }
  constexpr SignalSet operator~() const { return SignalSet(~bits_); }
  /// The one to deliver first: faults before all, then the lowest number. 0: none.
  constexpr u32 first() const;

 private:
  u64 bits_ = 0;
};

inline constexpr SignalSet kUnblockable = SignalSet::of(Signal::Kill) | SignalSet::of(Signal::Stop);
inline constexpr SignalSet kSynchronous = SignalSet::of(Signal::Segment) | SignalSet::of(Signal::Bus) | SignalSet::of(Signal::Illegal) |
                                          SignalSet::of(Signal::Trap) | SignalSet::of(Signal::FloatingPoint) |
                                          SignalSet::of(Signal::System);

constexpr u32 SignalSet::first() const {
  u64 urgent = bits_ & kSynchronous.bits();
  u64 bits = urgent ? urgent : bits_;
  return bits ? u32(__builtin_ctzll(bits)) + 1 : 0;
}

/// struct sigaction as the kernel interface has it on x86-64.
struct SignalAction {
  static constexpr u64 Default = 0, Ignore = 1;
  static constexpr u64 kNoChildStop = 1, kNoChildWait = 2, kInformation = 4, kRestorer = 0x04000000, kOnStack = 0x08000000;
  static constexpr u64 kRestart = 0x10000000, kNoDefer = 0x40000000, kResetHandler = 0x80000000;
  u64 handler = Default;
  u64 flags = 0;
  u64 restorer = 0;
  u64 mask = 0;
};

/// What a handler is told: the fields of siginfo_t that are used.
struct SignalInformation {
  static constexpr i32 kUser = 0, kKernel = 0x80, kQueue = -1, kTimer = -2, kMessageQueue = -3, kThread = -6, kMapError = 1,
                       kAccessError = 2;
  static constexpr i32 kExited = 1, kKilled = 2, kDumped = 3, kStopped = 5, kContinued = 6;
  u32 signal = 0;
  i32 code = 0;
  i32 pid = 0;  ///< or the number of a timer
  u32 uid = 0;  ///< or how many of a timer's expirations nobody heard of
  i32 status = 0;
  u64 address = 0;  ///< or the value that sigqueue, a timer or a message queue sends along
  u64 timer = 0;    ///< not 0: the timer's serial number, which goes on when the signal has been taken
};

/// siginfo_t in memory.
struct RawSignalInformation {
  i32 signal, error, code, pad;
  u64 words[14];
};
static_assert(sizeof(RawSignalInformation) == 128);
RawSignalInformation raw_information(const SignalInformation& information);

/// Signals that wait for delivery to one task or one process. Of signals below FirstRealTime one of a number waits, others queue up.
class PendingSignals {
 public:
  PendingSignals() = default;
  PendingSignals(const PendingSignals&) = delete;
  ~PendingSignals() { discard(SignalSet(~u64{0})); }

  SignalSet set() const { return set_; }
  /// False: the signal waits already and is not queued once more.
  bool add(const SignalInformation& item);
  /// The oldest one of that number, which waits.
  SignalInformation take(u32 signal);
  void discard(SignalSet signals);
  /// How many real-time signals wait in all queues.
  static u64 queued() { return queued_; }

 private:
  SignalSet set_;
  SignalInformation information_[Signal::FirstRealTime - 1];
  std::deque<SignalInformation> queue_;
  static u64 queued_;
};

/// What happens without a handler.
enum class DefaultAction : u8 { Terminate, DumpCore, Ignore, Stop, Continue };
DefaultAction default_action(u32 signal);
bool is_ignored(const SignalAction& action, u32 signal);

/// struct sigaltstack.
struct SignalStack {
  static constexpr i32 kOnStack = 1, kDisabled = 2;
  u64 pointer = 0;
  i32 flags = kDisabled;
  i32 pad = 0;
  u64 size = 0;
};

}  // namespace pith::personality
