// Root as it is: it hurts nobody.
#include "abi/error.h"
#include "servers/root/injection/injection.h"

namespace pith::root {

Result<protocols::RootInjectResult> Injection::run(Fault, u64) { return Error::NotSupported; }

}  // namespace pith::root
