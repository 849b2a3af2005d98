// The layout of a type as text, from debug information: what must be equal for one program to go on with what another one has left.
#pragma once
#include <cstdint>
#include <string>

#include <llvm/DebugInfo/DWARF/DWARFDie.h>

namespace pith::layout {

/// One line for each field of `type`: offset, name, and what it is; fields of fields behind their own. Names of types are left out, those
/// of fields and enumerators are not: a field that is called otherwise means something else. `problem` is set where a type is not one that
/// a vault can hold: a pointer to a function or to a member, a reference, a class with virtual functions.
std::string describe(llvm::DWARFDie type, std::string& problem);

/// FNV-1a of a description; never 0.
uint64_t hash_of(const std::string& description);

/// The value of the static constant `name` in a class, or 0.
uint64_t constant_of(llvm::DWARFDie type, const char* name);

}  // namespace pith::layout
