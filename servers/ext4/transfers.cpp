// Reads and writes of contents: a piece at a time, between the disk and the client's memory where blocks are whole, else by way of the
// service's.
#include <algorithm>
#include <cstring>

#include "abi/error.h"
#include "servers/ext4/volume.h"

namespace pith::ext4 {

/// A place for one more; the event ends when there is none.
Transfer* Volume::new_transfer(Transfer::Kind kind, u64 node) {
  for (Transfer& transfer : state_.transfers) {
    if (transfer.kind != Transfer::Kind::None) continue;
    transfer = {};
    transfer.kind = kind;
    transfer.node = node;
    return &transfer;
  }
  wait();
}

Result<void> Volume::read(u32 session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  TRY(begin_call());
  Inode inode;
  TRY(get_live(node, inode));
  if (!LINUX_S_ISREG(inode.i_mode)) return Error::WrongType;
  Result<ClientMemory> memory = surroundings_.memory_of(session);
  length = std::min(length, kMostContent);
  if (!memory || place > memory->bytes.size() || length > memory->bytes.size() - place) return Error::BadArgument;
  for (const Transfer& other : state_.transfers) {
    if (other.node == node && (other.kind == Transfer::Kind::Write || other.kind == Transfer::Kind::Clear)) wait();
  }
  u64 size = EXT2_I_SIZE(&inode);
  length = offset >= size ? 0 : std::min(length, size - offset);
  if (length == 0) {
    surroundings_.answer_read(token, u64{0});
    return {};
  }
  Transfer* transfer = new_transfer(Transfer::Kind::Read, node);
  transfer->session = session;
  transfer->token = token;
  transfer->offset = offset;
  transfer->length = length;
  transfer->place = place;
  return {};
}

Result<void> Volume::write(u32 session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  TRY(begin_change());
  Inode inode;
  TRY(get_live(node, inode));
  if (!LINUX_S_ISREG(inode.i_mode)) return Error::WrongType;
  Result<ClientMemory> memory = surroundings_.memory_of(session);
  length = std::min(length, kMostContent);
  if (!memory || place > memory->bytes.size() || length > memory->bytes.size() - place) return Error::BadArgument;
  u64 most = most_bytes(inode), size = EXT2_I_SIZE(&inode), block = state_.block_size;
  if (offset >= most) return Error::Limit;
  length = std::min(length, most - offset);
  wait_for_contents(node);
  if (length == 0) {
    surroundings_.answer_write(token, u64{0}, size);
    return {};
  }
  Transfer* transfer = new_transfer(Transfer::Kind::Write, node);
  bool is_first_fresh, is_last_fresh;
  u64 first = offset / block, last = (offset + length - 1) / block;
  TRY(fill(node, inode, first, last - first + 1, Fill::Written, is_first_fresh, is_last_fresh));
  if (offset + length > size) set_size(inode, size = offset + length);
  touch(inode, kModification | kChange);
  TRY(put(node, inode));
  transfer->session = session;
  transfer->token = token;
  transfer->offset = offset;
  transfer->length = length;
  transfer->place = place;
  transfer->size = size;
  transfer->is_fresh[0] = is_first_fresh;
  transfer->is_fresh[1] = is_last_fresh;
  end_change();
  return {};
}

std::byte* Volume::buffer_of(const Transfer& transfer) {
  return disk_.memory.data() + kTransferBuffers + u64(&transfer - state_.transfers) * kTransferBuffer;
}

/// The event that planned it has seen that it is large enough.
ClientMemory Volume::memory_of(const Transfer& transfer) {
  Result<ClientMemory> memory = surroundings_.memory_of(transfer.session);
  return memory ? *memory : ClientMemory{};
}

bool Volume::has_finished(const Transfer& transfer) {
  const block::Request& request = disk_.ring().requests[kFirstTransfer + (&transfer - state_.transfers)];
  return request.cookie == transfer.number && state_of(request) == block::State::Done;
}

void Volume::request(Transfer& transfer, Transfer::Step step, u64 sector, u32 length, u64 piece, u32 skip) {
  transfer.step = step;
  transfer.sector = sector;
  transfer.request_length = length;
  transfer.piece = piece;
  transfer.skip = skip;
  transfer.number = ++state_.journal.number;
}

/// An event: takes the last piece in, and plans the next one.
void Volume::advance_transfer(Transfer& transfer) {
  Inode inode;
  auto go_on = [&]() -> Result<bool> {
    if (transfer.step != Transfer::Step::Next) {
      const block::Request& request = disk_.ring().requests[kFirstTransfer + (&transfer - state_.transfers)];
      if (request.outcome != block::Outcome::Good)
        return request.outcome == block::Outcome::Malformed ? Error::BadArgument : Error::Damaged;
      if (transfer.step == Transfer::Step::Fetch && transfer.kind != Transfer::Kind::Read) {
        this->request(transfer, Transfer::Step::Store, transfer.sector, transfer.request_length, transfer.piece, transfer.skip);
        return false;
      }
      if (transfer.step == Transfer::Step::Fetch) {
        std::span<std::byte> to = memory_of(transfer).bytes;
        if (transfer.place + transfer.length > to.size()) return Error::BadArgument;
        memcpy(to.data() + transfer.place + transfer.done, buffer_of(transfer) + transfer.skip, transfer.piece);
      }
      transfer.done += transfer.piece;
      transfer.step = Transfer::Step::Next;
    }
    if (transfer.done == transfer.length) return true;
    TRY(get(transfer.node, inode));
    return transfer.kind == Transfer::Kind::Read ? plan_read(transfer, inode) : plan_write(transfer, inode);
  };
  Result<bool> is_done = go_on();
  if (!is_done) {
    finish_transfer(transfer, is_done.error());
  } else if (*is_done) {
    finish_transfer(transfer, {});
  }
}

/// Whether nothing is left.
Result<bool> Volume::plan_read(Transfer& transfer, Inode& inode) {
  u64 block = state_.block_size;
  std::span<std::byte> to = memory_of(transfer).bytes;
  if (transfer.place + transfer.length > to.size()) return Error::BadArgument;
  while (transfer.done < transfer.length) {
    u64 at = transfer.offset + transfer.done, left = transfer.length - transfer.done, place = transfer.place + transfer.done;
    Extent is = TRY(map(transfer.node, inode, at / block, (left + block - 1) / block + 1));
    u64 there = std::min(left, is.count * block - at % block);
    if (is.physical == 0 || is.is_unwritten) {
      memset(to.data() + place, 0, there);
      transfer.done += there;
      continue;
    }
    u64 sector = is.physical * (block / block::kSectorSize) + at % block / block::kSectorSize;
    if (at % block::kSectorSize == 0 && place % block::kSectorSize == 0 && there >= block::kSectorSize) {
      u64 piece = std::min<u64>(there / block::kSectorSize * block::kSectorSize, block::kMostBytes);
      request(transfer, Transfer::Step::Direct, sector, u32(piece), piece, 0);
    } else {
      u32 skip = u32(at % block::kSectorSize);
      u64 piece = std::min<u64>(there, kTransferBuffer - block::kSectorSize);
      u32 length = u32((skip + piece + block::kSectorSize - 1) / block::kSectorSize * block::kSectorSize);
      request(transfer, Transfer::Step::Fetch, sector, length, piece, skip);
    }
    return false;
  }
  return true;
}

Result<bool> Volume::plan_write(Transfer& transfer, Inode& inode) {
  u64 block = state_.block_size, at = transfer.offset + transfer.done, left = transfer.length - transfer.done;
  u64 place = transfer.place + transfer.done;
  Extent is = TRY(map(transfer.node, inode, at / block, (left + block - 1) / block));
  if (is.physical == 0 || is.is_unwritten) return Error::Damaged;
  u64 sector = is.physical * (block / block::kSectorSize);
  transfer.is_cleared = 0;
  if (at % block != 0 || left < block) {
    u64 piece = std::min(block - at % block, left);
    bool is_fresh = (at / block == transfer.offset / block && transfer.is_fresh[0] != 0) ||
                    (at / block == (transfer.offset + transfer.length - 1) / block && transfer.is_fresh[1] != 0);
    transfer.is_cleared = is_fresh;
    request(transfer, is_fresh ? Transfer::Step::Store : Transfer::Step::Fetch, sector, u32(block), piece, u32(at % block));
    return false;
  }
  u64 whole = std::min(is.count * block, left / block * block);
  if (place % block::kSectorSize == 0) {
    u64 piece = std::min<u64>(whole, block::kMostBytes);
    request(transfer, Transfer::Step::Direct, sector, u32(piece), piece, 0);
  } else {
    u64 piece = std::min<u64>(whole, kTransferBuffer);
    request(transfer, Transfer::Step::Store, sector, u32(piece), piece, 0);
  }
  return false;
}

void Volume::finish_transfer(Transfer& transfer, Result<void> result) {
  if (transfer.kind == Transfer::Kind::Read)
    surroundings_.answer_read(transfer.token, result ? Result<u64>(transfer.length) : Result<u64>(result.error()));
  if (transfer.kind == Transfer::Kind::Write)
    surroundings_.answer_write(transfer.token, result ? Result<u64>(transfer.length) : Result<u64>(result.error()), transfer.size);
  transfer.kind = Transfer::Kind::None;
}

/// Between events: hands to the disk what is planned. Whether there was something.
bool Volume::submit_transfers() {
  bool is_any = false;
  for (Transfer& transfer : state_.transfers) {
    if (transfer.kind == Transfer::Kind::None || transfer.step == Transfer::Step::Next) continue;
    block::Request& request = disk_.ring().requests[kFirstTransfer + (&transfer - state_.transfers)];
    block::State state = state_of(request);
    if (state == block::State::Submitted || (state == block::State::Done && request.cookie == transfer.number)) continue;
    bool is_write =
        transfer.step == Transfer::Step::Store || (transfer.step == Transfer::Step::Direct && transfer.kind == Transfer::Kind::Write);
    ClientMemory client = transfer.kind == Transfer::Kind::Clear ? ClientMemory{} : memory_of(transfer);
    if (transfer.step == Transfer::Step::Store) {
      std::byte* buffer = buffer_of(transfer);
      if (transfer.is_cleared) memset(buffer, 0, transfer.request_length);
      if (transfer.kind == Transfer::Kind::Clear) {
        memset(buffer + transfer.skip, 0, transfer.piece);
      } else if (transfer.place + transfer.length <= client.bytes.size()) {
        memcpy(buffer + transfer.skip, client.bytes.data() + transfer.place + transfer.done, transfer.piece);
      }
    }
    bool is_direct = transfer.step == Transfer::Step::Direct;
    request.operation = is_write ? block::Operation::Write : block::Operation::Read;
    request.length = transfer.request_length;
    request.sector = state_.partition_first + transfer.sector;
    request.memory = is_direct ? client.number : disk_.number;
    request.offset = is_direct ? transfer.place + transfer.done : u64(buffer_of(transfer) - disk_.memory.data());
    request.force_unit_access = 0;
    request.cookie = transfer.number;
    set_state(request, block::State::Submitted);
    is_any = true;
  }
  return is_any;
}

}  // namespace pith::ext4
