// Calls of the network stack, and its doorbell.
#include "personality/linux/native_network.h"

#include <cstring>

#include "abi/kernel.h"
#include "lib/retry.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/network.h"

namespace pith::personality {

namespace {

template <class T>
Result<T> value_of(std::span<const std::byte> bytes) {
  T value;
  if (bytes.size() != sizeof value) return Error::BadMessage;
  memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class T>
Result<T> value_of(Result<Bytes> answer) {
  if (!answer) return answer.error();
  return value_of<T>(answer->data);
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

/// Stateless but for the doorbell: any thread may call, one waits.
class NativeNetwork final : public NetworkService {
 public:
  NativeNetwork(CapabilitySlot slot, CapabilitySlot doorbell, std::span<std::byte> memory) : client_{slot}, doorbell_{doorbell}, memory_(memory) {
    // This component serves nobody: whoever rings it wakes the thread that waits below, and not the first one.
    (void)own_.bind(kNoSlot);
  }

  std::span<std::byte> memory() override { return memory_; }
  void ring() override { (void)doorbell_.signal(0); }
  Result<void> wait() override {
    Result<u64> bits = uninterrupted([&] { return own_.wait(0); });
    return bits ? Result<void>() : Result<void>(bits.error());
  }

  Result<u64> open(u64 kind, u64 family, u64 protocol) override {
    return uninterrupted([&] { return client_.open(kind, family, protocol); });
  }
  Result<void> bind(u64 socket, const network::Address& address) override {
    return uninterrupted([&] { return client_.bind(socket, bytes_of(address)); });
  }
  Result<void> connect(u64 socket, const network::Address& address) override {
    return uninterrupted([&] { return client_.connect(socket, bytes_of(address)); });
  }
  Result<void> listen(u64 socket, u64 backlog) override {
    return uninterrupted([&] { return client_.listen(socket, backlog); });
  }
  Result<AcceptedSocket> accept(u64 socket) override {
    auto answer = uninterrupted([&] { return client_.accept(socket); });
    if (!answer) return answer.error();
    return AcceptedSocket{answer->accepted, TRY(value_of<network::Address>(answer->address))};
  }
  Result<void> shutdown(u64 socket, u64 how) override {
    return uninterrupted([&] { return client_.shutdown(socket, how); });
  }
  Result<void> close(u64 socket, u64 abort) override {
    return uninterrupted([&] { return client_.close(socket, abort); });
  }
  Result<network::Address> own_address(u64 socket) override {
    return value_of<network::Address>(uninterrupted([&] { return client_.own_address(socket); }));
  }
  Result<network::Address> partner(u64 socket) override {
    return value_of<network::Address>(uninterrupted([&] { return client_.partner(socket); }));
  }
  Result<void> set_option(u64 socket, u64 option, u64 value) override {
    return uninterrupted([&] { return client_.set_option(socket, option, value); });
  }
  Result<u64> option(u64 socket, u64 option) override {
    return uninterrupted([&] { return client_.option(socket, option); });
  }
  Result<network::Interface> interface_state(u64 number) override {
    auto answer = uninterrupted([&] { return client_.interface_state(number); });
    if (!answer) return answer.error();
    network::Interface state = {};
    if (answer->data.size() < sizeof state) return Error::BadMessage;
    memcpy(&state, answer->data.data(), sizeof state);
    return state;
  }
  Result<void> configure(u64 number, u64 changes, const network::Interface& state) override {
    return uninterrupted([&] { return client_.configure(number, changes, bytes_of(state)); });
  }
  Result<std::string> status(u64 from) override {
    auto answer = uninterrupted([&] { return client_.status(from); });
    if (!answer) return answer.error();
    return std::string(answer->text());
  }

 private:
  protocols::NetworkClient client_;
  kernel::Notification doorbell_;
  kernel::Notification own_{ComponentSlot::Notification};
  std::span<std::byte> memory_;
};

}  // namespace

std::unique_ptr<NetworkService> connect_network() {
  const StartInformation& start = start_information();
  std::string own(start.name, strnlen(start.name, sizeof start.name));
  Result<CapabilitySlot> slot = find_slot("network"), doorbell = find_doorbell("network");
  Result<SharedMemory> memory = find_memory(own + "-network");
  if (!slot || !doorbell || !memory || memory->bytes.size() < network::kMemoryBytes) return nullptr;
  return std::make_unique<NativeNetwork>(*slot, *doorbell, memory->bytes);
}

}  // namespace pith::personality
