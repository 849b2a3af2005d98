// The service of a host's folder: the methods of the files protocol.
#pragma once
#include "lib/vault/state.h"
#include "lib/vault/transactional.h"
#include "protocols/files_server.h"
#include "servers/host_folder/folder.h"

namespace pith::host_folder {

class Service : public vault::Transactional<protocols::FilesServer>, protected Surroundings {
 public:
  /// `device`: null where there is none.
  Service(CapabilitySlot endpoint, State& state, virtio_ninep::Device* device)
      : Transactional(endpoint), folder_(state, static_cast<Surroundings&>(*this), device) {}

  Result<protocols::FilesStateResult> state(Session session) override;
  Result<Bytes> root(Session session, std::span<std::byte, 104> room) override;
  Result<Bytes> lookup(Session session, u64 directory, std::span<const std::byte> name, std::span<std::byte, 104> room) override;
  Result<Bytes> attributes(Session session, u64 node, std::span<std::byte, 104> room) override;
  Result<Bytes> set_attributes(Session session, u64 node, u64 changes, std::span<const std::byte> to,
                               std::span<std::byte, 104> room) override;
  Result<Bytes> create(Session session, u64 directory, u64 mode, u64 owner, u64 device, std::span<const std::byte> name,
                       std::span<std::byte, 104> room) override;
  Result<Bytes> link(Session session, u64 directory, u64 node, std::span<const std::byte> name, std::span<std::byte, 104> room) override;
  Result<Bytes> symlink(Session session, u64 directory, u64 owner, u64 place, u64 length, std::span<const std::byte> name,
                        std::span<std::byte, 104> room) override;
  Result<u64> read_link(Session session, u64 node, u64 place) override;
  Result<void> remove(Session session, u64 directory, u64 is_directory, std::span<const std::byte> name) override;
  Result<void> rename(Session session, u64 from, u64 to, u64 flags, u64 place, u64 lengths) override;
  Result<protocols::FilesListResult> list(Session session, u64 directory, u64 cookie, u64 place, u64 room) override;
  Result<void> read(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) override;
  Result<void> write(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) override;
  Result<void> sync(Session session, Token token, u64 node) override;
  Result<void> hold(Session session, u64 node) override;
  Result<void> release(Session session, u64 node) override;
  Result<u64> allocate(Session session, u64 node, u64 offset, u64 length, u64 flags) override;

  bool look() override { return folder_.look(); }
  bool is_due() override { return folder_.is_due(); }
  void advance() override { folder_.advance(); }

 protected:
  ~Service() = default;

 private:
  vault::CallName caller() override;
  u32 instance_of_caller() override;
  [[noreturn]] void wait() override;
  void answer_read(Token token, Result<u64> length) override { reply_read(token, length); }
  void answer_write(Token token, Result<u64> length, u64 size) override;
  void answer_sync(Token token, Result<void> result) override { reply_sync(token, result); }
  Result<std::span<std::byte>> memory_at(Session session, u64 place, u64 length);

  Folder folder_;
};

}  // namespace pith::host_folder
