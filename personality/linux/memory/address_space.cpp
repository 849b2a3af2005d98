// Areas and pages of a process: map, unmap, protect, break, fork.
#include "personality/linux/memory/address_space.h"

#include <vector>

#include "personality/linux/environment.h"
#include "personality/linux/files/inode.h"

namespace pith::personality {

namespace {

u32 entry_access(u32 protection) {
  u32 flags = protection & (Protection::Read | Protection::Write) ? u32{PageEntry::Read} : 0;
  if (protection & Protection::Execute) flags |= PageEntry::Execute | PageEntry::Read;
  return flags;
}

constexpr u64 kLastPage = ~u64{0} >> kPageShift;

/// Empty guest spaces whose page tables are kept: the next program is likely to need tables at the same places.
class SpareSpaces {
 public:
  static constexpr usize kMost = 8;
  /// Spaces with more mapped pages than this are cheaper to take apart than to empty.
  static constexpr u64 kMostMapped = 96;

  std::unique_ptr<GuestSpace> take() {
    if (spaces_.empty()) return {};
    std::unique_ptr<GuestSpace> space = std::move(spaces_.back());
    spaces_.pop_back();
    return space;
  }
  bool has_room() const { return spaces_.size() < kMost; }
  void keep(std::unique_ptr<GuestSpace> space) { spaces_.push_back(std::move(space)); }

 private:
  std::vector<std::unique_ptr<GuestSpace>> spaces_;
};
[[clang::no_destroy]] SpareSpaces spare_spaces;

}  // namespace

Result<Reference<AddressSpace>> AddressSpace::create() {
  Environment& env = environment();
  if (std::unique_ptr<GuestSpace> spare = spare_spaces.take())
    return Reference<AddressSpace>(new AddressSpace(env.pages, std::move(spare)));
  Result<std::unique_ptr<GuestSpace>> space = GuestSpace::create(env.pool);
  if (!space) return LinuxError::OutOfMemory;
  return Reference<AddressSpace>(new AddressSpace(env.pages, std::move(*space)));
}

AddressSpace::~AddressSpace() {
  u64 mapped = 0;
  pages_.for_each(0, kLastPage, [&](u64, PageEntry& entry) { mapped += entry.flags & PageEntry::Mapped ? 1 : 0; });
  bool keeps = spare_spaces.has_room() && mapped <= SpareSpaces::kMostMapped && tables_are_few();
  if (!keeps) guest_space_.reset();  // page tables first: then no page is mapped any more
  pages_.for_each(0, kLastPage, [&](u64 number, PageEntry& entry) {
    if (keeps) hide(number, entry);
    store_.release(entry.page);
  });
  if (keeps) spare_spaces.keep(std::move(guest_space_));
}

/// Whether the areas lie in few places, so that the page tables kept with a spare space are few.
bool AddressSpace::tables_are_few() const {
  constexpr u64 kTableSpan = 2 << 20, kFew = 24;
  u64 tables = 0, last = ~u64{0};
  for (const auto& [start, area] : areas_.areas()) {
    u64 first = start / kTableSpan, end = (area.end - 1) / kTableSpan;
    tables += end - first + (first == last ? 0 : 1);
    last = end;
  }
  return tables <= kFew;
}

Result<void> AddressSpace::map(Area area) {
  TRY(unmap(area.start, area.end));
  areas_.insert(std::move(area));
  return {};
}

void AddressSpace::hide(u64 page_number, PageEntry& entry) {
  if (!(entry.flags & PageEntry::Mapped)) return;
  (void)guest_space_->unmap(page_number << kPageShift);
  entry.flags &= ~(PageEntry::Mapped | PageEntry::MappedWrite);
}

void AddressSpace::drop(u64 page_number, PageEntry& entry) {
  hide(page_number, entry);
  store_.release(entry.page);
  pages_.erase(page_number);
}

void AddressSpace::discard(u64 start, u64 end) {
  pages_.for_each(start >> kPageShift, end >> kPageShift, [&](u64 number, PageEntry& entry) { drop(number, entry); });
}

Result<void> AddressSpace::unmap(u64 start, u64 end) {
  areas_.remove(start, end);
  discard(start, end);
  return {};
}

Result<void> AddressSpace::protect(u64 start, u64 end, u32 protection) {
  TRY(areas_.protect(start, end, protection));
  pages_.for_each(start >> kPageShift, end >> kPageShift, [&](u64 number, PageEntry& entry) {
    u32 before = entry.flags;
    entry.flags = (entry.flags & ~(PageEntry::Read | PageEntry::Write | PageEntry::Execute)) | entry_access(protection);
    if (before & PageEntry::Mapped) hide(number, entry);
  });
  return {};
}

Result<u64> AddressSpace::find_hole(u64 hint, u64 size) {
  if (hint >= AreaMap::kLowest && hint + size > hint && hint + size <= AreaMap::kHighest && areas_.is_free(hint, hint + size)) return hint;
  u64 gap = stack_limit > 2048u << 20 ? 2048u << 20 : stack_limit;
  return areas_.find_hole(size, stack_top - gap - (1 << 20));
}

Result<u64> AddressSpace::set_break(u64 address) {
  if (address < break_start) return break_end;
  u64 old_end = pages_for(break_end) << kPageShift;
  u64 new_end = pages_for(address) << kPageShift;
  if (new_end < address || new_end > AreaMap::kHighest) return break_end;
  if (new_end > old_end) {
    if (!areas_.is_free(old_end, new_end)) return break_end;
    areas_.insert({.start = old_end, .end = new_end, .protection = Protection::Read | Protection::Write});
  } else if (new_end < old_end) {
    TRY(unmap(new_end, old_end));
  }
  break_end = address;
  return address;
}

Result<u64> AddressSpace::remap(u64 old_start, u64 old_size, u64 new_size, u64 flags, u64 wanted) {
  constexpr u64 kMayMove = 1, kFixed = 2;
  Area* found = areas_.find(old_start);
  if (!found || found->end < old_start + old_size) return LinuxError::BadPointer;
  if (new_size <= old_size && !(flags & kFixed)) {
    if (new_size < old_size) TRY(unmap(old_start + new_size, old_start + old_size));
    return old_start;
  }
  Area area = *found;
  if (!(flags & kFixed) && found->end == old_start + old_size && old_start + new_size <= AreaMap::kHighest &&
      areas_.is_free(old_start + old_size, old_start + new_size)) {
    area.offset += old_start + old_size - area.start;
    area.start = old_start + old_size;
    area.end = old_start + new_size;
    areas_.insert(std::move(area));
    return old_start;
  }
  if (!(flags & kMayMove)) return LinuxError::OutOfMemory;
  u64 target = wanted;
  if (flags & kFixed) {
    if (wanted < old_start + old_size && old_start < wanted + new_size) return LinuxError::Invalid;
    TRY(unmap(wanted, wanted + new_size));
    if (new_size < old_size) TRY(unmap(old_start + new_size, old_start + old_size));
  } else {
    target = TRY(find_hole(0, new_size));
  }
  area.offset += old_start - area.start;
  area.start = target;
  area.end = target + new_size;
  areas_.insert(std::move(area));
  u64 first = old_start >> kPageShift;
  u64 kept = old_size < new_size ? old_size : new_size;
  pages_.for_each(first, first + (kept >> kPageShift), [&](u64 number, PageEntry& entry) {
    hide(number, entry);
    pages_.make((target >> kPageShift) + (number - first)) = entry;
    pages_.erase(number);
  });
  TRY(unmap(old_start, old_start + old_size));
  return target;
}

Result<Reference<AddressSpace>> AddressSpace::fork() {
  Reference<AddressSpace> child = TRY(create());
  child->break_start = break_start;
  child->break_end = break_end;
  child->arguments_start = arguments_start;
  child->arguments_end = arguments_end;
  child->environment_end = environment_end;
  child->stack_top = stack_top;
  child->stack_limit = stack_limit;
  child->areas_ = areas_;
  if (locks_future || areas_.locked_pages()) child->areas_.set_locked(0, AreaMap::kHighest, false);  // locks are not inherited
  pages_.for_each(0, kLastPage, [&](u64 number, PageEntry& entry) {
    store_.retain(entry.page);
    if (!(entry.flags & PageEntry::Shared)) {
      if (entry.flags & PageEntry::MappedWrite) {
        (void)guest_space_->protect(number << kPageShift, entry.flags & PageEntry::Execute ? Access::ReadExecute : Access::Read);
        entry.flags &= ~PageEntry::MappedWrite;
      }
      entry.flags &= ~PageEntry::Write;
    }
    child->pages_.make(number) = {entry.page, entry.flags & ~(PageEntry::Mapped | PageEntry::MappedWrite)};
  });
  return child;
}

}  // namespace pith::personality
