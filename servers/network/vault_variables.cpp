// lwIP's variables in the vault (component.ld).
#include <cstring>

#include "abi/vault.h"
#include "lib/vault/bulk.h"
#include "servers/network/state.h"
#include "servers/network/variables.h"

extern "C" std::byte lwip_data_begin[], lwip_variables_end[];
extern "C" const std::byte lwip_initial_begin[], lwip_initial_end[];

namespace pith::network {

static_assert(sizeof(State) < 0x3ff000, "the state ends before lwIP's variables begin");

/// Without a log: there is no state yet that a crash could bring back.
void load_variables() { vault::store_unlogged(lwip_data_begin, {lwip_initial_begin, usize(lwip_initial_end - lwip_initial_begin)}); }

unsigned long vault_bytes_needed() { return reinterpret_cast<u64>(lwip_variables_end) - vault::kAddress; }

}  // namespace pith::network
