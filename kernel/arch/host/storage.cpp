// The typed views of the fake machine: real separate arrays, so that code that relies on two views being one address fails here.
#include <cstring>

#include "abi/types.h"
#include "kernel/arch/host/hardware.h"

// This file alone sees the views as bytes; kernel/memory/view.h declares what they are to everybody else.
#define PITH_VIEW(name) alignas(kPageSize) u8 name[u64{pith::host::kFrames} * kPageSize]
extern "C" {
PITH_VIEW(threads);
PITH_VIEW(regions);
PITH_VIEW(address_spaces);
PITH_VIEW(capability_spaces);
PITH_VIEW(capability_tables);
PITH_VIEW(scheduling_contexts);
PITH_VIEW(endpoints);
PITH_VIEW(notifications);
PITH_VIEW(page_tables);
PITH_VIEW(shares);
PITH_VIEW(interrupts);
PITH_VIEW(io_port_ranges);
PITH_VIEW(guests);
PITH_VIEW(vector_states);
PITH_VIEW(data_pages);
PITH_VIEW(platforms);
}

namespace pith::arch {

namespace {
u8* const kViews[] = {threads,
                      regions,
                      address_spaces,
                      capability_spaces,
                      capability_tables,
                      scheduling_contexts,
                      endpoints,
                      notifications,
                      page_tables,
                      shares,
                      interrupts,
                      io_port_ranges,
                      guests,
                      vector_states,
                      data_pages,
                      platforms};
}

extern "C" void clear_frame(FrameNumber frame, u32 words) {
  constexpr u8 kNoise = 0xa5;
  for (u8* view : kViews) {
    u8* page = view + u64{frame.raw} * kPageSize;
    std::memset(page, 0, words * 8);
    std::memset(page + words * 8, kNoise, kPageSize - words * 8);
  }
}

}  // namespace pith::arch
