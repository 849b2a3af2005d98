// Performing operations and counting what comes back.
#include "tests/guest/fuzz.h"

namespace pith::fuzz {

using namespace guest_test;

Shared shared;
Count counts[grammar::kOperationCount];

namespace {
u8 indices[1024];  // index + 1 by operation code
constexpr u32 kMostPrinted = 24;
}  // namespace

u32 index_of(Operation operation) {
  u8& index = indices[u32(operation) % 1024];
  for (u32 i = 0; index == 0 && i < grammar::kOperationCount; i++) {
    if (grammar::kOperations[i].operation == operation) index = u8(i + 1);
  }
  return index - 1u;
}

namespace {

/// Kind of a kernel entry as Platform.measure names it: an operation code, or 1024 + the trap's vector; kEntryKinds if it is neither.
u32 kind_of_entry(u64 operation) {
  if (operation < 1024) {
    u32 index = index_of(Operation(u32(operation)));
    return index < grammar::kOperationCount ? index : kEntryKinds;
  }
  u64 vector = operation - 1024;
  if (vector < 32) return kFirstTrap + (vector == 7 ? 1 : 0);
  return kFirstTrap + (vector >= 48 ? 4 : vector == 33 ? 3 : 2);
}

/// Asks for the longest kernel entry since the last time: it is nearly always the operation that was just performed.
void note_longest() {
  Words words{};
  Status status = invoke(Handle::operation(u32(Operation::PlatformMeasure), HostileSlot::Platform).raw, words);
  u32 kind = status.is_error() || shared.round == 0 ? kEntryKinds : kind_of_entry(words.w[2]);
  if (kind < kEntryKinds && words.w[1] > shared.longest[kind]) shared.longest[kind] = words.w[1];
}

}  // namespace

void mistake(Operation operation, Error expected, Error got, const char* text) {
  shared.mistakes = shared.mistakes + 1;
  if (shared.mistakes > kMostPrinted) return;
  // Only the driver can print: the hostile component borrows the platform for it.
  kernel::Platform platform{HostileSlot::Platform};
  auto put = [&](const char* part) {
    while (*part != 0) (void)platform.write_diagnostic(u8(*part++));
  };
  put("MISTAKE: ");
  put(grammar::kOperations[index_of(operation)].name);
  put(": ");
  put(text);
  put(": expected ");
  put(expected == kSuccess ? "success" : error_name(expected));
  put(", got ");
  put(got == kSuccess ? "success" : error_name(got));
  put("\n");
}

Outcome perform(Operation operation, CapabilitySlot slot, Words words, u32 length, u32 capabilities) {
  const grammar::OperationEntry& entry = grammar::kOperations[index_of(operation)];
  Handle handle = Handle::operation(u32(operation), slot);
  if (entry.kind == grammar::OperationKind::Long) handle = Handle::message(u32(operation), slot, length, capabilities);
  if (operation == Operation::EndpointCall) handle = Handle::call(slot);
  if (operation == Operation::EndpointReplyReceive) handle = Handle::reply_receive(slot);
  if (operation == Operation::GuestRun) handle = Handle::run_guest(slot);
  shared.latest = u32(operation);
  Status status = invoke(handle.raw, words);
  note_longest();
  shared.progress = shared.progress + 1;
  Count& count = counts[index_of(operation)];
  if (!status.is_error()) {
    count.successes++;
    return {kSuccess, status, words};
  }
  Error error = Error(status.error_number());
  u64 documented = entry.errors | (entry.object == 31 ? 0 : grammar::kCapabilityErrors);
  if (u32(error) >= kErrorLimit || (documented & grammar::error_bit(error)) == 0) {
    mistake(operation, kSuccess, error, "an error that its interface does not name");
  } else {
    count.errors[u32(error)]++;
  }
  return {error, status, words};
}

Outcome want(Error expected, Operation operation, CapabilitySlot slot, Words words, u32 length, u32 capabilities) {
  Outcome outcome = perform(operation, slot, words, length, capabilities);
  if (outcome.error != expected) mistake(operation, expected, outcome.error, "on purpose");
  return outcome;
}

/// xorshift64* (Vigna).
u64 random_number() {
  u64& state = shared.random_state;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1d;
}

}  // namespace pith::fuzz
