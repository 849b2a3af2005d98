// Finding, resetting and starting a virtio device. [virtio 1.2, 3.1, 4.1.4]
#include "drivers/virtio/transport.h"

#include "abi/error.h"

namespace pith::virtio {

namespace {

/// Of the common registers. [virtio 1.2, 4.1.4.3]
constexpr u32 kDeviceFeatureSelect = 0, kDeviceFeature = 4, kDriverFeatureSelect = 8, kDriverFeature = 12, kConfigurationMessage = 16;
constexpr u32 kStatus = 20, kQueueSelect = 22, kQueueSize = 24, kQueueMessage = 26, kQueueEnable = 28, kQueueNotifyOffset = 30;
constexpr u32 kQueueDescriptors = 32, kQueueAvailable = 40, kQueueUsed = 48, kCommonSize = 56;
constexpr u8 kAcknowledge = 1, kDriver = 2, kDriverReady = 4, kFeaturesAgreed = 8, kNeedsReset = 64;
constexpr u8 kCommon = 1, kNotify = 2, kDevice = 4;
constexpr u32 kMostReads = 1'000'000;

}  // namespace

Result<void> Transport::find(pci::Configuration& function, u32 index, u64 size) {
  bool has_common = false, has_notify = false;
  for (u32 at = 0, i = 0; i < 48; i++) {
    at = pci::find_capability(function, pci::kVendorCapability, at);
    if (at == 0) break;
    u32 head = function.read(at);
    u8 kind = u8(head >> 24);
    u32 where = function.read(at + 4) & 0xff, offset = function.read(at + 8), length = function.read(at + 12);
    if (where != index || offset > size || length > size - offset || offset % 4 != 0) continue;
    if (kind == kCommon && length >= kCommonSize && !has_common) {
      common_ = offset;
      has_common = true;
    } else if (kind == kNotify && length >= 2 && !has_notify) {
      notify_ = offset;
      notify_size_ = length;
      notify_step_ = function.read(at + 16);
      has_notify = true;
    } else if (kind == kDevice && device_size_ == 0) {
      device_ = offset;
      device_size_ = length;
    }
  }
  return has_common && has_notify ? Result<void>() : Error::NotSupported;
}

Result<void> Transport::reset() {
  access_.write8(common_ + kStatus, 0);
  for (u32 i = 0; i < kMostReads; i++) {
    if (access_.read8(common_ + kStatus) == 0) return {};
  }
  return Error::TimedOut;
}

Result<u64> Transport::agree(u64 wanted) {
  access_.write8(common_ + kStatus, kAcknowledge);
  access_.write8(common_ + kStatus, kAcknowledge | kDriver);
  access_.write32(common_ + kDeviceFeatureSelect, 0);
  u64 offered = access_.read32(common_ + kDeviceFeature);
  access_.write32(common_ + kDeviceFeatureSelect, 1);
  offered |= u64{access_.read32(common_ + kDeviceFeature)} << 32;
  u64 agreed = offered & (wanted | Feature::Version1 | Feature::AccessPlatform);
  if ((agreed & Feature::Version1) == 0) return Error::NotSupported;
  access_.write32(common_ + kDriverFeatureSelect, 0);
  access_.write32(common_ + kDriverFeature, u32(agreed));
  access_.write32(common_ + kDriverFeatureSelect, 1);
  access_.write32(common_ + kDriverFeature, u32(agreed >> 32));
  access_.write8(common_ + kStatus, kAcknowledge | kDriver | kFeaturesAgreed);
  if ((access_.read8(common_ + kStatus) & kFeaturesAgreed) == 0) return Error::NotSupported;
  access_.write16(common_ + kConfigurationMessage, 0);
  return agreed;
}

u32 Transport::queue_size(u32 number) {
  access_.write16(common_ + kQueueSelect, u16(number));
  return access_.read16(common_ + kQueueSize);
}

Result<void> Transport::set_queue(u32 number, const QueuePlaces& places) {
  if (number >= kMostQueues || queue_size(number) < places.size) return Error::NotSupported;
  auto write64 = [&](u32 offset, u64 value) {
    access_.write32(common_ + offset, u32(value));
    access_.write32(common_ + offset + 4, u32(value >> 32));
  };
  access_.write16(common_ + kQueueSize, u16(places.size));
  access_.write16(common_ + kQueueMessage, 0);
  if (access_.read16(common_ + kQueueMessage) != 0) return Error::NotSupported;
  write64(kQueueDescriptors, places.descriptors);
  write64(kQueueAvailable, places.available);
  write64(kQueueUsed, places.used);
  u64 offset = u64{access_.read16(common_ + kQueueNotifyOffset)} * notify_step_;
  if (offset + 2 > notify_size_) return Error::NotSupported;
  notify_offsets_[number] = notify_ + u32(offset);
  access_.write16(common_ + kQueueEnable, 1);
  return {};
}

void Transport::run() { access_.write8(common_ + kStatus, kAcknowledge | kDriver | kFeaturesAgreed | kDriverReady); }

bool Transport::is_broken() {
  u8 status = access_.read8(common_ + kStatus);
  return status == 0xff || (status & kNeedsReset) != 0 || (status & kDriverReady) == 0;
}

void Transport::notify(u32 queue) { access_.write16(notify_offsets_[queue], u16(queue)); }

}  // namespace pith::virtio
