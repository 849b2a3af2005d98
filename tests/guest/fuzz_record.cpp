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
  shared.progress = shared.progress + 1;
  Count& count = counts[index_of(operation)];
  if (!status.is_error()) {
    count.successes++;
    if (operation == Operation::PlatformMeasure && words.w[1] > shared.longest && shared.round > 0) {
      shared.longest = words.w[1];
      shared.longest_operation = words.w[2];
    }
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
