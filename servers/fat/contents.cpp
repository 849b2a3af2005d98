// Reading and writing of contents: calls become transfers, transfers are done in pieces, one request of the disk for each.
#include <algorithm>
#include <cstring>

#include "servers/fat/volume.h"

namespace pith::fat {

namespace {

/// Whether a request may go from or to the client's memory itself.
bool is_aligned(u64 offset, u64 place) { return offset % kSector == 0 && place % kSector == 0; }

u64 round_up(u64 bytes) { return (bytes + kSector - 1) / kSector * kSector; }

}  // namespace

Result<void> Volume::read(u32 session, Token token, u64 number, u64 offset, u64 length, u64 place) {
  u32 node = TRY(find_node(number));
  if (state_.nodes[node].is_directory()) return Error::WrongType;
  u64 size = state_.nodes[node].size();
  ClientMemory memory = TRY(surroundings_.memory_of(session));
  length = offset < size ? std::min({length, size - offset, kMostContent}) : 0;
  if (place > memory.bytes.size() || length > memory.bytes.size() - place) return Error::BadArgument;
  if (length == 0) {
    surroundings_.answer_read(token, u64{0});
    return {};
  }
  return add_transfer(Transfer::Kind::Read, session, token, node, offset, length, place);
}

Result<void> Volume::write(u32 session, Token token, u64 number, u64 offset, u64 length, u64 place) {
  begin_change();
  u32 node = TRY(find_node(number));
  if (state_.nodes[node].is_directory()) return Error::WrongType;
  ClientMemory memory = TRY(surroundings_.memory_of(session));
  if (offset >= kMostSize) return Error::Limit;
  length = std::min({length, kMostContent, kMostSize - offset});
  if (place > memory.bytes.size() || length > memory.bytes.size() - place) return Error::BadArgument;
  if (length == 0) {
    surroundings_.answer_write(token, u64{0}, state_.nodes[node].size());
    return {};
  }
  return add_transfer(Transfer::Kind::Write, session, token, node, offset, length, place);
}

/// Nothing is on the disk behind `valid`, but nothing else will be there, either: blocks are given to it when they are needed.
Result<u64> Volume::allocate(u64 number, u64 offset, u64 length, u64 flags) {
  begin_change();
  if (flags != 0) return Error::NotSupported;
  Node& node = state_.nodes[TRY(find_node(number))];
  if (node.is_directory()) return Error::WrongType;
  if (offset > kMostSize || length > kMostSize - offset) return Error::Limit;
  if (offset + length > node.size()) {
    TRY(resize(node, offset + length));
    touch(node);
    put_back(node);
  }
  return node.size();
}

Result<void> Volume::add_transfer(Transfer::Kind kind, u32 session, Token token, u32 node, u64 offset, u64 length, u64 place) {
  // The last place is for zeroes of rounds.
  for (u32 i = 0; i + 1 < kTransfers; i++) {
    Transfer& transfer = state_.transfers[i];
    if (transfer.kind != Transfer::Kind::None || is_under_way_[i] || is_done_[i]) continue;
    transfer = {};
    transfer.kind = kind;
    transfer.session = session;
    transfer.token = token;
    transfer.node = node;
    transfer.order = ++state_.orders;
    transfer.offset = offset;
    transfer.end = offset + length;
    transfer.place = place;
    state_.nodes[node].transfers++;
    return {};
  }
  surroundings_.wait();
}

/// Whether it may look for its next piece.
bool Volume::may_plan(u32 index) {
  const Transfer& transfer = state_.transfers[index];
  if (transfer.kind == Transfer::Kind::None || transfer.step != Transfer::Step::Plan || is_waiting_[index]) return false;
  if (is_done_[index] || is_under_way_[index]) return false;
  bool is_for_round = index + 1 == kTransfers;
  if (is_for_round) return state_.stage == Stage::Fill && !changed_too_much();
  if (transfer.kind == Transfer::Kind::Read) return state_.stage != Stage::Drain;
  if (state_.stage != Stage::None || changed_too_much()) return false;
  // Two that write to one file do so one after the other.
  return std::none_of(state_.transfers, state_.transfers + kTransfers, [&](const Transfer& other) {
    return other.kind == Transfer::Kind::Write && other.node == transfer.node && other.order < transfer.order;
  });
}

/// Finds the next piece of one transfer. Whether there was one.
bool Volume::plan_some() {
  for (u32 i = 0; i < kTransfers; i++) {
    if (!may_plan(i)) continue;
    Transfer& transfer = state_.transfers[i];
    Node& node = state_.nodes[transfer.node];
    is_waiting_[i] = true;  // unless this comes back
    has_missed_ = false;
    if (transfer.kind == Transfer::Kind::Read) {
      plan_read(transfer, node);
    } else {
      plan_write(transfer, node);
    }
    is_waiting_[i] = has_missed_ && transfer.step == Transfer::Step::Plan;
    return true;
  }
  return false;
}

/// The sector of a place in a file, and how many bytes (at most `most`) lie in one piece there. Nothing: not yet. 0: the chain ends before.
std::optional<u64> Volume::try_place(Node& node, u64 offset, u64 most, u64& length) {
  const Geometry& where = state_.geometry;
  u64 bytes = where.cluster_bytes();
  u32 index = u32(offset / bytes);
  std::optional<u32> first = try_walk(node, index);
  if (!first || *first == 0) return first;
  u32 last = *first;
  u64 in_cluster = offset % bytes;
  for (length = bytes - in_cluster; length < most; length += bytes) {
    std::optional<u32> next = try_entry(last);
    if (!next || *next != last + 1 || !where.is_cluster(*next)) break;
    last = *next;
    node.hint_index++;
    node.hint_cluster = last;
  }
  length = std::min(length, most);
  return where.sector_of(*first) + in_cluster / kSector;
}

void Volume::plan_read(Transfer& transfer, Node& node) {
  u64 left = transfer.end - transfer.offset;
  if (transfer.offset >= node.valid) {
    memset(client_bytes(transfer).data(), 0, left);
    transfer.done += left;
    return end_transfer(transfer, {});
  }
  left = std::min(left, node.valid - transfer.offset);
  u64 skip = transfer.offset % kSector, length = 0;
  bool is_direct = is_aligned(transfer.offset, transfer.place) && left >= kSector;
  u64 most = is_direct ? left / kSector * kSector : std::min(left, kBounceBytes - skip);
  std::optional<u64> sector = try_place(node, transfer.offset, most, length);
  if (!sector) return;
  if (*sector == 0) return end_transfer(transfer, Error::Damaged);
  transfer.mode = is_direct ? Transfer::Mode::Direct : Transfer::Mode::Fetch;
  transfer.step = Transfer::Step::Disk;
  transfer.sector = *sector;
  transfer.piece = u32(length);
  transfer.skip = u32(skip);
  transfer.bytes = u32(round_up(skip + length));
}

void Volume::plan_write(Transfer& transfer, Node& node) {
  if (state_.is_broken != 0) return end_transfer(transfer, Error::Damaged);
  u64 left = transfer.end - transfer.offset;
  bool has_gap = node.valid < transfer.offset;
  if (left == 0 && !has_gap) return end_transfer(transfer, {});
  // In front of what is written, what has no content yet becomes zero.
  u64 from = has_gap ? node.valid : transfer.offset;
  u64 skip = from % kSector, most;
  bool is_direct = false;
  if (has_gap) {
    most = std::min(transfer.offset - from, skip != 0 ? kSector - skip : u64{kZeroBytes});
  } else {
    is_direct = is_aligned(from, transfer.place) && left >= kSector;
    most = is_direct ? left / kSector * kSector : std::min(left, kBounceBytes - skip);
  }
  u64 clusters_end = (from + most + state_.geometry.cluster_bytes() - 1) / state_.geometry.cluster_bytes();
  Result<bool> extended = try_extend(node, u32(clusters_end));
  if (!extended) {
    // What there is is used.
    u64 room = u64{node.allocated} * state_.geometry.cluster_bytes();
    if (extended.error() != Error::NoSpace || room <= from) return end_transfer(transfer, extended.error());
    most = std::min(most, room - from);
  } else if (!*extended) {
    return;
  }
  u64 length = 0;
  std::optional<u64> sector = try_place(node, from, most, length);
  if (!sector) return;
  if (*sector == 0) return end_transfer(transfer, Error::Damaged);
  transfer.step = Transfer::Step::Disk;
  transfer.sector = *sector;
  transfer.piece = u32(length);
  transfer.skip = u32(skip);
  transfer.bytes = u32(round_up(skip + length));
  if (has_gap) {
    transfer.mode = skip != 0 ? Transfer::Mode::Fetch : Transfer::Mode::Zeroes;
  } else if (is_direct) {
    transfer.mode = Transfer::Mode::Direct;
  } else {
    transfer.mode = Transfer::Mode::Fetch;
  }
}

std::span<std::byte> Volume::client_bytes(const Transfer& transfer) {
  Result<ClientMemory> memory = surroundings_.memory_of(transfer.session);
  u64 left = transfer.end - transfer.offset;
  if (!memory || transfer.place > memory->bytes.size() || left > memory->bytes.size() - transfer.place)
    surroundings_.give_up(Error::BadArgument);
  return memory->bytes.subspan(transfer.place, left);
}

/// A request of a transfer is done.
void Volume::finish_piece(u32 index, block::Outcome outcome) {
  Transfer& transfer = state_.transfers[index];
  Node& node = state_.nodes[transfer.node];
  if (outcome != block::Outcome::Good) {
    bool is_read_only = outcome == block::Outcome::ReadOnly;
    return end_transfer(transfer, outcome == block::Outcome::Malformed ? Error::BadArgument
                                  : is_read_only                       ? Error::Denied
                                                                       : Error::Damaged);
  }
  std::byte* bounce = bounce_of(index);
  bool is_read = transfer.kind == Transfer::Kind::Read, is_gap = !is_read && node.valid < transfer.offset;
  if (is_read) {
    if (transfer.mode == Transfer::Mode::Fetch) memcpy(client_bytes(transfer).data(), bounce + transfer.skip, transfer.piece);
  } else if (transfer.mode == Transfer::Mode::Fetch) {
    // What lies behind the valid content is anything.
    u64 from = is_gap ? node.valid : transfer.offset, first = from - transfer.skip;
    if (node.valid < first + transfer.bytes) {
      u64 valid = node.valid > first ? node.valid - first : 0;
      memset(bounce + valid, 0, transfer.bytes - valid);
    }
    if (!is_gap) memcpy(bounce + transfer.skip, client_bytes(transfer).data(), transfer.piece);
    transfer.mode = Transfer::Mode::Store;
    return;
  }
  state_.has_written |= !is_read;
  transfer.step = Transfer::Step::Plan;
  if (is_gap) {
    node.valid += transfer.piece;
    return;
  }
  transfer.offset += transfer.piece;
  transfer.place += transfer.piece;
  transfer.done += transfer.piece;
  if (!is_read) {
    node.valid = std::max(node.valid, transfer.offset);
    if (transfer.offset > node.size()) node.entry.size = u32(transfer.offset);
    if (clusters_of(node.size()) >= node.allocated) node.flags &= ~Node::kHasExcess;
    touch(node);
    put_back(node);
  }
  if (transfer.offset == transfer.end) end_transfer(transfer, {});
}

/// What was done before an error counts.
void Volume::end_transfer(Transfer& transfer, Result<void> result) {
  Node& node = state_.nodes[transfer.node];
  node.transfers--;
  bool is_for_round = &transfer == &state_.transfers[kTransfers - 1];
  Result<u64> length = transfer.done;
  if (transfer.done == 0 && !result) length = result.error();
  if (is_for_round) {
    // Its chain may have begun only now. Where there is no place for zeroes after all, it ends where its content does.
    if (!result) node.entry.size = u32(node.valid);
    if (clusters_of(node.size()) >= node.allocated) node.flags &= ~Node::kHasExcess;
    put_back(node);
  } else if (transfer.kind == Transfer::Kind::Read) {
    surroundings_.answer_read(transfer.token, length);
  } else {
    surroundings_.answer_write(transfer.token, length, node.size());
  }
  transfer = {};
  drop_if_unused(node);
}

}  // namespace pith::fat
