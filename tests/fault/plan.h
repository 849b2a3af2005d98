// What a torture does: how many faults of which kinds, in whom, from which seed. Read from words `NAME=VALUE` of a command line.
#pragma once
#include <string_view>

#include "servers/root/injection/fault.h"

namespace pith::torture {

inline constexpr std::string_view kFaultNames[root::kFaults] = {"none", "kill", "hang", "bitflip", "instruction", "garbage"};
inline constexpr std::string_view kMomentNames[] = {"idle", "called", "inside", "committed"};

/// The value of the word `NAME=VALUE`; empty when there is none.
std::string_view value_of(std::string_view text, std::string_view name);

struct Plan {
  u64 seed = 1;
  u64 faults = 300;
  std::string_view targets;  ///< names with commas between them; empty: all that the torture knows
  root::Fault kinds[root::kFaults] = {root::Fault::Kill};
  u32 kind_count = 1;

  bool has_target(std::string_view name) const;
};

/// Words that are not there leave what the plan has; kinds that nobody knows are left out.
void read(std::string_view text, Plan& plan);

}  // namespace pith::torture
