// What the personality needs of a file system server, as plain functions: protocols/files.idl behind a seam.
#pragma once
#include <span>
#include <string_view>

#include "base/result.h"
#include "protocols/files_layout.h"

namespace pith::personality {

/// Of a whole file system; sizes in blocks of `block_size` bytes.
struct FilesystemState {
  u64 blocks = 0, free_blocks = 0, nodes = 0, free_nodes = 0;
  u64 block_size = kPageSize;
  u64 flags = 0;  ///< files::Flag
};

/// A part of a directory's names: files::Entry of `length` bytes in all; 0: that was all. `next`: the cookie to go on with.
struct NameList {
  u64 length = 0, next = 0;
};

struct Written {
  u64 length = 0, size = 0;  ///< bytes that were written; the file's size afterwards
};

/// Every member may block and is called without the environment's lock, from several threads at once. A server that is started again
/// meanwhile answers later. Errors as in protocols/files.idl.
class FileService {
 public:
  virtual ~FileService() = default;
  /// What `place` is an offset in.
  virtual std::span<std::byte> memory() = 0;
  virtual Result<FilesystemState> state() = 0;
  virtual Result<files::Attributes> root() = 0;
  virtual Result<files::Attributes> lookup(u64 directory, std::string_view name) = 0;
  virtual Result<files::Attributes> attributes(u64 node) = 0;
  virtual Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& attributes) = 0;
  virtual Result<files::Attributes> create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) = 0;
  virtual Result<files::Attributes> link(u64 directory, u64 node, std::string_view name) = 0;
  virtual Result<files::Attributes> symlink(u64 directory, u64 owner, u64 place, u64 length, std::string_view name) = 0;
  virtual Result<u64> read_link(u64 node, u64 place) = 0;
  virtual Result<void> remove(u64 directory, u64 is_directory, std::string_view name) = 0;
  virtual Result<void> rename(u64 from, u64 to, u64 flags, u64 place, u64 lengths) = 0;
  virtual Result<NameList> list(u64 directory, u64 cookie, u64 place, u64 room) = 0;
  virtual Result<u64> read(u64 node, u64 offset, u64 length, u64 place) = 0;
  virtual Result<Written> write(u64 node, u64 offset, u64 length, u64 place) = 0;
  virtual Result<void> sync(u64 node) = 0;
  virtual Result<void> hold(u64 node) = 0;
  virtual Result<void> release(u64 node) = 0;
  virtual Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags) = 0;
};

}  // namespace pith::personality
