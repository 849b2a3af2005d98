// Copying page by page through the pool's window, faulting pages in on the way.
#include "personality/linux/memory/user_copy.h"

#include <cstring>

#include "personality/linux/errors.h"

namespace pith::personality {

namespace {

/// Calls `visit(pointer, length)` for each stretch of [address, address + size) that lies in one page.
template <class Visit>
Result<void> for_each_page(AddressSpace& space, u64 address, u64 size, Need need, Visit visit) {
  if (address + size < address) return LinuxError::BadPointer;
  while (size) {
    u64 length = kPageSize - (address & (kPageSize - 1));
    if (length > size) length = size;
    Result<u8*> pointer = space.resolve(address, need);
    if (!pointer) return pointer.error() == LinuxError::OutOfMemory ? LinuxError::OutOfMemory : LinuxError::BadPointer;
    visit(*pointer, length);
    address += length;
    size -= length;
  }
  return {};
}

}  // namespace

Result<void> copy_from_guest(AddressSpace& space, void* to, GuestAddress from, u64 size) {
  u8* target = static_cast<u8*>(to);
  return for_each_page(space, from.raw, size, Need::Read, [&](u8* pointer, u64 length) {
    memcpy(target, pointer, length);
    target += length;
  });
}

Result<void> copy_to_guest(AddressSpace& space, GuestAddress to, const void* from, u64 size) {
  const u8* source = static_cast<const u8*>(from);
  return for_each_page(space, to.raw, size, Need::Write, [&](u8* pointer, u64 length) {
    memcpy(pointer, source, length);
    source += length;
  });
}

Result<void> clear_guest(AddressSpace& space, GuestAddress to, u64 size) {
  return for_each_page(space, to.raw, size, Need::Write, [](u8* pointer, u64 length) { memset(pointer, 0, length); });
}

Result<u64> copy_string(AddressSpace& space, char* buffer, GuestAddress from, u64 limit) {
  u64 done = 0;
  u64 address = from.raw;
  while (done < limit) {
    u64 length = kPageSize - (address & (kPageSize - 1));
    if (length > limit - done) length = limit - done;
    Result<u8*> pointer = space.resolve(address, Need::Read);
    if (!pointer) return LinuxError::BadPointer;
    const void* end = memchr(*pointer, 0, length);
    if (end) length = u64(static_cast<const u8*>(end) - *pointer);
    memcpy(buffer + done, *pointer, length);
    done += length;
    address += length;
    if (end) {
      buffer[done] = 0;
      return done;
    }
  }
  return LinuxError::NameTooLong;
}

Transfer::Transfer(AddressSpace& space, const IoVector* pieces, u32 count) : space_(&space), pieces_(pieces) {
  for (u32 index = 0; index < count; index++) left_ += pieces[index].length;
}

template <class Visit>
Result<u64> Transfer::each(u64 size, Need need, Visit visit) {
  if (size > left_) size = left_;
  u64 done = 0;
  while (done < size) {
    while (offset_ == pieces_->length) {
      pieces_++;
      offset_ = 0;
    }
    u64 address = pieces_->base + offset_;
    u64 length = pieces_->length - offset_;
    if (length > size - done) length = size - done;
    u8* pointer;
    if (space_) {
      u64 in_page = kPageSize - (address & (kPageSize - 1));
      if (length > in_page) length = in_page;
      Result<u8*> resolved = space_->resolve_present(address, need);
      if (!resolved) {
        if (done) return done;
        return resolved.error() == LinuxError::OutOfMemory ? LinuxError::OutOfMemory : LinuxError::BadPointer;
      }
      pointer = *resolved;
    } else {
      pointer = reinterpret_cast<u8*>(address);
    }
    visit(pointer, length);
    done += length;
    offset_ += length;
    left_ -= length;
  }
  return done;
}

void Transfer::prepare(Need need) {
  if (!space_) return;
  u64 left = left_, offset = offset_;
  for (const IoVector* piece = pieces_; left; piece++, offset = 0) {
    u64 length = piece->length - offset < left ? piece->length - offset : left;
    space_->load(piece->base + offset, length, need);
    left -= length;
  }
}

Result<u64> Transfer::put(const void* from, u64 size) {
  const u8* source = static_cast<const u8*>(from);
  return each(size, Need::Write, [&](u8* pointer, u64 length) {
    memcpy(pointer, source, length);
    source += length;
  });
}

Result<u64> Transfer::put_zeroes(u64 size) {
  return each(size, Need::Write, [](u8* pointer, u64 length) { memset(pointer, 0, length); });
}

Result<u64> Transfer::take(void* to, u64 size) {
  u8* target = static_cast<u8*>(to);
  return each(size, Need::Read, [&](u8* pointer, u64 length) {
    memcpy(target, pointer, length);
    target += length;
  });
}

}  // namespace pith::personality
