// Calls of file system servers.
#include "personality/linux/native_files.h"

#include <cstring>

#include "lib/retry.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/files.h"

namespace pith::personality {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

Result<files::Attributes> attributes_of(Result<Bytes> answer) {
  if (!answer) return answer.error();
  files::Attributes attributes;
  if (answer->data.size() != sizeof attributes) return Error::BadMessage;
  memcpy(&attributes, answer->data.data(), sizeof attributes);
  return attributes;
}

/// Stateless: any thread may call.
class NativeFiles final : public FileService {
 public:
  NativeFiles(CapabilitySlot slot, std::span<std::byte> memory) : client_{slot}, memory_(memory) {}

  std::span<std::byte> memory() override { return memory_; }
  Result<FilesystemState> state() override {
    auto answer = uninterrupted([&] { return client_.state(); });
    if (!answer) return answer.error();
    return FilesystemState{answer->blocks,      answer->free_blocks, u32(answer->nodes),
                           answer->nodes >> 32, u32(answer->form),   answer->form >> 32};
  }
  Result<files::Attributes> root() override {
    return attributes_of(uninterrupted([&] { return client_.root(); }));
  }
  Result<files::Attributes> lookup(u64 directory, std::string_view name) override {
    return attributes_of(uninterrupted([&] { return client_.lookup(directory, bytes_of(name)); }));
  }
  Result<files::Attributes> attributes(u64 node) override {
    return attributes_of(uninterrupted([&] { return client_.attributes(node); }));
  }
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& attributes) override {
    return attributes_of(uninterrupted([&] { return client_.set_attributes(node, changes, std::as_bytes(std::span(&attributes, 1))); }));
  }
  Result<files::Attributes> create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) override {
    return attributes_of(uninterrupted([&] { return client_.create(directory, mode, owner, device, bytes_of(name)); }));
  }
  Result<files::Attributes> link(u64 directory, u64 node, std::string_view name) override {
    return attributes_of(uninterrupted([&] { return client_.link(directory, node, bytes_of(name)); }));
  }
  Result<files::Attributes> symlink(u64 directory, u64 owner, u64 place, u64 length, std::string_view name) override {
    return attributes_of(uninterrupted([&] { return client_.symlink(directory, owner, place, length, bytes_of(name)); }));
  }
  Result<u64> read_link(u64 node, u64 place) override {
    return uninterrupted([&] { return client_.read_link(node, place); });
  }
  Result<void> remove(u64 directory, u64 is_directory, std::string_view name) override {
    return uninterrupted([&] { return client_.remove(directory, is_directory, bytes_of(name)); });
  }
  Result<void> rename(u64 from, u64 to, u64 flags, u64 place, u64 lengths) override {
    return uninterrupted([&] { return client_.rename(from, to, flags, place, lengths); });
  }
  Result<NameList> list(u64 directory, u64 cookie, u64 place, u64 room) override {
    auto answer = uninterrupted([&] { return client_.list(directory, cookie, place, room); });
    if (!answer) return answer.error();
    return NameList{answer->length, answer->next};
  }
  Result<u64> read(u64 node, u64 offset, u64 length, u64 place) override {
    return uninterrupted([&] { return client_.read(node, offset, length, place); });
  }
  Result<Written> write(u64 node, u64 offset, u64 length, u64 place) override {
    auto answer = uninterrupted([&] { return client_.write(node, offset, length, place); });
    if (!answer) return answer.error();
    return Written{answer->length, answer->size};
  }
  Result<void> sync(u64 node) override {
    return uninterrupted([&] { return client_.sync(node); });
  }
  Result<void> hold(u64 node) override {
    return uninterrupted([&] { return client_.hold(node); });
  }
  Result<void> release(u64 node) override {
    return uninterrupted([&] { return client_.release(node); });
  }
  Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags) override {
    return uninterrupted([&] { return client_.allocate(node, offset, length, flags); });
  }

 private:
  protocols::FilesClient client_;
  std::span<std::byte> memory_;
};

}  // namespace

std::vector<NamedFileService> connect_file_services() {
  std::vector<NamedFileService> services;
  const StartInformation& start = start_information();
  std::string own(start.name, strnlen(start.name, sizeof start.name));
  for (u32 index = 0; index < start.slot_count && index < StartInformation::kSlots; index++) {
    const NamedSlot& slot = start.slots[index];
    if (slot.kind != u32(image::GrantKind::Service)) continue;
    std::string name(slot.name, strnlen(slot.name, sizeof slot.name));
    Result<SharedMemory> memory = find_memory(own + "-" + name);
    if (name == "network" || !memory) continue;
    services.push_back({name, std::make_unique<NativeFiles>(CapabilitySlot(slot.slot), memory->bytes)});
  }
  return services;
}

}  // namespace pith::personality
