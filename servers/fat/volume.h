// A FAT volume on a disk behind a ring of requests: names, nodes, contents. Its state lies in the vault; what it does there it does in
// events, which the caller begins, and which are taken back when it cannot go on.
#pragma once
#include <optional>
#include <span>
#include <string_view>

#include "abi/error.h"
#include "base/result.h"
#include "lib/block_client.h"
#include "protocols/files_layout.h"
#include "servers/fat/names.h"
#include "servers/fat/state.h"
#include "servers/fat/times.h"

namespace pith::fat {

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
  /// The memory that a client shares with the service and the disk. Errors: NotFound.
  virtual Result<ClientMemory> memory_of(u32 session) = 0;
  /// Which instance of the session's component makes the call in progress.
  virtual u32 instance_of_caller() = 0;
  /// Ends the event, which is taken back: a call's is run again when something has moved.
  [[noreturn]] virtual void wait() = 0;
  /// Ends the event, which is taken back and not run again.
  [[noreturn]] virtual void give_up(Error why) = 0;
  virtual void answer_read(Token token, Result<u64> length) = 0;
  virtual void answer_write(Token token, Result<u64> length, u64 size) = 0;
  virtual void answer_sync(Token token, Result<void> result) = 0;

 protected:
  ~Surroundings() = default;
};

struct Information {
  u64 blocks, free_blocks;
  u32 block_size, flags;
};

/// One name in a directory, with everything that belongs to it.
struct Item {
  DirectoryEntry entry;
  u64 positions[21];  ///< of its entries, the one with the cluster last
  u32 count;
  u32 index;  ///< of the first of them in the directory
  u32 next;   ///< of what follows
  bool has_long_name;
  Name long_name;

  u64 position() const { return positions[count - 1]; }
  u32 first() const { return u32{entry.first_high} << 16 | entry.first_low; }
  Name name() const { return has_long_name ? long_name : name_of(entry); }
  bool is_called(const Name& name) const { return (has_long_name && is_same(long_name, name)) || is_same(name_of(entry), name); }
};

class Volume {
 public:
  /// `memory`: kDiskMemoryBytes that are shared with the disk alone, the ring first. `partition`: from 1 on; 0: all of the disk.
  Volume(State& state, Surroundings& surroundings, const SharedMemory& memory, CapabilitySlot disk, u32 partition);

  // Each of these is all that its event does. Errors as in protocols/files.idl.
  Result<Information> information();
  Result<files::Attributes> root();
  Result<files::Attributes> lookup(u64 directory, std::string_view name);
  Result<files::Attributes> attributes(u64 node);
  Result<files::Attributes> set_attributes(u64 node, u64 changes, const files::Attributes& to);
  Result<files::Attributes> create(u64 directory, u64 mode, std::string_view name);
  enum class Kind { File, Directory };
  Result<void> remove(u64 directory, Kind kind, std::string_view name);
  enum class Rename { Replace, NoReplace };
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
  Result<u64> allocate(u64 node, u64 offset, u64 length, u64 flags);

  /// Between events: takes what the disk has done, and hands it more. Whether calls that wait should be tried again.
  bool look();
  /// Whether advance() has something to do, which is an event of its own.
  bool is_due();
  void advance();
  /// Nanoseconds since boot at which is_due() should be asked; 0: never.
  u64 deadline();

 private:
  // Sectors in memory (cache.cpp).
  Frame* find_frame(u64 sector);
  Frame& need(u64 sector);
  std::byte* bytes_of(const Frame& frame) { return state_.sectors[&frame - state_.frames]; }
  std::byte* change(Frame& frame);
  Frame& add_zero_frame(u64 sector, u32 flags);
  void drop_frame(Frame& frame);
  void want(u64 sector);
  void insert_arrived();
  void make_room();

  // Mounting (mount.cpp).
  void mount_step();
  class WholeDisk;
  Result<void> find_partition();
  Result<void> open_volume();
  Result<void> read_geometry(const std::byte* boot);
  void read_information();
  void count_step();

  // The table of clusters (table.cpp).
  u32 end_mark() const {
    return state_.geometry.width == Width::Fat12 ? 0xfff : state_.geometry.width == Width::Fat16 ? 0xffff : 0x0fffffff;
  }
  u32 entry(u32 cluster);
  void set_entry(u32 cluster, u32 value);
  std::optional<u32> try_entry(u32 cluster);
  u64 table_place(u32 cluster) const;
  u32 take_cluster(u32 near);
  u32 find_free(u32 from, u32 to);
  Result<bool> try_extend(Node& node, u32 clusters);
  std::optional<u32> try_walk(Node& node, u32 index);
  void free_chain(u32 cluster, Kind kind);
  void wait_for_space();
  u64 promised_to_others(const Node& node) const;
  void free_step();
  bool cut_step();
  void unmark_full(u32 cluster);

  bool changed_too_much() const { return state_.changed_frames > kFrames / 8 * 5; }

  // Directories, named by their first cluster, 0 being the root (directory.cpp).
  template <class F>
  void for_each_entry(u32 directory, u32 from, F&& visit);
  template <class F>
  void scan(u32 directory, u32 from, F&& visit);
  bool find(u32 directory, const Name& name, Item& item);
  bool is_empty(u32 directory);
  bool find_room(u32 directory, u32 count, u64* positions);
  void grow_directory(u32 directory);
  DirectoryEntry& entry_at(u64 position);
  void put_long_name(const u64* positions, u32 pieces, const Name& name, u8 checksum);
  ShortName choose_short_name(u32 directory, const Name& name);
  u64 put_new(u32 directory, const Name& name, DirectoryEntry& entry);
  enum class When { Now, Later };
  void take_away(const Item& item, When when);
  u32 new_directory(u32 parent, const DirectoryEntry& stamps);
  bool is_below(u32 directory, u32 ancestor);

  // Nodes (nodes.cpp).
  void begin_call();
  void begin_change();
  Result<u32> find_node(u64 number);
  Result<u32> find_directory(u64 number);
  Result<u32> node_for(const DirectoryEntry& entry, u64 position);
  Node* node_at(u64 position);
  u64 number_at(u64 position);
  void put_back(Node& node);
  void drop_if_unused(Node& node);
  void lose_name(Node& node);
  void move_name(Node& node, u64 position);
  void touch(Node& node);
  files::Attributes describe(const Node& node);
  u32 clusters_of(u64 bytes) const { return u32((bytes + state_.geometry.cluster_bytes() - 1) / state_.geometry.cluster_bytes()); }
  bool is_busy(const Node& node) const { return node.holds != 0 || node.transfers != 0; }
  bool is_incomplete(const Node& node) const { return node.valid < node.size() || (node.flags & Node::kHasExcess) != 0; }
  Result<void> resize(Node& node, u64 size);
  void set_first(Node& node, u32 cluster);
  void forget_holds(u32 session);

  // Contents (contents.cpp, transfers.cpp).
  Result<void> add_transfer(Transfer::Kind kind, u32 session, Token token, u32 node, u64 offset, u64 length, u64 place);
  bool may_plan(u32 transfer);
  bool plan_some();
  void plan(u32 transfer);
  void plan_read(Transfer& transfer, Node& node);
  void plan_write(Transfer& transfer, Node& node);
  bool plan_zeroes(Transfer& transfer, Node& node);
  std::optional<u64> try_place(Node& node, u64 offset, u64 most, u64& length);
  void finish_piece(u32 transfer, block::Outcome outcome);
  void end_transfer(Transfer& transfer, Result<void> result);
  std::span<std::byte> client_bytes(const Transfer& transfer);
  std::byte* bounce_of(u32 transfer) { return memory_.bytes.data() + kBounceBuffers + u64{transfer} * kBounceBytes; }

  // Rounds (round.cpp).
  bool has_changes() const;
  bool is_round_due();
  bool is_stage_due();
  void stage_step();
  void go_on_to(Stage stage);
  void end_stage();
  void fill_step();
  bool needs_fill() const;
  bool has_to_free() const;
  bool is_of_stage(const Frame& frame) const;

  // Requests (requests.cpp).
  enum class Purpose : u8 { None, Read, Transfer, Write };
  struct Slot {
    Purpose purpose;
    u8 index;
  };
  struct Read {
    u64 sector;
    u8 count;
    u8 is_used, is_done, is_good, is_void;
  };
  bool take_done();
  bool submit_all();
  void submit_reads();
  void submit_transfers();
  void submit_stage();
  bool submit(block::Request request, Purpose purpose, u32 index);
  void submit_run(u64 sector, u32 count, u32 staged, u32 copies);
  void submit_single();
  void submit_frames();
  void start_stage();
  /// Of the partition, or of the disk as long as that is not known.
  u64 sectors_of_disk() const { return state_.sectors_of_partition != 0 ? state_.sectors_of_partition : client_.sectors(); }

  State& state_;
  Surroundings& surroundings_;
  SharedMemory memory_;
  u32 partition_;
  block::Client client_;

  // Of this instance only: what is under way, and what makes things quicker.
  bool is_settling_ = true;  // requests of the instance before may still arrive
  bool is_new_ = false;      // requests were submitted, and the disk is to be told
  bool wants_round_ = false;
  bool wants_room_ = false;
  bool is_waiting_[kTransfers] = {};  // for a sector of the table
  bool has_missed_ = false;
  bool is_mount_waiting_ = false, is_stage_waiting_ = false;
  Slot slots_[block::kMostRequests] = {};
  Read reads_[kReads] = {};
  u64 wanted_[kReads] = {};
  u32 wanted_count_ = 0;
  u64 bad_sector_ = kNowhere;
  bool is_under_way_[kTransfers] = {}, is_done_[kTransfers] = {};
  block::Outcome outcomes_[kTransfers] = {};
  // Of a stage: its frames by sector, which of them comes next, requests under way, what became of it.
  Stage started_ = Stage::None;
  u32 order_[kFrames] = {};
  u32 order_count_ = 0, cursor_ = 0, writes_ = 0;
  bool is_flushed_ = false, is_flushing_ = false, is_stage_done_ = false, has_failed_ = false;
  u8 is_recent_[kFrames] = {};
  u32 hand_ = 0;
  bool has_looked_again_ = false;
  static constexpr u32 kTableSectors = 1 << 16;
  u64 full_[kTableSectors / 64] = {};  // sectors of the table without a free cluster, as bits; those that lie farther behind are looked at
};

}  // namespace pith::fat
