// The fake machine has no control registers; what a test may set and see of it is in kernel/arch/host/hardware.h.
#pragma once
#include "base/types.h"
