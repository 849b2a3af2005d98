// Timers of processes that send signals: those of setitimer and those of timer_create.
#pragma once
#include "personality/linux/abi.h"
#include "personality/linux/errors.h"
#include "personality/linux/signal/signals.h"

namespace pith::personality {

class Process;
class Task;

/// What shows the time that a deadline is on.
struct TimeScale {
  enum class Kind : u8 { Boot, Wall, ProcessTime, TaskTime };
  Kind kind = Kind::Boot;
  i32 number = 0;  ///< of the process or task
  /// Nanoseconds that it shows; NoProcess when whose time it is has ended.
  Result<u64> now() const;
};

/// The scale of a clock's number as programs have it; Invalid for none.
Result<TimeScale> scale_of(const Task& task, u32 clock);

/// One timer. Guarded by the environment's lock.
class ProcessTimer {
 public:
  enum class Target : u8 { None, Process, Task };

  /// Starts it: the first expiration at `deadline` on `scale` (0: stops it), others every `interval` nanoseconds (0: none).
  void set(TimeScale scale, u64 deadline, u64 interval);
  /// Nanoseconds to the next expiration; 0: it does not run.
  u64 left() const;
  /// Sends what is due; the instant since boot at which to look again, 0: never.
  u64 look(Process& process);
  /// Its signal has been taken: goes on, and counts the expirations that nobody will hear of.
  void signal_taken();

  i32 number = 0;  ///< as the program has it
  TimeScale clock;
  Target target = Target::Process;
  i32 tid = 0;
  SignalInformation information;  ///< what is sent
  u64 interval = 0;
  u32 overrun = 0;  ///< expirations that the last signal stands for, beside its own
  const u64 serial = ++last_serial_;

 private:
  bool send(Process& process);

  TimeScale scale_;
  u64 deadline_ = 0;  ///< 0: does not run, or waits for its signal to be taken
  u64 expired_ = 0;   ///< when it last did; not 0: waits for its signal to be taken
  static u64 last_serial_;
};

/// Tells the timer that a signal came from that it has been taken, and `information` how much has been missed. Any signal may be passed.
void note_taken(Process& process, SignalInformation& information);

/// The thread that looks after all timers. Never returns.
void run_timers();

}  // namespace pith::personality
