// A process's memory: areas, pages, and the guest's page tables that show them; demand paging and copy-on-write.
#pragma once
#include <memory>

#include "lib/guest.h"
#include "personality/linux/memory/area.h"
#include "personality/linux/memory/page_map.h"

namespace pith::personality {

enum class Need : u8 { Read, Write, Execute };
enum class Waiting : u8 { Allowed, Refused };

/// Invariant: an entry of the page map lies in an area, holds a reference to its page, and is mapped in the guest space with no more
/// access than its flags allow. Guarded by the environment's lock.
class AddressSpace final : public Counted {
 public:
  static Result<Reference<AddressSpace>> create();
  ~AddressSpace() override;

  /// Puts an area at exactly [area.start, area.end), in place of what was there.
  Result<void> map(Area area);
  Result<void> unmap(u64 start, u64 end);
  Result<void> protect(u64 start, u64 end, u32 protection);
  /// Moves or resizes a mapping; the new address.
  Result<u64> remap(u64 old_start, u64 old_size, u64 new_size, u64 flags, u64 wanted);
  /// A hole for `size` bytes: at `hint` if that is free, else as high as possible.
  Result<u64> find_hole(u64 hint, u64 size);
  Result<u64> set_break(u64 address);
  /// Throws the pages of a range away: they are zero, or the file's again, at the next touch.
  void discard(u64 start, u64 end);

  /// Answers a page fault of the guest. BadPointer: SIGSEGV; NoDevice: SIGBUS (beyond a file's end); OutOfMemory.
  Result<void> handle_fault(u64 address, Need need);
  /// Where the byte at `address` lies in the window, valid to the end of its page while the lock is held. May let the lock go before.
  Result<u8*> resolve(u64 address, Need need) {
    PageEntry* entry = pages_.find(address >> kPageShift);
    if (entry && entry->flags & (need == Need::Write ? PageEntry::Write : PageEntry::Read)) [[likely]]
      return store_.data(entry->page) + (address & (kPageSize - 1));
    return resolve_slow(address, need);
  }
  /// As resolve, but never lets the lock go: BadPointer for what would have to be fetched.
  Result<u8*> resolve_present(u64 address, Need need);
  /// Fetches what a range shows of files that are not here (and prepares it for writing). May let the lock go; errors show at the access.
  void load(u64 address, u64 size, Need need);
  /// Takes the write permission from all that shows pages [first, last) of `inode`: the next store is a fault again.
  void protect_file_pages(const Inode& inode, u64 first, u64 last);
  /// Throws away all that shows pages from `first` on of `inode`.
  void discard_file_pages(const Inode& inode, u64 first);
  /// A copy for fork: private pages are shared until someone writes.
  Result<Reference<AddressSpace>> fork();

  GuestSpace& guest_space() { return *guest_space_; }
  AreaMap& areas() { return areas_; }
  u64 resident_pages() const { return pages_.count(); }

  u64 break_start = 0, break_end = 0;          ///< of the heap
  u64 arguments_start = 0, arguments_end = 0;  ///< of the argument strings, for /proc
  u64 environment_end = 0;
  u64 stack_top = 0;
  u64 stack_limit = 8 << 20;
  bool locks_future = false;  ///< mlockall(MCL_FUTURE): what is mapped is locked

 private:
  AddressSpace(PageStore& store, std::unique_ptr<GuestSpace> guest_space) : store_(store), guest_space_(std::move(guest_space)) {}
  Result<u8*> resolve_slow(u64 address, Need need);
  /// Makes sure that the page of `address` is there and allows `need`.
  Result<PageEntry*> provide(u64 address, Need need, Waiting waiting);
  Result<PageEntry*> provide_new(const Area& area, u64 address, Need need);
  /// Gives a private page its own copy unless it is alone already.
  Result<void> make_writable(const Area& area, u64 page_number, PageEntry& entry);
  Result<void> show(u64 page_number, PageEntry& entry);
  void hide(u64 page_number, PageEntry& entry);
  void drop(u64 page_number, PageEntry& entry);
  Area* find_or_grow(u64 address);
  bool tables_are_few() const;

  PageStore& store_;
  std::unique_ptr<GuestSpace> guest_space_;
  AreaMap areas_;
  PageMap pages_;
};

}  // namespace pith::personality
