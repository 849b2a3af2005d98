// Requests of a virtio block device as pieces: head, data, status. [virtio 1.2, 5.2.6]
#include "drivers/virtio/block/device.h"

#include "abi/error.h"

namespace pith::virtio_block {

Result<void> Device::start(pci::Configuration& function, u32 index, u64 size, std::span<std::byte> memory, u64 physical) {
  if (memory.size() < kMemoryBytes) return Error::NoMemory;
  memory_ = memory;
  physical_ = physical;
  heads_ = reinterpret_cast<Head*>(memory.data() + virtio::Queue::kBytes);
  TRY(transport_.find(function, index, size));
  return restart();
}

Result<void> Device::restart() {
  TRY(transport_.reset());
  features_ = TRY(transport_.agree(kReadOnly | kFlush | kDiscard));
  queue_.initialize(memory_, physical_);
  TRY(transport_.set_queue(0, queue_.places()));
  sectors_ = transport_.device_register(0) | u64{transport_.device_register(4)} << 32;
  transport_.run();
  return {};
}

std::optional<u32> Device::submit(Kind kind, u64 sector, u64 address, u32 length) {
  // The number is known before the pieces are: requests are numbered by what is free.
  std::optional<u32> number = queue_.next();
  if (!number) return {};
  Head& head = heads_[*number];
  u64 place = physical_ + virtio::Queue::kBytes + *number * sizeof(Head);
  head = {u32(kind), 0, kind == Kind::Read || kind == Kind::Write ? sector : 0, sector, length / kSectorSize, 0, 0xff, {}};
  virtio::Piece pieces[3] = {{place, 16, false}};
  u32 count = 1;
  if (kind == Kind::Discard) pieces[count++] = {place + offsetof(Head, discard_sector), 16, false};
  if (kind == Kind::Read || kind == Kind::Write) pieces[count++] = {address, length, kind == Kind::Read};
  pieces[count++] = {place + offsetof(Head, status), 1, true};
  return queue_.add({pieces, count});
}

std::optional<Done> Device::take() {
  auto completion = queue_.take();
  if (!completion) return {};
  u8 status = __atomic_load_n(&heads_[completion->request].status, __ATOMIC_ACQUIRE);
  return Done{completion->request, status == 0 ? Status::Good : status == 2 ? Status::NotSupported : Status::Failed};
}

}  // namespace pith::virtio_block
