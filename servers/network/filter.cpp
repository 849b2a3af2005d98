// Reads the packet filter's rules, and applies them.
#include "servers/network/filter.h"

#include <charconv>
#include <cstring>

#include "abi/error.h"
#include "lwip/ip_addr.h"

namespace pith::network {

/// Words of the text, one after another.
class Filter::Parser {
 public:
  Parser(std::string_view text, Problem& problem) : text_(text), problem_(problem) {}

  bool is_at_end() const { return place_ == text_.size(); }
  std::string_view peek() const { return text_.substr(place_, word_length()); }
  bool take(std::string_view word) {
    if (peek() != word) return false;
    skip();
    return true;
  }
  void skip() {
    place_ += word_length();
    skip_blanks();
  }
  void skip_blanks() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\n')) place_++;
  }
  Error refuse(const char* what) {
    problem_ = {what, place_};
    return Error::BadArgument;
  }

  Result<Rule> rule() {
    Rule rule = {};
    rule.last_port = 0xffff;
    if (take("allow")) {
      rule.allows = true;
    } else if (!take("deny")) {
      return refuse("a rule begins with allow or deny");
    }
    if (take("out")) {
      rule.direction = Direction::Out;
    } else {
      take("in");
    }
    rule.protocol = TRY(protocol());
    if (!peek().empty() && peek()[0] >= '0' && peek()[0] <= '9') TRY(ports(rule));
    if (take("from") || take("to")) TRY(address(rule));
    if (!is_at_end() && !take(",")) return refuse("here should be a comma, or nothing");
    return rule;
  }

 private:
  usize word_length() const {
    if (place_ < text_.size() && text_[place_] == ',') return 1;
    usize end = place_;
    while (end < text_.size() && text_[end] != ' ' && text_[end] != ',' && text_[end] != '\n') end++;
    return end - place_;
  }

  Result<Protocol> protocol() {
    if (take("tcp")) return Protocol::Tcp;
    if (take("udp")) return Protocol::Udp;
    if (take("icmp")) return Protocol::Icmp;
    if (take("any")) return Protocol::Any;
    return refuse("here should be tcp, udp, icmp or any");
  }

  /// All of `text` as a number up to `most`.
  Result<u32> number(std::string_view text, u32 most, const char* what) {
    u32 value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most) return refuse(what);
    return value;
  }

  Result<void> ports(Rule& rule) {
    constexpr const char* kWhat = "here should be a port, or two with a hyphen between";
    if (rule.protocol != Protocol::Tcp && rule.protocol != Protocol::Udp) return refuse("only tcp and udp have ports");
    std::string_view word = peek();
    usize hyphen = word.find('-');
    rule.first_port = rule.last_port = TRY(number(word.substr(0, hyphen), 0xffff, kWhat));
    if (hyphen != word.npos) rule.last_port = TRY(number(word.substr(hyphen + 1), 0xffff, kWhat));
    if (rule.last_port < rule.first_port) return refuse("the second port is below the first");
    skip();
    return {};
  }

  Result<void> address(Rule& rule) {
    std::string_view word = peek();
    usize slash = word.find('/');
    std::string_view name = word.substr(0, slash);
    char copy[48] = {};
    ip_addr_t address;
    if (name.size() >= sizeof copy) return refuse("here should be an address");
    memcpy(copy, name.data(), name.size());
    if (!ipaddr_aton(copy, &address)) return refuse("here should be an address");
    rule.length = IP_IS_V4_VAL(address) ? 4 : 16;
    memcpy(rule.address, rule.length == 4 ? &ip_2_ip4(&address)->addr : ip_2_ip6(&address)->addr, rule.length);
    rule.bits = u8(rule.length * 8);
    if (slash != word.npos) rule.bits = u8(TRY(number(word.substr(slash + 1), rule.length * 8, "the address has not so many bits")));
    skip();
    return {};
  }

  std::string_view text_;
  usize place_ = 0;
  Problem& problem_;
};

Result<void> Filter::parse(std::string_view text, Problem& problem) {
  count_ = 0;
  is_broken_ = true;
  Parser parser(text, problem);
  parser.skip_blanks();
  usize count = 0;
  while (!parser.is_at_end()) {
    if (count == kMost) return parser.refuse("there are too many rules");
    rules_[count++] = TRY(parser.rule());
  }
  count_ = count;
  is_broken_ = false;
  return {};
}

bool Filter::fits(const Rule& rule, const Packet& packet) {
  if (rule.direction != packet.direction) return false;
  if (rule.protocol != Protocol::Any && rule.protocol != packet.protocol) return false;
  if (rule.protocol == Protocol::Tcp || rule.protocol == Protocol::Udp) {
    if (packet.port < rule.first_port || packet.port > rule.last_port) return false;
  }
  if (rule.length == 0) return true;
  if (rule.length != packet.address.size()) return false;
  for (u32 bit = 0; bit < rule.bits; bit++) {
    u8 mask = u8(0x80 >> bit % 8);
    if (((rule.address[bit / 8] ^ packet.address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool Filter::allows(const Packet& packet) const {
  if (is_broken_) return packet.direction == Direction::Out;
  for (usize i = 0; i < count_; i++) {
    if (fits(rules_[i], packet)) return rules_[i].allows;
  }
  return true;
}

}  // namespace pith::network
