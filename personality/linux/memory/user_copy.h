// Copies between the personality and a guest's memory: every pointer of a guest goes through here; bad ones answer BadPointer.
#pragma once
#include <string>
#include <type_traits>

#include "personality/linux/memory/address_space.h"

namespace pith::personality {

Result<void> copy_from_guest(AddressSpace& space, void* to, GuestAddress from, u64 size);
Result<void> copy_to_guest(AddressSpace& space, GuestAddress to, const void* from, u64 size);
Result<void> clear_guest(AddressSpace& space, GuestAddress to, u64 size);
/// Reads a zero-terminated string of fewer than `limit` bytes into `buffer`; its length. NameTooLong if it does not end.
Result<u64> copy_string(AddressSpace& space, char* buffer, GuestAddress from, u64 limit);

template <class T>
requires std::is_trivially_copyable_v<T> Result<T> read_guest(AddressSpace& space, GuestAddress from) {
  T value;
  TRY(copy_from_guest(space, &value, from, sizeof value));
  return value;
}

template <class T>
requires std::is_trivially_copyable_v<T> Result<void> write_guest(AddressSpace& space, GuestAddress to, const T& value) {
  return copy_to_guest(space, to, &value, sizeof value);
}

/// The memory that a read or write moves bytes to or from: pieces of a guest's memory, or one piece of the personality's own.
class Transfer {
 public:
  static constexpr u32 kMostPieces = 1024;
  /// One piece of guest memory.
  Transfer(AddressSpace& space, GuestAddress address, u64 size)
      : space_(&space), single_{address.raw, size}, pieces_(&single_), left_(size) {}
  /// Several pieces, which must outlive this object.
  Transfer(AddressSpace& space, const IoVector* pieces, u32 count);
  /// Own memory.
  Transfer(void* memory, u64 size) : single_{reinterpret_cast<u64>(memory), size}, pieces_(&single_), left_(size) {}

  u64 left() const { return left_; }
  /// Brings in what lies in files that are not here, so that nothing below has to wait: put and take never let the lock go. May let the
  /// lock go.
  void prepare(Need need);
  /// Gives bytes to the reader of a file; how many it took before memory ended. BadPointer if none could be stored.
  Result<u64> put(const void* from, u64 size);
  Result<u64> put_zeroes(u64 size);
  /// Takes bytes from the writer of a file.
  Result<u64> take(void* to, u64 size);

 private:
  template <class Visit>
  Result<u64> each(u64 size, Need need, Visit visit);

  AddressSpace* space_ = nullptr;
  IoVector single_{};
  const IoVector* pieces_;
  u64 offset_ = 0;  ///< in the current piece
  u64 left_ = 0;
};

}  // namespace pith::personality
