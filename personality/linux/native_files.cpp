// Calls of a file system server. An interruption of the calling thread does not end them: a server answers in time, and what it was asked
// for may have been done.
#include "personality/linux/native_files.h"

#include <cstring>

#include "lib/retry.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/files.h"

namespace pith::personality {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

class NativeFiles final : public FileService {
 public:
  NativeFiles(CapabilitySlot server, std::span<std::byte> memory) : client_{server}, memory_(memory) {}

  std::span<std::byte> memory() override { return memory_; }
  Result<FilesystemState> state() override {
    auto state = uninterrupted([&] { return client_.state(); });
    if (!state) return state.error();
    return FilesystemState{state->blocks, state->free_blocks, state->nodes, state->free_nodes, u32(state->form), state->form >> 32};
  }
  Result<files::Attributes> root() override {
    return attributes_of([&] { return client_.root(); });
  }
  Result<files::Attributes> lookup(u64 directory, std::string_view name) override {
    return attributes_of([&] { return client_.lookup(directory, bytes_of(name)); });
  }
  Result<files::Attributes> attributes(u64 node) override {
    return attributes_of([&] { return client_.attributes(node); });
  }
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& attributes) override {
    return attributes_of([&] { return client_.set_attributes(node, changes, std::as_bytes(std::span(&attributes, 1))); });
  }
  Result<files::Attributes> create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) override {
    return attributes_of([&] { return client_.create(directory, mode, owner, device, bytes_of(name)); });
  }
  Result<files::Attributes> link(u64 directory, u64 node, std::string_view name) override {
    return attributes_of([&] { return client_.link(directory, node, bytes_of(name)); });
  }
  Result<files::Attributes> symlink(u64 directory, u64 owner, u64 place, u64 length, std::string_view name) override {
    return attributes_of([&] { return client_.symlink(directory, owner, place, length, bytes_of(name)); });
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
    auto list = uninterrupted([&] { return client_.list(directory, cookie, place, room); });
    if (!list) return list.error();
    return NameList{list->length, list->next};
  }
  Result<u64> read(u64 node, u64 offset, u64 length, u64 place) override {
    return uninterrupted([&] { return client_.read(node, offset, length, place); });
  }
  Result<Written> write(u64 node, u64 offset, u64 length, u64 place) override {
    auto written = uninterrupted([&] { return client_.write(node, offset, length, place); });
    if (!written) return written.error();
    return Written{written->length, written->size};
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
  template <class Call>
  static Result<files::Attributes> attributes_of(Call call) {
    auto bytes = uninterrupted(call);
    if (!bytes) return bytes.error();
    files::Attributes attributes;
    if (bytes->size() != sizeof attributes) return Error::BadMessage;
    memcpy(&attributes, bytes->data.data(), sizeof attributes);
    return attributes;
  }

  protocols::FilesClient client_;
  std::span<std::byte> memory_;
};

}  // namespace

std::vector<NamedFiles> connect_file_services() {
  constexpr std::string_view kEnd = "-files";
  std::vector<NamedFiles> found;
  const StartInformation& start = start_information();
  for (u32 i = 0; i < start.memory_count; i++) {
    std::string_view name(start.memories[i].name, strnlen(start.memories[i].name, sizeof start.memories[i].name));
    if (!name.ends_with(kEnd)) continue;
    auto memory = find_memory(name);
    name.remove_suffix(kEnd.size());
    auto server = find_slot(name);
    if (memory && server) found.push_back({std::string(name), std::make_unique<NativeFiles>(*server, memory->bytes)});
  }
  return found;
}

}  // namespace pith::personality
