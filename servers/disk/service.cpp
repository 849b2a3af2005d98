// Moves requests between rings and device. What clients and device write is read once and believed only after a check.
#include "servers/disk/service.h"

#include "lib/log.h"
#include "lib/shared_memory.h"

namespace pith::disk {

namespace {

using block::Operation;
using block::Outcome;
using block::State;

/// What lies in memory that its client may change at any time.
block::Request copy_of(const block::Request& request) {
  return {load_shared(request.state),
          load_shared(request.operation),
          Outcome::Good,
          load_shared(request.length),
          load_shared(request.sector),
          load_shared(request.memory),
          load_shared(request.force_unit_access),
          load_shared(request.offset),
          0,
          {}};
}

Outcome outcome_of(virtio_block::Status status) {
  switch (status) {
    case virtio_block::Status::Good:
      return Outcome::Good;
    case virtio_block::Status::NotSupported:
      return Outcome::NotSupported;
    default:
      return Outcome::Failed;
  }
}

}  // namespace

Service::Service(CapabilitySlot endpoint, virtio_block::Device* device, std::span<const ClientMemory> memories)
    : DiskServer(endpoint), device_(device), memories_(memories) {
  for (const ClientMemory& memory : memories) {
    if (client_count_ < kMostMemories && memory.bytes.size() >= sizeof(block::Ring)) clients_[client_count_++].memory = &memory;
  }
}

Result<protocols::DiskStateResult> Service::state(Session) const {
  if (!device_) return Error::NotFound;
  return protocols::DiskStateResult{device_->sectors(), done_, failed_};
}

void Service::pump() {
  take_done();
  if (device_ && device_->is_broken()) restart();
  submit_all();
  for (u32 i = 0; i < client_count_; i++) {
    if (!clients_[i].has_news) continue;
    clients_[i].has_news = false;
    ring(clients_[i].memory->owner);
  }
}

/// What an instance before has told may have been another disk's.
void Service::tell(Client& client) {
  block::Ring& ring = ring_of(client);
  if (device_) {
    store_shared(ring.sectors, device_->sectors());
    store_shared(ring.is_read_only, u64{device_->is_read_only()});
    store_shared(ring.can_flush, u64{device_->can_flush()});
    store_shared(ring.can_discard, u64{device_->can_discard()});
  }
  store_shared(ring.is_present, u64{device_ ? 1U : 2U});
  client.is_told = client.has_news = true;
}

void Service::take_done() {
  if (!device_) return;
  while (auto done = device_->take()) {
    restarts_ = 0;
    UnderWay& request = under_way_[done->request];
    Client& client = clients_[request.client];
    Outcome outcome = outcome_of(done->status);
    if (outcome == Outcome::Good && request.is_followed_by_flush) {
      auto number = device_->submit(virtio_block::Kind::Flush, 0, 0, 0);
      if (number) {
        under_way_[*number] = {request.client, request.slot, false};
        device_->publish();
        continue;
      }
      outcome = Outcome::Failed;  // cannot be: the request that is done has left its place
    }
    finish(client, request.slot, outcome);
  }
}

void Service::submit_all() {
  bool is_new = false;
  for (u32 i = 0; i < client_count_; i++) {
    Client& client = clients_[i];
    block::Ring& ring = ring_of(client);
    if (load_shared(ring.magic) != block::Ring::kMagic) continue;
    if (!client.is_told || load_shared(ring.is_present) == 0) tell(client);
    for (u32 slot = 0; slot < block::kMostRequests; slot++) {
      if (client.under_way >> slot & 1 || load_shared(ring.requests[slot].state) != State::Submitted) continue;
      is_new = submit(i, slot) || is_new;
    }
  }
  if (is_new) device_->publish();
}

Outcome Service::check(const Client& client, const block::Request& request, u64& address) const {
  if (!device_) return Outcome::Gone;
  if (request.operation == Operation::Flush) return device_->can_flush() ? Outcome::Good : Outcome::NotSupported;
  bool is_transfer = request.operation == Operation::Read || request.operation == Operation::Write;
  if (!is_transfer && request.operation != Operation::Discard) return Outcome::NotSupported;
  if (request.operation == Operation::Discard && !device_->can_discard()) return Outcome::NotSupported;
  if (request.length == 0 || request.length % block::kSectorSize != 0 || request.length > block::kMostBytes) return Outcome::Malformed;
  if (request.sector >= device_->sectors() || request.length / block::kSectorSize > device_->sectors() - request.sector)
    return Outcome::OutOfRange;
  if (request.operation != Operation::Read && device_->is_read_only()) return Outcome::ReadOnly;
  if (!is_transfer) return Outcome::Good;
  for (const ClientMemory& memory : memories_) {
    bool is_shared = memory.number == request.memory && (memory.parties >> client.memory->owner & 1) != 0;
    if (!is_shared) continue;
    if (request.offset % block::kSectorSize != 0 || request.offset > memory.bytes.size() ||
        request.length > memory.bytes.size() - request.offset)
      return Outcome::Malformed;
    address = memory.physical + request.offset;
    return Outcome::Good;
  }
  return Outcome::Malformed;
}

bool Service::submit(u32 index, u32 slot) {
  using virtio_block::Kind;
  Client& client = clients_[index];
  block::Request request = copy_of(ring_of(client).requests[slot]);
  u64 address = 0;
  Outcome outcome = check(client, request, address);
  if (outcome != Outcome::Good) {
    finish(client, slot, outcome);
    return false;
  }
  Kind kind = request.operation == Operation::Read    ? Kind::Read
              : request.operation == Operation::Write ? Kind::Write
              : request.operation == Operation::Flush ? Kind::Flush
                                                      : Kind::Discard;
  auto number = device_->submit(kind, request.sector, address, kind == Kind::Flush ? 0 : request.length);
  if (!number) return false;
  under_way_[*number] = {index, slot, kind == Kind::Write && request.force_unit_access != 0 && device_->can_flush()};
  client.under_way |= u64{1} << slot;
  return true;
}

void Service::finish(Client& client, u32 slot, Outcome outcome) {
  block::Request& request = ring_of(client).requests[slot];
  client.under_way &= ~(u64{1} << slot);
  client.has_news = true;
  done_++;
  if (outcome != Outcome::Good) failed_++;
  store_shared(request.outcome, outcome);
  store_shared(request.state, State::Done);
}

/// Everything under way is submitted again. A device that does nothing in spite of it is given up.
void Service::restart() {
  for (u32 i = 0; i < client_count_; i++) clients_[i].under_way = 0;
  Result<void> started = restarts_++ < kMostRestarts ? device_->restart() : Error::Limit;
  if (started) {
    log_line(LogLevel::Warning, "the device was reset");
    return;
  }
  log_line(LogLevel::Error, "the device is given up: %s", error_name(started.error()));
  device_ = nullptr;
  for (u32 i = 0; i < client_count_; i++) clients_[i].is_told = false;
}

}  // namespace pith::disk
