// Interfaces by name, their addresses, masks, flags and routes.
#include "personality/linux/network/interfaces.h"

#include "personality/linux/environment.h"
#include "personality/linux/network/internet_socket.h"
#include "personality/linux/proc/proc.h"
#include "personality/linux/services.h"

namespace pith::personality {

namespace {

constexpr u64 kMostInterfaces = 16;
constexpr u32 kUp = 1, kHasLink = 2, kLoopback = 4;

struct Request {
  static constexpr u32 AddRoute = 0x890b, DeleteRoute = 0x890c, GetName = 0x8910, GetAll = 0x8912, GetFlags = 0x8913, SetFlags = 0x8914,
                       GetAddress = 0x8915, SetAddress = 0x8916, GetPartner = 0x8917, GetBroadcast = 0x8919, SetBroadcast = 0x891a,
                       GetMask = 0x891b, SetMask = 0x891c, GetMetric = 0x891d, GetMtu = 0x8921, SetMtu = 0x8922, GetHardware = 0x8927,
                       GetIndex = 0x8933, GetQueue = 0x8942, SetQueue = 0x8943, GetMap = 0x8970;
};

/// struct ifreq.
struct InterfaceRequest {
  char name[16];
  u8 value[24];

  void set_number(u32 number) { memcpy(value, &number, sizeof number); }
  u32 number() const {
    u32 result;
    memcpy(&result, value, sizeof result);
    return result;
  }
  void set_address(const u8 (&bytes)[4]) {
    u16 family = SocketFamily::Internet4;
    memset(value, 0, sizeof value);
    memcpy(value, &family, sizeof family);
    memcpy(value + 4, bytes, 4);
  }
};
static_assert(sizeof(InterfaceRequest) == 40);

/// struct rtentry.
struct RouteRequest {
  u64 pad1;
  u8 destination[16], gateway[16], mask[16];
  u16 flags;
  int16_t pad2;
  u32 pad3;
  u64 pad4;
  u8 service, type;
  int16_t pad5[3];
  int16_t metric;
  u8 pad6[6];
  u64 device, mtu, window;
  u16 round_trip;
};

struct Found {
  network::Interface state;
  u64 number;
};

Result<network::Interface> state_of(u64 number) {
  NetworkService* stack = environment().services.network();
  if (!stack) return LinuxError::NoSuchDevice;
  Unlocked unlocked;
  return stack->interface_state(number);
}

Result<Found> find_interface(std::string_view name) {
  // An alias (eth0:1) is its interface: there is one address for each.
  name = name.substr(0, name.find(':'));
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    if (name == std::string_view(state->name, strnlen(state->name, sizeof state->name))) return Found{*state, number};
  }
  return LinuxError::NoSuchDevice;
}

Result<void> configure(const Found& found, u64 changes) {
  Result<void> done;
  {
    Unlocked unlocked;
    done = environment().services.network()->configure(found.number, changes, found.state);
  }
  return done ? Result<void>() : Result<void>(done.error() == Error::Denied ? LinuxError::NotPermitted : network_error(done.error()));
}

u32 linux_flags(const network::Interface& state) {
  constexpr u32 kLinuxUp = 1, kBroadcast = 2, kLinuxLoopback = 8, kRunning = 0x40, kMulticast = 0x1000;
  u32 flags = state.flags & kUp ? kLinuxUp : 0;
  if (state.flags & kHasLink || state.flags & kLoopback) flags |= kRunning;
  return flags | (state.flags & kLoopback ? kLinuxLoopback : kBroadcast | kMulticast);
}

void broadcast_of(const network::Interface& state, u8 (&result)[4]) {
  for (u32 index = 0; index < 4; index++) result[index] = u8(state.address[index] | ~state.mask[index]);
}

/// The mask that goes with an address when nobody says another one.
void class_mask(const u8 (&address)[4], u8 (&mask)[4]) {
  u32 bytes = address[0] < 128 ? 1 : address[0] < 192 ? 2 : 3;
  for (u32 index = 0; index < 4; index++) mask[index] = index < bytes ? 255 : 0;
}

Result<void> get_field(u32 request, const Found& found, InterfaceRequest& answer) {
  const network::Interface& state = found.state;
  switch (request) {
    case Request::GetFlags: {
      u16 flags = u16(linux_flags(state));
      memcpy(answer.value, &flags, sizeof flags);
      return {};
    }
    case Request::GetAddress:
    case Request::GetPartner: {
      constexpr u8 kNone[4] = {};
      if (memcmp(state.address, kNone, sizeof kNone) == 0) return LinuxError::AddressNotAvailable;
      answer.set_address(state.address);
      return {};
    }
    case Request::GetBroadcast: {
      u8 address[4];
      broadcast_of(state, address);
      answer.set_address(address);
      return {};
    }
    case Request::GetMask:
      answer.set_address(state.mask);
      return {};
    case Request::GetMetric:
      answer.set_number(0);
      return {};
    case Request::GetMtu:
      answer.set_number(state.mtu);
      return {};
    case Request::GetHardware: {
      constexpr u16 kEthernet = 1, kLoopbackType = 772;
      u16 type = state.flags & kLoopback ? kLoopbackType : kEthernet;
      memset(answer.value, 0, sizeof answer.value);
      memcpy(answer.value, &type, sizeof type);
      memcpy(answer.value + sizeof type, state.hardware, 6);
      return {};
    }
    case Request::GetIndex:
      answer.set_number(u32(found.number) + 1);
      return {};
    case Request::GetQueue:
      answer.set_number(1000);
      return {};
    case Request::GetMap:
      memset(answer.value, 0, sizeof answer.value);
      return {};
    default:
      return LinuxError::NotTerminal;
  }
}

Result<void> set_field(Task& task, u32 request, Found found, const InterfaceRequest& wanted) {
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  switch (request) {
    case Request::SetFlags: {
      u16 flags;
      memcpy(&flags, wanted.value, sizeof flags);
      found.state.flags = (found.state.flags & ~kUp) | (flags & 1 ? kUp : 0);
      return configure(found, network::InterfaceChange::Flags);
    }
    case Request::SetAddress:
      memcpy(found.state.address, wanted.value + 4, 4);
      class_mask(found.state.address, found.state.mask);
      return configure(found, network::InterfaceChange::Address);
    case Request::SetMask:
      memcpy(found.state.mask, wanted.value + 4, 4);
      return configure(found, network::InterfaceChange::Address);
    default:
      return {};  // broadcast addresses follow from the mask; lengths of queues and of packets stay
  }
}

Result<u64> list_interfaces(Task& task, GuestAddress argument) {
  struct List {
    u32 length, pad;
    u64 buffer;
  };
  List list = TRY(read_guest<List>(task.memory(), argument));
  std::vector<InterfaceRequest> all;
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    InterfaceRequest item = {};
    memcpy(item.name, state->name, sizeof item.name);
    item.set_address(state->address);
    constexpr u8 kNone[4] = {};
    if (memcmp(state->address, kNone, sizeof kNone) != 0) all.push_back(item);
  }
  u64 bytes = all.size() * sizeof(InterfaceRequest);
  if (list.buffer) {
    if (bytes > list.length) bytes = list.length / sizeof(InterfaceRequest) * sizeof(InterfaceRequest);
    TRY(copy_to_guest(task.memory(), GuestAddress(list.buffer), all.data(), bytes));
  }
  list.length = u32(bytes);
  TRY(write_guest(task.memory(), argument, list));
  return u64{0};
}

/// The stack has one gateway for each interface, which is where everything else goes: that is the route that can be set.
Result<u64> change_route(Task& task, u32 request, GuestAddress argument) {
  constexpr u16 kGateway = 2;
  if (!task.process.credentials.is_root()) return LinuxError::NotPermitted;
  RouteRequest route = TRY(read_guest<RouteRequest>(task.memory(), argument));
  constexpr u8 kNone[4] = {};
  bool is_default = memcmp(route.destination + 4, kNone, 4) == 0 && memcmp(route.mask + 4, kNone, 4) == 0;
  char name[16] = {};
  if (route.device) (void)copy_string(task.memory(), name, GuestAddress(route.device), sizeof name - 1);
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    Found found{*state, number};
    bool reaches = true;
    for (u32 index = 0; index < 4; index++)
      reaches = reaches && ((route.gateway[4 + index] ^ state->address[index]) & state->mask[index]) == 0;
    bool is_named = name[0] && strncmp(name, state->name, sizeof state->name) == 0;
    if (state->flags & kLoopback || (name[0] ? !is_named : !reaches && request == Request::AddRoute)) continue;
    if (!is_default || (request == Request::AddRoute && !(route.flags & kGateway))) {
      // Routes to the interface's own network are there as long as its address is.
      return is_named || reaches ? Result<u64>(u64{0}) : Result<u64>(LinuxError::NotSupported);
    }
    if (request == Request::DeleteRoute && memcmp(state->gateway, kNone, 4) == 0) continue;
    memset(found.state.gateway, 0, 4);
    if (request == Request::AddRoute) memcpy(found.state.gateway, route.gateway + 4, 4);
    TRY(configure(found, network::InterfaceChange::Gateway));
    return u64{0};
  }
  return request == Request::AddRoute ? LinuxError::NetworkUnreachable : LinuxError::NoProcess;
}

std::string name_of(const network::Interface& state) { return std::string(state.name, strnlen(state.name, sizeof state.name)); }

u32 word_of(const u8 (&bytes)[4]) {
  u32 word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace

Result<u64> control_interfaces(Task& task, u32 request, GuestAddress argument) {
  if (request < Request::AddRoute || request > Request::GetMap) return LinuxError::NotTerminal;
  if (request == Request::AddRoute || request == Request::DeleteRoute) return change_route(task, request, argument);
  if (request == Request::GetAll) return list_interfaces(task, argument);
  InterfaceRequest item = TRY(read_guest<InterfaceRequest>(task.memory(), argument));
  if (request == Request::GetName) {
    network::Interface state = TRY(state_of(u64{item.number()} - 1));
    memcpy(item.name, state.name, sizeof item.name);
    TRY(write_guest(task.memory(), argument, item));
    return u64{0};
  }
  Found found = TRY(find_interface(std::string_view(item.name, strnlen(item.name, sizeof item.name))));
  switch (request) {
    case Request::SetFlags:
    case Request::SetAddress:
    case Request::SetMask:
    case Request::SetBroadcast:
    case Request::SetMtu:
    case Request::SetQueue:
      TRY(set_field(task, request, found, item));
      return u64{0};
    default:
      TRY(get_field(request, found, item));
      TRY(write_guest(task.memory(), argument, item));
      return u64{0};
  }
}

Result<std::string> network_devices_text(Task&) {
  std::string text =
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    auto number_of = [](u64 value) { return static_cast<unsigned long long>(value); };
    text += format("%6s: %7llu %7llu    0 %4llu    0     0          0         0 %8llu %7llu    0    0    0     0       0          0\n",
                   name_of(*state).c_str(), number_of(state->received_bytes), number_of(state->received_packets), number_of(state->dropped),
                   number_of(state->sent_bytes), number_of(state->sent_packets));
  }
  return text;
}

Result<std::string> network_routes_text(Task&) {
  std::string text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    if (!(state->flags & kUp) || state->flags & kLoopback || !word_of(state->address)) continue;
    std::string name = name_of(*state);
    if (word_of(state->gateway))
      text += format("%s\t00000000\t%08X\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", name.c_str(), word_of(state->gateway));
    u32 mask = word_of(state->mask);
    text += format("%s\t%08X\t00000000\t0001\t0\t0\t0\t%08X\t0\t0\t0\n", name.c_str(), word_of(state->address) & mask, mask);
  }
  return text;
}

Result<std::string> network_addresses6_text(Task&) {
  std::string text;
  for (u64 number = 0; number < kMostInterfaces; number++) {
    Result<network::Interface> state = state_of(number);
    if (!state) break;
    for (u32 index = 0; index < state->address6_count && index < 3; index++) {
      const u8* bytes = state->addresses6[index];
      for (u32 place = 0; place < 16; place++) text += format("%02x", bytes[place]);
      bool is_host = state->flags & kLoopback, is_link = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
      text += format(" %02llx %s %s 80 %8s\n", static_cast<unsigned long long>(number + 1), is_host ? "80" : "40",
                     is_host   ? "10"
                     : is_link ? "20"
                               : "00",
                     name_of(*state).c_str());
    }
  }
  return text;
}

}  // namespace pith::personality
