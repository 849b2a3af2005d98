// A ring of calls that are set aside.
#include "lib/vault/parking.h"

#include <cstring>
#include <utility>

#include "abi/error.h"
#include "lib/vault/event.h"
#include "lib/vault/local.h"

namespace pith::vault {

namespace {

/// Of a message's words from kRegisterWords on.
usize long_bytes(const ipc::Received& received) {
  u32 length = received.status.words();
  return length > kRegisterWords ? (length - kRegisterWords) * sizeof(u64) : 0;
}

}  // namespace

void park() {
  local.is_parked = true;
  abort_event(Error::WouldBlock);
}

bool take_parked() { return std::exchange(local.is_parked, false); }

Result<void> ParkedCalls::add(const ipc::Received& received, u64 token) {
  u32 of_session = 0;
  for (u32 i = 0; i < count_; i++) of_session += calls_[(first_ + i) % kMost].received.status.badge() == received.status.badge();
  if (count_ == kMost || of_session == kMostOfSession) return Error::Busy;
  Parked& call = calls_[(first_ + count_++) % kMost];
  call.token = token;
  call.received = received;
  memcpy(call.words + kRegisterWords, ipc::message_buffer().words + kRegisterWords, long_bytes(received));
  return {};
}

const ParkedCalls::Parked& ParkedCalls::first() {
  const Parked& call = calls_[first_];
  memcpy(ipc::message_buffer().words + kRegisterWords, call.words + kRegisterWords, long_bytes(call.received));
  return call;
}

void ParkedCalls::remove_first() {
  first_ = (first_ + 1) % kMost;
  count_--;
}

}  // namespace pith::vault
