// One step of the kernel, and the same step as the specification says it.
#include "spec/test/lockstep.h"

#include "kernel/arch/host/invariants.h"
#include "kernel/object/vector_state.h"
#include "spec/frame.h"
#include "spec/test/abstraction.h"
#include "spec/test/native_oracle.h"

namespace pith::spec::test {

using host::hardware;

u32 index_of(Operation operation) {
  u32 index = 0;
  while (grammar::kOperations[index].operation != operation) index++;
  return index;
}

Handle handle_of(Operation operation, CapabilitySlot slot, u32 words, u32 capabilities) {
  if (operation == Operation::EndpointCall) return Handle::call(slot);
  if (operation == Operation::EndpointReplyReceive) return Handle::reply_receive(slot);
  if (operation == Operation::GuestRun) return Handle::run_guest(slot);
  return Handle::message(u32(operation), slot, words, capabilities);
}

std::string Lockstep::compare(const std::string& what) {
  std::string found = follow_schedule();
  if (found.empty()) found = difference(machine);
  if (found.empty() && ++steps_ % steps_per_check == 0) found = host::broken_invariant();
  return found.empty() ? "" : what + ": " + found;
}

/// As if the scheduler had chosen it before.
void Lockstep::switch_to(FrameNumber thread) {
  pith::Thread& real = view<pith::Thread>(thread);
  if (machine.running() == &real) return;
  machine.switch_to(real);
  end_idleness();
  state.cpus[0].current = thread;
  state.cpus[0].context = pith::cpus[0].context;
  state.cpus[0].charged = pith::cpus[0].last_accounted;
  threads[thread].trapped = false;
  note_choice();
}

std::string Lockstep::system_call(FrameNumber thread, Handle handle, const Words& words, host::Answer* answer) {
  switch_to(thread);
  forget_answer(thread);
  for (u32 i = 0; i < kRegisterWords; i++) threads[thread].words[i] = words.w[i];
  host::Answer got = machine.invoke(view<pith::Thread>(thread), handle, words);
  for (u32 i = 0; i < kRegisterWords; i++) open_answer[i] = got.words.w[i];
  if (answer != nullptr) *answer = got;
  state.now = hardware.now;
  spec::system_call(thread, handle);
  std::string what = "handle " + std::to_string(handle.raw) + " (operation " + std::to_string(handle.operation_code()) + ", slot " +
                     std::to_string(handle.slot().raw) + ") by " + std::to_string(thread.raw) + " with";
  for (u64 value : words.w) what += " " + std::to_string(value);
  return compare(what);
}

std::string Lockstep::fault(FrameNumber thread, FaultKind kind, u64 address, u64 code) {
  switch_to(thread);
  forget_answer(thread);
  trapped();
  machine.fault(view<pith::Thread>(thread), kind, address, code);
  fault_raised(thread, kind, address, code);
  return compare("fault of " + std::to_string(thread.raw));
}

std::string Lockstep::vector_use(FrameNumber thread, u64 index, u64 value) {
  switch_to(thread);
  std::string what = "use of vector registers by " + std::to_string(thread.raw);
  bool has = load_vector_state(view<pith::Thread>(thread));
  if (has != use_vector_registers(thread)) return what + ": one says that it has some";
  if (has) {
    hardware.vector.set_word(index, value);
    vector_states[state.cpus[0].vector_owner].word[index] = value;
  }
  return compare(what);
}

std::string Lockstep::guest_system_call(FrameNumber thread) {
  switch_to(thread);
  machine.guest_system_call(view<pith::Thread>(thread));
  spec::guest_system_call(thread);
  forget_answer(thread);
  return compare("system call of the guest of " + std::to_string(thread.raw));
}

std::string Lockstep::interrupt(u32 line) {
  if (hardware.masked[line]) return "";
  machine.interrupt(line);
  trapped();
  interrupt_raised(line);
  return compare("interrupt of line " + std::to_string(line));
}

std::string Lockstep::advance_to(u64 time) {
  for (u32 i = 0; i < 1000 && hardware.timer != 0 && hardware.timer <= time; i++) {
    if (hardware.timer > hardware.now) hardware.now = hardware.timer;
    machine.timer_interrupt();
    trapped();
    if (std::string found = compare("timer"); !found.empty()) return found;
  }
  if (hardware.now < time) hardware.now = time;
  return "";
}

}  // namespace pith::spec::test
