// The registers of a virtio device over PCI, version 1 and later. [virtio 1.2, 4.1]
#pragma once
#include "base/result.h"
#include "base/types.h"
#include "drivers/pci/configuration.h"

namespace pith::virtio {

/// Reaches the device's memory behind one base address register. Offsets are multiples of the width.
class Access {
 public:
  virtual u8 read8(u32 offset) = 0;
  virtual u16 read16(u32 offset) = 0;
  virtual u32 read32(u32 offset) = 0;
  virtual void write8(u32 offset, u8 value) = 0;
  virtual void write16(u32 offset, u16 value) = 0;
  virtual void write32(u32 offset, u32 value) = 0;

 protected:
  ~Access() = default;
};

/// Features that every device has; those of a kind are its driver's. [virtio 1.2, 6]
struct Feature {
  static constexpr u64 Version1 = u64{1} << 32, AccessPlatform = u64{1} << 33;
};

/// Addresses, for the device, of the three parts of a queue.
struct QueuePlaces {
  u64 descriptors, available, used;
  u32 size;
};

/// A device, from finding its registers to letting it run.
class Transport {
 public:
  explicit Transport(Access& access) : access_(access) {}

  /// Finds the registers by the function's capabilities. `index`: of the base address register that `access` stands for, `size` bytes of
  /// memory. Errors: NotSupported for a device without them there.
  Result<void> find(pci::Configuration& function, u32 index, u64 size);

  /// Resets the device: nothing of what it was given is touched by it any more. Errors: TimedOut when it does not say so.
  Result<void> reset();
  /// Agrees on those of `wanted` that the device has. Errors: NotSupported when the device has none of version 1, or refuses the choice.
  Result<u64> agree(u64 wanted);
  /// How many entries queue `number` may have; 0: there is no such queue.
  u32 queue_size(u32 number);
  /// Sets a queue up, with interrupts by message 0. Errors: NotSupported when the device refuses.
  Result<void> set_queue(u32 number, const QueuePlaces& places);
  void run();
  /// The device says that it needs to be reset, or it is gone.
  bool is_broken();

  void notify(u32 queue);
  u32 device_register(u32 offset) { return offset + 4 <= device_size_ ? access_.read32(device_ + offset) : 0; }
  u8 device_byte(u32 offset) { return offset < device_size_ ? access_.read8(device_ + offset) : 0; }

 private:
  static constexpr u32 kMostQueues = 4;

  Access& access_;
  u32 common_ = 0, notify_ = 0, notify_step_ = 0, notify_size_ = 0, device_ = 0, device_size_ = 0;
  u32 notify_offsets_[kMostQueues] = {};
};

}  // namespace pith::virtio
