// Where lwIP's variables begin.
#pragma once

namespace pith::network {

/// In the event that begins the state: gives lwIP's variables, which are zero, the values that they begin with. In a component they lie in
/// the vault (vault_variables.cpp), where no program is loaded to.
void load_variables();
/// The vault's size that they need at least: they lie at its end.
unsigned long vault_bytes_needed();

}  // namespace pith::network
