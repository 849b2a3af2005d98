// An ext4 file system on a disk behind a ring of requests: names, nodes, contents, its journal. Its state lies in the vault; what it does
// there it does in events, which the caller begins, and which are taken back when it cannot go on.
#pragma once
#include <span>
#include <string_view>

#include "abi/error.h"
#include "base/result.h"
#include "protocols/block_ring.h"
#include "protocols/files_layout.h"
#include "servers/ext4/library.h"
#include "servers/ext4/state.h"

extern "C" {
void* pith_ext4_calloc(size_t count, size_t size);
void pith_ext4_free(void* place);
}

namespace pith::ext4 {

struct ClientMemory {
  u32 number;
  std::span<std::byte> bytes;
};

/// What a volume needs of the rest of the system.
class Surroundings {
 public:
  /// Nanoseconds since 1970, and since boot.
  virtual u64 wall_clock() = 0;
  virtual u64 time() = 0;
  virtual void ring_disk() = 0;
  /// The memory that a client shares with the service. Errors: NotFound.
  virtual Result<ClientMemory> memory_of(u32 session) = 0;
  /// Ends the event, which is taken back: to be run again when a block has arrived, or a transaction is on the medium.
  [[noreturn]] virtual void wait() = 0;
  /// Ends the event, which is taken back and not run again.
  [[noreturn]] virtual void give_up(Error why) = 0;
  virtual void answer_read(Token token, Result<u64> length) = 0;
  virtual void answer_write(Token token, Result<u64> length, u64 size) = 0;
  virtual void answer_sync(Token token, Result<void> result) = 0;

 protected:
  ~Surroundings() = default;
};

/// The disk, and what is shared with it: memory whose first page is the ring.
struct DiskLink {
  std::span<std::byte> memory;  ///< kDiskMemoryBytes
  u32 number;                   ///< of that memory
  u32 partition;                ///< which one to use, from 1 on; 0: all of the disk
  block::Ring& ring() const { return *reinterpret_cast<block::Ring*>(memory.data()); }
};

/// How far a request has come; who has seen Done sees all that the other side has stored before.
inline block::State state_of(const block::Request& request) {
  return block::State(__atomic_load_n(reinterpret_cast<const u32*>(&request.state), __ATOMIC_ACQUIRE));
}
inline void set_state(block::Request& request, block::State state) {
  __atomic_store_n(reinterpret_cast<u32*>(&request.state), u32(state), __ATOMIC_RELEASE);
}

using Node = ext2_ino_t;
using Inode = ext2_inode_large;

struct Information {
  u64 blocks, free_blocks, nodes, free_nodes;
  u32 block_size, flags;
};

/// Where contents lie: `count` blocks from `physical` on; 0: a hole.
struct Extent {
  u64 physical;
  u64 count;
  bool is_unwritten;
};

class Volume {
 public:
  Volume(State& state, Surroundings& surroundings, DiskLink disk);

  // Each of these is all that its event does. Errors as in protocols/files.idl.
  Result<Information> information();
  Result<files::Attributes> root();
  Result<files::Attributes> lookup(u64 directory, std::string_view name);
  Result<files::Attributes> attributes(u64 node);
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& to);
  Result<files::Attributes> create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name);
  Result<files::Attributes> link(u64 directory, u64 node, std::string_view name);
  Result<files::Attributes> symlink(u64 directory, u64 owner, std::string_view text, std::string_view name);
  Result<u64> read_link(u64 node, std::span<std::byte> to);
  enum class Kind { File, Directory };
  Result<void> remove(u64 directory, Kind kind, std::string_view name);
  enum class Rename : u32 { Replace = 0, NoReplace = 1, Exchange = 2 };
  Result<void> rename(u64 from, std::string_view old_name, u64 to, std::string_view new_name, Rename how);
  struct Listed {
    u64 length, next;
  };
  Result<Listed> list(u64 directory, u64 cookie, std::span<std::byte> to);
  Result<void> read(u32 session, Token token, u64 node, u64 offset, u64 length, u64 place);
  Result<void> write(u32 session, Token token, u64 node, u64 offset, u64 length, u64 place);
  Result<void> sync(Token token, u64 node);
  Result<void> hold(u32 session, u64 node);
  Result<void> release(u32 session, u64 node);
  static constexpr u64 kKeepSize = 1, kTakeAway = 2;
  Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags);

  /// Between events: takes what the disk has done, and hands it more. Whether calls that wait should be tried again.
  bool look();
  /// Whether advance() has something to do, which is an event of its own.
  bool is_due();
  void advance();
  /// Nanoseconds since boot at which is_due() should be asked; 0: never.
  u64 deadline();
  /// Event: makes the journal empty and marks the file system as not in use, once all is written; is_closed() says when that is. It serves
  /// nobody any more then. Errors: Busy while anything is being done.
  Result<void> close();
  bool is_closed() const { return state_.mount == Mount::Failed && state_.mount_error == Error(0); }
  bool is_mounted() const { return state_.mount == Mount::Ready; }
  Error mount_error() const { return state_.mount_error; }

  // For the library's calls of what it takes to be its own functions.
  static Volume& of(ext2_filsys) { return *current_; }
  errcode_t read_bytes(u64 offset, u64 length, void* to);
  errcode_t write_bytes(u64 offset, u64 length, const void* from);
  errcode_t find_free(u64 goal, u64 most, u64* first, u64* count);
  errcode_t take_blocks(u64 first, u64 count);
  void free_blocks(u64 first, u64 count);
  errcode_t clear_block(u64 block);
  u64 goal_of(Node node, const ext2_inode* inode);
  [[noreturn]] void damaged() { surroundings_.give_up(Error::Damaged); }

 private:
  friend struct Mounting;
  // Events (volume.cpp).
  void begin_event();
  Result<void> begin_call();
  Result<void> begin_change();
  void end_change();
  Error error_of(errcode_t code);
  Result<void> check(errcode_t code) {
    if (code == 0) [[likely]]
      return {};
    return error_of(code);
  }
  [[noreturn]] void wait();

  // The cache of metadata (cache.cpp).
  Frame* find_frame(u64 block);
  std::byte* bytes_of(const Frame* frame) { return state_.blocks[frame - state_.frames]; }
  Frame* need(u64 block, errcode_t& code);
  Frame* add_frame(u64 block);
  void unlink_frame(Frame* frame);
  void mark_dirty(Frame* frame);
  void forget_blocks(u64 first, u64 count);
  void forget_all_blocks();
  void want(u64 block);
  bool has_arrived() const;
  void insert_arrived();
  u64 block_limit() const;

  // Which blocks and nodes are free (allocation.cpp).
  struct GroupMap {
    Frame* frame;
    std::byte* bits;
  };
  errcode_t block_map(u32 group, GroupMap& map);
  errcode_t node_map(u32 group, GroupMap& map);
  void mark_group(u32 group);
  bool is_freed(u64 block, u64& until) const;
  errcode_t new_node(Node near, u32 mode, Node& node);
  void set_node_used(Node node, u32 mode);
  void set_node_free(Node node, u32 mode);
  errcode_t write_groups();

  // Nodes (nodes.cpp).
  Result<void> get(u64 node, Inode& inode);
  Result<void> get_live(u64 node, Inode& inode);
  Result<void> get_directory(u64 node, Inode& inode);
  Result<void> put(u64 node, Inode& inode);
  files::Attributes describe(u64 node, const Inode& inode);
  enum Times : u32 { kAccess = 1, kModification = 2, kChange = 4, kBirth = 8 };
  void touch(Inode& inode, u32 which);
  void set_size(Inode& inode, u64 size);
  Result<void> put_changed(u64 node, Inode& inode);
  u64 most_bytes(const Inode& inode) const;
  Result<Node> make_node(u64 parent, u32 mode, u64 owner, u64 device, Inode& inode);
  bool is_held(u64 node) const;
  bool is_busy(u64 node) const;
  void wait_for_contents(u64 node);
  Result<void> drop_link(u64 node, Inode& inode);
  Result<void> add_orphan(u64 node, Inode& inode);
  Result<void> remove_orphan(u64 node, Inode& inode);
  Result<void> load_orphans();
  u64* find_orphan(u64 node);
  bool can_work_on(u64 orphan) const;
  bool has_orphan_work() const;
  void work_on_orphans();
  Result<bool> take_away_some(u64 node, Inode& inode, u64 from);
  Result<bool> take_away_indirect(u64 node, Inode& inode, u64 from);
  Result<void> free_attributes_block(u64 node, Inode& inode);

  // Names (names.cpp, index.cpp).
  static Result<void> check_name(std::string_view name);
  Result<Node> find_name(u64 directory, const Inode& inode, std::string_view name);
  Result<void> add_name(u64 directory, std::string_view name, u64 node, u32 mode);
  Result<void> remove_name(u64 directory, std::string_view name);
  Result<void> replace_entry(u64 directory, std::string_view name, u64 node, u32 mode);
  Result<Node> find_in_index(u64 directory, Inode& inode, std::string_view name);
  Result<void> make_index(u64 directory, Inode& inode, u64 second);
  Result<void> grow_directory(u64 directory, Inode& inode);
  Result<void> write_first_block(u64 directory, u64 parent, Inode& inode);
  Result<bool> is_empty(u64 directory);
  Result<bool> is_below(u64 directory, u64 ancestor);
  Result<void> count_directory(u64 parent, i32 difference);

  // Contents (contents.cpp, transfers.cpp).
  Result<Extent> map(u64 node, Inode& inode, u64 block, u64 most);
  enum class Fill { Written, Unwritten };
  Result<u64> fill(u64 node, Inode& inode, u64 block, u64 count, Fill how, bool& is_first_fresh, bool& is_last_fresh);
  Result<void> add_extent(u64 node, Inode& inode, u64 block, u64 physical, u64 count, Fill how);
  Transfer* new_transfer(Transfer::Kind kind, u64 node);
  bool has_finished(const Transfer& transfer);
  void advance_transfer(Transfer& transfer);
  Result<bool> plan_read(Transfer& transfer, Inode& inode);
  Result<bool> plan_write(Transfer& transfer, Inode& inode);
  void finish_transfer(Transfer& transfer, Result<void> result);
  void request(Transfer& transfer, Transfer::Step step, u64 sector, u32 length, u64 piece, u32 skip);
  bool submit_transfers();
  std::byte* buffer_of(const Transfer& transfer);
  ClientMemory memory_of(const Transfer& transfer);

  // The journal (journal.cpp, replay.cpp).
  bool is_round_due();
  void begin_round();
  void end_transaction();
  Result<void> stage_transaction();
  void next_stage();
  void answer_syncs(u64 round, Result<void> result);
  bool submit_writes();
  bool has_stage_finished() const;
  struct Run {
    u64 physical;
    u32 count;
  };
  Run journal_run(u32 logical) const;
  u32 next_write(u32 from, block::Request& request) const;
  u32 stage_writes() const;
  std::byte* staging(u32 index) { return disk_.memory.data() + kStaging + u64{index} * state_.block_size; }
  u32 capacity() const;
  void stage_superblock(u32 sequence, u32 start);
  Result<void> stage_filesystem_superblock();
  u32 checksum_of_block(u32 sequence, const std::byte* bytes) const;
  u32 tags_in_descriptor() const;
  void fail_journal();

  // From a disk to a file system (mount.cpp, replay.cpp).
  void advance_mount();
  Result<void> open_library();
  Result<void> look_at_torn_superblock();
  Result<void> read_journal_superblock();
  Result<void> find_journal_runs();
  Result<bool> scan_some();
  Result<bool> replay_some();
  const std::byte* journal_block(u32 logical);
  bool is_control_block_sound(const std::byte* bytes) const;
  u32 count_tags(const std::byte* bytes) const;
  struct Tag {
    u64 block;
    u32 flags, checksum;
  };
  bool read_tag(const std::byte* bytes, u32& offset, Tag& tag) const;
  Result<void> remember_revokes(const std::byte* bytes, u32 sequence);
  bool is_revoked(u64 block, u32 sequence) const;
  u32 after(u32 position, u32 count) const;
  void set_mount_error(Error error);

  ext2_filsys fs() const { return state_.library; }
  u64 group_of(u64 block) const { return (block - fs()->super->s_first_data_block) / fs()->super->s_blocks_per_group; }

  static inline Volume* current_ = nullptr;

  State& state_;
  Surroundings& surroundings_;
  DiskLink disk_;

  // Of this instance only.
  struct Wanted {
    u64 block;
    u32 is_requested, has_failed;
  };
  bool is_settled_ = false;  // requests of the instance before are done
  bool is_in_background_ = false;
  bool is_background_waiting_ = false;
  u64 bad_orphan_ = 0;            // found so in the event before
  bool is_round_wanted_ = false;  // the cache is full of what is not yet written
  u32 reads_left_ = 0;
  u64 clock_ = 0;           // counts events
  u64 used_[kFrames] = {};  // when a frame was used last
  Wanted wanted_[kReads] = {};
  u64 failed_[kReads] = {};  // + 1
  u32 failed_next_ = 0;
  Stage stage_ = Stage::None;  // whose requests these are
  u32 stage_number_ = 0, submitted_[kWrites] = {};
  u32 next_write_ = 0;  // of the stage's blocks
  u32 outstanding_ = 0;
  bool is_flush_sent_ = false, is_flushed_ = false, has_write_failed_ = false;
};

}  // namespace pith::ext4
