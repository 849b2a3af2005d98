// A host's folder as a file system: what the methods of the files protocol do, as scripts that ask the host.
#pragma once
#include "abi/error.h"
#include "lib/driver_memory.h"
#include "servers/host_folder/host.h"
#include "servers/host_folder/state.h"

namespace pith::host_folder {

/// What the folder is in: events, clients.
class Surroundings {
 public:
  /// Ends a call's event: it is run again when something has moved.
  [[noreturn]] virtual void wait() = 0;
  /// That the session's client shares with this component. Errors: NotFound.
  virtual Result<ClientMemory> memory_of(u32 session) = 0;
  virtual vault::CallName caller() = 0;
  virtual u32 instance_of_caller() = 0;
  virtual void answer_read(Token token, Result<u64> length) = 0;
  virtual void answer_write(Token token, Result<u64> length, u64 size) = 0;
  virtual void answer_sync(Token token, Result<void> result) = 0;

 protected:
  ~Surroundings() = default;
};

/// Of the host's file system.
struct Space {
  u64 block_size, blocks, free_blocks, nodes, free_nodes;
};

struct Listed {
  u64 length, next;
};

class Folder {
 public:
  Folder(State& state, Surroundings& surroundings, virtio_ninep::Device* device);

  // Calls that change nothing at the host.
  Result<Space> space();
  bool is_read_only() const { return host_.is_read_only(); }
  Result<files::Attributes> root();
  Result<files::Attributes> lookup(u64 directory, std::string_view name);
  Result<files::Attributes> attributes(u64 number);
  Result<Listed> list(u64 directory, u64 cookie, std::span<std::byte> to);
  Result<u64> read_link(u64 number, std::span<std::byte> to);
  Result<void> hold(u32 session, u64 number);
  Result<void> release(u32 session, u64 number);

  /// Calls that change something: `wanted` without `caller`; `text` of a symbolic link. Answers what the job has left of the file.
  Result<files::Attributes> change(const Job& wanted, std::string_view text = {});
  /// Calls that are answered later: without `order` and `done`.
  Result<void> transfer(const Transfer& wanted);

  bool look();
  bool is_due();
  void advance();

 private:
  struct HostAttributes {
    Qid qid;
    files::Attributes attributes;
  };
  using Seen = std::optional<HostAttributes>;

  // nodes.cpp: the table.
  u32 place_of(u64 number) const;
  Result<u32> need(u64 number);
  u32 add(u32 parent, std::string_view name, u64 number);
  void name_node(u32 place, u32 parent, std::string_view name);
  void unname_node(u32 place);
  void drop(u32 place);
  void unlink_node(u32 place);
  void release_node(u32 place, u32 count);
  u32 free_place();
  void ensure_root();
  Result<u32> fid_of(u32 place);
  Result<u32> opened(u32 place, Use use);
  void note_change(u32 place);
  void note_synced(Node& node);
  void drop_holds_of_dead(u32 session);

  // folder.cpp
  /// Runs what a call's script does. It is run again from its beginning where it would block.
  template <class F>
  auto run_call(F&& ask) -> decltype(ask()) {
    TRY(begin_call());
    auto answer = ask();
    if (answer.error() == Error::WouldBlock) surroundings_.wait();
    host_.end();
    return answer;
  }
  Result<void> begin_call();
  Result<HostAttributes> ask_attributes(u32 fid);
  Result<Seen> look_at(u32 which, u32 directory_fid, std::string_view name);
  files::Attributes describe(const HostAttributes& of, const Node* node) const;

  // jobs.cpp
  void run_job();
  Result<bool> go_on(Job& job, files::Attributes& left);
  Result<bool> make(Job& job, files::Attributes& left);
  Result<bool> link(Job& job, files::Attributes& left);
  Result<bool> remove(Job& job);
  Result<bool> rename(Job& job);
  Result<bool> set(Job& job, files::Attributes& left);
  Result<bool> purge(Job& job);
  Result<Kind> put_question(Job& job, u32 parent_fid, Writer& message);
  void next_step(Job& job, Job::Step step);
  bool is_repeated();
  Result<void> hide(u64 directory, std::string_view name, u64 number);
  bool is_to_be_hidden(const Seen& seen) const;
  void lose_name(u64 directory, std::string_view name, u64 number);
  bool wants_sync() const;
  void begin_purge();

  // transfers.cpp
  bool may_run(const Transfer& transfer) const;
  bool is_written(u64 node) const;
  bool run_transfer(u32 index);
  Result<bool> move(Transfer& transfer, u64& size);
  Result<bool> synchronize(Transfer& transfer);
  Result<void> synchronize_one(u32 place);
  void finish(Transfer& transfer, Result<u64> result, u64 size);

  State& state_;
  Surroundings& surroundings_;
  Host host_;
  u64 step_epoch_ = 0;  ///< when this instance took the job's last step
  bool is_job_wanted_ = false;
  bool is_job_ready_ = true;       ///< something has moved since it was tried
  u32 ready_transfers_ = ~u32{0};  ///< the same, as bits
  Job wanted_ = {};
  char wanted_text_[kMostTextBytes];
};

}  // namespace pith::host_folder
