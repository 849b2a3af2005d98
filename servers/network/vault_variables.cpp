// lwIP's variables in the vault (vault.ld).
#include <cstring>

#include "abi/vault.h"
#include "lib/vault/bulk.h"
#include "servers/network/variables.h"

extern "C" std::byte lwip_data_begin[], lwip_data_end[], lwip_variables_end[];
extern "C" const std::byte lwip_initial_begin[], lwip_initial_end[];

namespace pith::network {

/// Without a log: there is no state yet that a crash could bring back.
void load_variables() { vault::store_unlogged(lwip_data_begin, {lwip_initial_begin, usize(lwip_initial_end - lwip_initial_begin)}); }

}  // namespace pith::network
