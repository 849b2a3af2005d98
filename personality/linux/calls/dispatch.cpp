// Choice of the handler by number, and the one way in which errors reach programs.
#include "personality/linux/calls/dispatch.h"

#include "lib/log.h"
#include "personality/linux/calls/table.h"
#include "personality/linux/environment.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {

/// Says once per number that a program wanted a call that is not there.
void report_unknown(Task& task, u64 number) {
  static bool reported[kCallNumbers + 1];
  bool& mark = reported[number < kCallNumbers ? number : kCallNumbers];
  if (mark) return;
  mark = true;
  const char* name = "?";
  for (const Call& call : calls())
    if (call.number == number) name = call.name;
  log_line(LogLevel::Warning, "linux call %llu (%s) is not supported; first used by process %d (%s)",
           static_cast<unsigned long long>(number), name, task.process.pid, task.process.command.c_str());
}

}  // namespace

void answer_error(Task& task, Error error) {
  if (is_restart(error)) {
    task.broken_off = error;
    // relaxed: read by this thread itself before it enters the guest.
    task.attention.store(1, std::memory_order_relaxed);
  }
  machine::set_answer(task.registers(), u64(-i64(errno_of(error))));
}

void handle_system_call(Task& task) {
  GuestRegisters& registers = task.registers();
  registers.restore_all = 0;
  u64 number = machine::call_number(registers);
  CallEntry entry = number < kCallNumbers ? kCallEntries[number] : nullptr;
  if (entry) [[likely]] {
    entry(task);
    return;
  }
  Lock lock(environment().lock);
  report_unknown(task, number);
  answer_error(task, LinuxError::NotImplemented);
}

}  // namespace pith::personality
