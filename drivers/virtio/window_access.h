// Reaches a device's memory where this component sees it.
#pragma once
#include "drivers/virtio/transport.h"

namespace pith::virtio {

class WindowAccess final : public Access {
 public:
  explicit WindowAccess(u64 window) : window_(window) {}

  u8 read8(u32 offset) override { return at<u8>(offset); }
  u16 read16(u32 offset) override { return at<u16>(offset); }
  u32 read32(u32 offset) override { return at<u32>(offset); }
  void write8(u32 offset, u8 value) override { at<u8>(offset) = value; }
  void write16(u32 offset, u16 value) override { at<u16>(offset) = value; }
  void write32(u32 offset, u32 value) override { at<u32>(offset) = value; }

 private:
  template <class T>
  volatile T& at(u32 offset) {
    return *reinterpret_cast<volatile T*>(window_ + offset);
  }
  u64 window_;
};

}  // namespace pith::virtio
