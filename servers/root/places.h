// Fixed places in root's own address space beside those of abi/boot_information.h.
#pragma once
#include "abi/start_information.h"

namespace pith::root {

/// Where pages of an instance are seen while root fills or reads them: one share.
inline constexpr u64 kCopyWindow = kShareWindow;
/// Where the watchdog's page of the chip set is seen: the next share.
inline constexpr u64 kChipSetWindow = kShareWindow + 512 * kPageSize;

}  // namespace pith::root
