// Reading the boot image: every offset and size is checked before it is used.
#pragma once
#include "abi/boot_image.h"

namespace pith {

/// Checks header, checksum, tables, and root's segments of the image at `base` in a module of `size` bytes. Null, or what is wrong.
const char* check_image(const u8* base, u64 size);

}  // namespace pith
