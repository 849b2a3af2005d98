// Typed views: the one way to reach the object in a frame; the frame's type says which view is alive.
#pragma once
#include "abi/message.h"
#include "base/assert.h"
#include "kernel/memory/frame.h"
#include "port/memory.h"

namespace pith {

struct Thread;
struct Region;
struct AddressSpace;
struct CapabilitySpace;
struct CapabilityTable;
struct SchedulingContext;
struct Endpoint;
struct Notification;
struct PageTable;
struct Share;
struct Interrupt;
struct IoPorts;
struct Guest;
struct VectorState;

/// A page of user memory as the kernel sees it: read once, through volatile accessors only.
struct alignas(kPageSize) DataPage {
  static constexpr ObjectType kType = ObjectType::Data;
  volatile u64 words[kPageSize / 8];
};

// Each array is the whole of memory seen as frames of one type; the port gives all of them one address.
extern "C" {
extern Thread threads[];
extern Region regions[];
extern AddressSpace address_spaces[];
extern CapabilitySpace capability_spaces[];
extern CapabilityTable capability_tables[];
extern SchedulingContext scheduling_contexts[];
extern Endpoint endpoints[];
extern Notification notifications[];
extern PageTable page_tables[];
extern Share shares[];
extern Interrupt interrupts[];
extern IoPorts io_port_ranges[];
extern Guest guests[];
extern VectorState vector_states[];
extern DataPage data_pages[];
}

template <class T>
struct ViewArray;
template <>
struct ViewArray<Thread> {
  static Thread* array() { return threads; }
};
template <>
struct ViewArray<Region> {
  static Region* array() { return regions; }
};
template <>
struct ViewArray<AddressSpace> {
  static AddressSpace* array() { return address_spaces; }
};
template <>
struct ViewArray<CapabilitySpace> {
  static CapabilitySpace* array() { return capability_spaces; }
};
template <>
struct ViewArray<CapabilityTable> {
  static CapabilityTable* array() { return capability_tables; }
};
template <>
struct ViewArray<SchedulingContext> {
  static SchedulingContext* array() { return scheduling_contexts; }
};
template <>
struct ViewArray<Endpoint> {
  static Endpoint* array() { return endpoints; }
};
template <>
struct ViewArray<Notification> {
  static Notification* array() { return notifications; }
};
template <>
struct ViewArray<PageTable> {
  static PageTable* array() { return page_tables; }
};
template <>
struct ViewArray<Share> {
  static Share* array() { return shares; }
};
template <>
struct ViewArray<Interrupt> {
  static Interrupt* array() { return interrupts; }
};
template <>
struct ViewArray<IoPorts> {
  static IoPorts* array() { return io_port_ranges; }
};
template <>
struct ViewArray<Guest> {
  static Guest* array() { return guests; }
};
template <>
struct ViewArray<VectorState> {
  static VectorState* array() { return vector_states; }
};
template <>
struct ViewArray<DataPage> {
  static DataPage* array() { return data_pages; }
};

/// The object of type T in `frame`, which must hold one: the proof shows that of every use in the kernel that ships, so that only host builds look.
template <class T>
inline T& view(FrameNumber frame) {
  if constexpr (arch::kChecksViews) ASSERT(info(frame).type == T::kType);
  return ViewArray<T>::array()[frame.raw];
}

/// The frame that an object lies in.
template <class T>
inline FrameNumber frame_of(const T& object) {
  return FrameNumber(u32(&object - ViewArray<T>::array()));
}

}  // namespace pith
