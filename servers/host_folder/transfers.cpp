// Contents and the medium: calls that are answered later. What is done of them is in the vault, and what is not is asked again.
#include "lib/log.h"
#include "servers/host_folder/folder.h"

namespace pith::host_folder {

/// Waits while there are too many. Errors: NotFound, BadArgument, Damaged.
Result<void> Folder::transfer(const Transfer& wanted) {
  TRY(begin_call());
  host_.end();
  if (wanted.node != 0) TRY(need(wanted.node));
  if (wanted.kind != Transfer::Kind::Sync) {
    ClientMemory memory = TRY(surroundings_.memory_of(wanted.session));
    u64 size = memory.bytes.size();
    if (wanted.length > kMostContent || wanted.place > size || wanted.length > size - wanted.place) return Error::BadArgument;
    if (wanted.offset > ~u64{0} >> 1) return Error::BadArgument;
  }
  for (u32 i = 0; i < kTransfers; i++) {
    Transfer& transfer = state_.transfers[i];
    if (transfer.kind != Transfer::Kind::None) continue;
    transfer = wanted;
    transfer.order = ++state_.orders;
    transfer.done = 0;
    ready_transfers_ |= 1u << i;
    return {};
  }
  surroundings_.wait();
}

bool Folder::is_written(u64 node) const {
  for (const Transfer& each : state_.transfers) {
    if (each.kind == Transfer::Kind::Write && each.node == node) return true;
  }
  return false;
}

/// A write that is done twice must not undo what others did in between: those that meet go one after the other.
bool Folder::may_run(const Transfer& transfer) const {
  if (transfer.kind == Transfer::Kind::Sync) return true;
  if (transfer.kind == Transfer::Kind::Write && state_.job.kind == Job::Kind::Change && state_.job.node == transfer.node &&
      state_.job.step == Job::Step::Do)
    return false;
  for (const Transfer& other : state_.transfers) {
    if (other.kind == Transfer::Kind::None || other.kind == Transfer::Kind::Sync || other.order >= transfer.order) continue;
    if (other.kind == Transfer::Kind::Read && transfer.kind == Transfer::Kind::Read) continue;
    if (other.node != transfer.node) continue;
    if (other.offset < transfer.offset + transfer.length && transfer.offset < other.offset + other.length) return false;
  }
  return true;
}

/// One step of a transfer, in an event of its own. Whether there was one.
bool Folder::run_transfer(u32 index) {
  Transfer& transfer = state_.transfers[index];
  ready_transfers_ &= ~(1u << index);
  if (transfer.kind == Transfer::Kind::None || !may_run(transfer)) return false;
  host_.begin(kFirstTransferScript + index);
  u64 size = 0;
  Result<bool> is_done = transfer.kind == Transfer::Kind::Sync ? synchronize(transfer) : move(transfer, size);
  if (is_done.error() == Error::WouldBlock) return false;
  host_.end();
  ready_transfers_ |= 1u << index;
  if (!is_done) {
    finish(transfer, is_done.error(), 0);
  } else if (*is_done) {
    finish(transfer, transfer.done, size);
  }
  return true;
}

/// The next piece of contents; true: that was all, and `size` is the file's.
Result<bool> Folder::move(Transfer& transfer, u64& size) {
  bool is_read = transfer.kind == Transfer::Kind::Read;
  u32 place = TRY(need(transfer.node));
  u64 left = transfer.length - transfer.done;
  if (left != 0) {
    u32 fid = TRY(opened(place, is_read ? Use::Read : Use::Write));
    ClientMemory memory = TRY(surroundings_.memory_of(transfer.session));
    u32 most = host_.most_data(), count = left < most ? u32(left) : most;
    Writer message = host_.message();
    message.put(fid).put(transfer.offset + transfer.done).put(count);
    virtio::Piece data{memory.physical + transfer.place + transfer.done, count, is_read};
    constexpr u32 kReadHeader = kHeaderBytes + 4;
    Reply reply = TRY(host_.ask(is_read ? Kind::Read : Kind::Write, message, data, is_read ? kReadHeader : virtio_ninep::kMessageBytes));
    Reader reader = reply.reader();
    u32 moved = reader.get<u32>();
    if (!reader.is_good() || moved > count || (is_read && reply.length != kReadHeader + moved)) return Error::Damaged;
    if (!is_read && moved == 0) return Error::Damaged;
    if (is_read && moved == 0) return true;  // the end of the file
    if (!is_read) note_change(place);
    transfer.done += moved;
    if (is_read || transfer.done < transfer.length) return transfer.done == transfer.length;
    return false;
  }
  if (is_read) return true;
  size = TRY(ask_attributes(TRY(fid_of(place)))).attributes.size;
  return true;
}

/// One more file is on the medium; true: that was all.
Result<bool> Folder::synchronize(Transfer& transfer) {
  u32 place = 0;
  if (transfer.node != 0) {
    place = TRY(need(transfer.node));
    if (transfer.done != 0) return true;
  } else {
    // `done`: the changes that this is about end there.
    if (transfer.done == 0) transfer.done = state_.changes;
    place = kNowhere;
    for (u32 i = 0; i < kNodes && state_.changed_nodes != 0; i++) {
      const Node& node = state_.table[i];
      if (node.changed != 0 && node.changed <= transfer.done) place = i;
    }
    if (place == kNowhere) return true;
  }
  Node& node = state_.table[place];
  u64 changed = node.changed;
  Result<void> synced = synchronize_one(place);
  // What the host has taken away needs no medium.
  if (synced.error() == Error::WouldBlock) return Error::WouldBlock;
  bool is_own = transfer.token == vault::kNoToken;
  if (!synced && is_own) log_line(LogLevel::Warning, "a change is perhaps not on the medium: %s", error_name(synced.error()));
  if (!synced && !is_own && (transfer.node != 0 || synced.error() != Error::NotFound)) return synced.error();
  if (node.changed == changed) note_synced(node);
  if (transfer.node != 0) transfer.done = 1;
  return transfer.node != 0;
}

Result<void> Folder::synchronize_one(u32 place) {
  u64 number = state_.table[place].number;
  // One that may be written is not opened anew: its permissions may have changed.
  std::optional<u32> fid = TRY(host_.find(number, Use::Write));
  if (!fid) {
    HostAttributes found = TRY(ask_attributes(TRY(fid_of(place))));
    constexpr u32 kTypes = 0170000, kDirectory = 0040000, kFile = 0100000;
    u32 type = found.attributes.mode & kTypes;
    if (type != kDirectory && type != kFile) return {};
    fid = TRY(opened(place, type == kDirectory ? Use::Directory : Use::Read));
  }
  Writer message = host_.message();
  message.put(*fid).put(u32{0});
  TRY(host_.ask(Kind::Synchronize, message));
  return {};
}

void Folder::finish(Transfer& transfer, Result<u64> result, u64 size) {
  Token token = transfer.token;
  Transfer::Kind kind = transfer.kind;
  transfer.kind = Transfer::Kind::None;
  is_job_ready_ = true;
  ready_transfers_ = ~u32{0};
  if (token == vault::kNoToken) return;
  if (kind == Transfer::Kind::Read) surroundings_.answer_read(token, result);
  if (kind == Transfer::Kind::Write) surroundings_.answer_write(token, result, size);
  if (kind == Transfer::Kind::Sync) surroundings_.answer_sync(token, result ? Result<void>() : Result<void>(result.error()));
}

}  // namespace pith::host_folder
