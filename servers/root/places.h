// Fixed places in root's own address space beside those of abi/boot_information.h.
#pragma once
#include "abi/start_information.h"

namespace pith::root {

/// Of 2 MiB: what a vault and its log may take.
inline constexpr u64 kMostVaultShares = 8;
/// Where pages of an instance, or a vault, are seen while root fills or reads them: so many shares.
inline constexpr u64 kCopyWindow = kShareWindow;
/// Where the watchdog's page of the chip set is seen: the next share.
inline constexpr u64 kChipSetWindow = kCopyWindow + kMostVaultShares * 512 * kPageSize;

}  // namespace pith::root
