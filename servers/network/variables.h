// Where lwIP's variables begin.
#pragma once

namespace pith::network {

/// In the event that begins the state: gives lwIP's variables, which are zero, the values that they begin with. In a component they lie in
/// the vault (vault_variables.cpp), where no program is loaded to.
void load_variables();

}  // namespace pith::network
