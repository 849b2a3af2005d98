// Refuses interfaces that contradict themselves or do not fit the messages that carry them.
#pragma once
#include "tools/idl/model.h"

namespace pith::idl {

/// Checks all files together; reports every mistake it finds.
void check(const Model& model, Diagnostics& diagnostics);

}  // namespace pith::idl
