// What the supervisor says of the components of a system, for those who test it.
#pragma once
#include <cstdlib>
#include <string_view>

#include "protocols/supervisor.h"

namespace pith {

/// The index of a component; 0, which is root's, if there is none of that name.
inline u64 component_called(const protocols::SupervisorClient& supervisor, std::string_view wanted) {
  u64 count = supervisor.count().value_or(0);
  for (u64 i = 0; i < count; i++) {
    Result<Bytes> name = supervisor.name(i);
    if (name && name->text() == wanted) return i;
  }
  return 0;
}

/// The number behind `key` in a component's state; ~0 if there is none.
inline u64 number_in_state(const protocols::SupervisorClient& supervisor, u64 component, std::string_view key) {
  Result<Bytes> state = supervisor.state(component);
  std::string_view text = state ? state->text() : "";
  usize at = text.find(key);
  return at == text.npos ? ~u64{0} : strtoul(text.data() + at + key.size(), nullptr, 10);
}

}  // namespace pith
