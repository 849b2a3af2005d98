// Which environments may bind which ports: what the component's arguments say before the packet filter's rules.
//
//   PORTS  = "ports" NAME PORT ["-" PORT]
//
// Ports below 49152 only: those above are given out by the stack, to whoever asks. What no range covers is anybody's who is first. The same
// port may have several owners.
#pragma once
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace pith::network {

class PortOwners {
 public:
  /// Takes all PORTS that `text` begins with off it, and the commas after them. Errors: BadArgument, from then on nobody may have a port;
  /// `text` begins with what is wrong. `text` must outlive this object.
  Result<void> parse(std::string_view& text);
  /// Whether the component called `name` may have `port`.
  bool may_have(std::string_view name, u32 port) const;

 private:
  static constexpr usize kMost = 16;

  struct Range {
    std::string_view name;
    u32 first, last;
  };

  Range ranges_[kMost] = {};
  usize count_ = 0;
  bool is_broken_ = false;
};

}  // namespace pith::network
