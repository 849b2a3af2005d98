// Areas and pages of a process: map, unmap, protect, break, fork.
#include "personality/linux/memory/address_space.h"

#include "personality/linux/environment.h"
#include "personality/linux/files/inode.h"

namespace pith::personality {

namespace {

u32 entry_access(u32 protection) {
  u32 flags = protection & (Protection::Read | Protection::Write) ? u32{PageEntry::Read} : 0;
  if (protection & Protection::Execute) flags |= PageEntry::Execute | PageEntry::Read;
  return flags;
}

}  // namespace

Result<Reference<AddressSpace>> AddressSpace::create() {
  Environment& env = environment();
  Result<std::unique_ptr<GuestSpace>> space = GuestSpace::create(env.pool);
  if (!space) return LinuxError::OutOfMemory;
  return Reference<AddressSpace>(new AddressSpace(env.pages, std::move(*space)));
}

AddressSpace::~AddressSpace() {
  guest_space_.reset();  // page tables first: then no page is mapped any more
  pages_.for_each(0, ~u64{0} >> kPageShift, [&](u64, PageEntry& entry) { store_.release(entry.page); });
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
    if (entry.flags & PageEntry::Shared && protection & Protection::Write) entry.flags |= PageEntry::Write;
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
  pages_.for_each(0, ~u64{0} >> kPageShift, [&](u64 number, PageEntry& entry) {
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
