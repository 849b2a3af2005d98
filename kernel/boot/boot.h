// From a machine with free frames to a running root component.
#pragma once
#include "abi/boot_information.h"

namespace pith {

/// What the port found out.
struct BootFacts {
  u64 image_start, image_size;  ///< physical
  BootInformation information;  ///< the port's fields: cpus, counter, acpi_root, wall_clock, seed, command_line
};

/// Makes the first region (all free frames), and root as component 0 of the boot image. Null, or why it cannot: the image is damaged or memory too small.
const char* start_root(const BootFacts& facts);

}  // namespace pith
