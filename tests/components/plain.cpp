// What services ask of their vault, without one.
#include "tests/components/plain.h"

namespace pith {

plain::Intended plain::intended;

/// Services that answer later are not compared.
void vault::answer_call(Token, const ipc::Answer&) { __builtin_trap(); }

Result<void> vault::intend_call(CapabilitySlot endpoint, const Words& words, u32 length, u64 then) {
  plain::intended = {true, then, ipc::call_message(endpoint, words, length)};
  return {};
}

}  // namespace pith
