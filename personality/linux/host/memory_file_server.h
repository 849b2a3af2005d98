// Host: a file system server in memory, for tests and for runs on the build machine: answers as protocols/files.idl says, and counts what
// it is asked.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "personality/linux/file_service.h"

namespace pith::personality {

class MemoryFileServer final : public FileService {
 public:
  explicit MemoryFileServer(u64 blocks = 16384, u64 shared_bytes = 1 << 20);

  std::span<std::byte> memory() override { return memory_; }
  Result<FilesystemState> state() override;
  Result<files::Attributes> root() override;
  Result<files::Attributes> lookup(u64 directory, std::string_view name) override;
  Result<files::Attributes> attributes(u64 node) override;
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& attributes) override;
  Result<files::Attributes> create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) override;
  Result<files::Attributes> link(u64 directory, u64 node, std::string_view name) override;
  Result<files::Attributes> symlink(u64 directory, u64 owner, u64 place, u64 length, std::string_view name) override;
  Result<u64> read_link(u64 node, u64 place) override;
  Result<void> remove(u64 directory, u64 is_directory, std::string_view name) override;
  Result<void> rename(u64 from, u64 to, u64 flags, u64 place, u64 lengths) override;
  Result<NameList> list(u64 directory, u64 cookie, u64 place, u64 room) override;
  Result<u64> read(u64 node, u64 offset, u64 length, u64 place) override;
  Result<Written> write(u64 node, u64 offset, u64 length, u64 place) override;
  Result<void> sync(u64 node) override;
  Result<void> hold(u64 node) override;
  Result<void> release(u64 node) override;
  Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags) override;

  /// What a path's file holds on the "medium".
  std::string content(std::string_view path);
  u64 node_count() const { return nodes_.size(); }
  u64 used_blocks() const { return used_; }

  u64 calls = 0, reads = 0, writes = 0, syncs = 0, lookups = 0;
  u64 strangers = 0;                  ///< calls for nodes that are gone
  std::function<void()> before_call;  ///< runs before each, without any lock
  Error write_error = kSuccess;       ///< what writes answer instead
  u64 flags = 0;

 private:
  struct Node {
    files::Attributes attributes = {};
    std::map<u64, std::string> blocks = {};
    std::map<std::string, u64, std::less<>> names = {};
    std::string target = {};
    u64 parent = 0;
    u64 holds = 0;
  };
  struct Call {
    explicit Call(MemoryFileServer& server);
    std::unique_lock<std::mutex> lock;
  };
  Result<Node*> find(u64 node);
  Result<Node*> find_directory(u64 node);
  Result<files::Attributes> add(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name, std::string_view target);
  void free_if_unused(u64 node);
  Result<void> put_block(Node& node, u64 index);
  void cut(Node& node, u64 size);
  bool is_below(u64 node, u64 ancestor);

  std::vector<std::byte> memory_;
  std::map<u64, Node> nodes_;
  std::vector<u64> free_numbers_;
  u64 next_number_ = 3, capacity_, used_ = 0;
  std::mutex mutex_;
};

}  // namespace pith::personality
