// The packet filter: rules from the component's arguments that say who may begin a conversation.
//
//   RULES  = RULE {"," RULE}
//   RULE   = ("allow" | "deny") ["in" | "out"] ("tcp" | "udp" | "icmp" | "any") [PORT ["-" PORT]] [("from" | "to") ADDRESS ["/" BITS]]
//
// The first rule that fits decides; what none fits is allowed. Without "in" or "out" a rule is for what comes in. In: connections that
// others begin, datagrams to ports below 49152 (higher ones the stack chooses itself), requests for an echo; the port is ours. Out:
// connections and datagrams of clients; the port is the partner's. DHCP is the stack's own and not filtered, nor are the loopback interface
// and what IPv6 needs to find neighbours.
#pragma once
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace pith::network {

class Filter {
 public:
  enum class Direction : u8 { In, Out };
  enum class Protocol : u8 { Any, Tcp, Udp, Icmp };

  /// A packet, as far as rules look at it. `address`: the partner's, 4 or 16 bytes.
  struct Packet {
    Direction direction;
    Protocol protocol;
    u32 port;
    std::span<const u8> address;
  };

  /// What is wrong with rules, and at which byte of them.
  struct Problem {
    const char* what;
    usize place;
  };

  /// Replaces the rules. With a problem there are none, and nothing is allowed in. Errors: BadArgument, with `problem` set.
  Result<void> parse(std::string_view text, Problem& problem);
  bool allows(const Packet& packet) const;
  bool is_empty() const { return count_ == 0 && !is_broken_; }

 private:
  static constexpr usize kMost = 32;

  struct Rule {
    bool allows;
    Direction direction;
    Protocol protocol;
    u32 first_port, last_port;
    u8 address[16];
    u8 length;  ///< of the address: 4, 16, or 0: any
    u8 bits;
  };

  class Parser;
  static bool fits(const Rule& rule, const Packet& packet);

  Rule rules_[kMost];
  usize count_ = 0;
  bool is_broken_ = false;
};

}  // namespace pith::network
