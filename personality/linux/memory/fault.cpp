// Page faults: finding, making and copying pages at the first touch.
#include <cstring>

#include "personality/linux/environment.h"
#include "personality/linux/files/inode.h"
#include "personality/linux/memory/address_space.h"

namespace pith::personality {

namespace {

constexpr u64 kStackGuard = 256 * kPageSize;

bool allows(const Area& area, Need need) {
  switch (need) {
    case Need::Read:
      return area.protection != Protection::None;
    case Need::Write:
      return area.protection & Protection::Write;
    case Need::Execute:
      return area.protection & Protection::Execute;
  }
  return false;
}

u32 access_flags(const Area& area) {
  u32 flags = area.protection ? u32{PageEntry::Read} : 0;
  if (area.protection & Protection::Execute) flags |= PageEntry::Execute;
  return flags;
}

}  // namespace

Area* AddressSpace::find_or_grow(u64 address) {
  Area* area = areas_.find_from(address);
  if (!area) return nullptr;
  if (area->start <= address) return area;
  u64 start = address & ~(kPageSize - 1);
  if (area->growth != Growth::Down || area->end - start > stack_limit) return nullptr;
  u64 guard = start - kStackGuard;
  if (!areas_.is_free(guard, area->start)) return nullptr;
  areas_.grow_down(*area, start);
  return areas_.find(address);
}

Result<PageEntry*> AddressSpace::provide_new(const Area& area, u64 address, Need need) {
  u32 flags = access_flags(area);
  PageIndex page;
  if (area.backing) {
    u64 index = area.page_in_backing(address);
    if (index >= pages_for(area.backing->size())) return LinuxError::NoDevice;
    if (area.sharing == Sharing::Shared && area.backing->tracks_writes()) {
      bool writes = need == Need::Write;
      page = writes ? TRY(area.backing->page_for_writing(index)) : area.backing->page_for_reading(index);
      if (page == kNoPage) return LinuxError::InputOutput;
      store_.retain(page);
      flags |= PageEntry::Shared | PageEntry::Tracked | (writes ? u32{PageEntry::Write} : 0);
    } else if (area.sharing == Sharing::Shared) {
      page = TRY(area.backing->page_for_writing(index));
      store_.retain(page);
      flags |= PageEntry::Shared;
      if (need == Need::Write) {
        area.backing->touch_modified();
        flags |= PageEntry::Write;
      }
    } else if (page = area.backing->page_for_reading(index); page == kNoPage) {
      page = TRY(store_.allocate_zeroed());
      if (area.protection & Protection::Write) flags |= PageEntry::Write;
    } else if (need == Need::Write) {
      PageIndex copy = TRY(store_.allocate());
      memcpy(store_.data(copy), store_.data(page), kPageSize);
      page = copy;
      flags |= PageEntry::Write;
    } else {
      store_.retain(page);
    }
  } else {
    page = TRY(store_.allocate_zeroed());
    if (area.protection & Protection::Write) flags |= PageEntry::Write;
  }
  PageEntry& entry = pages_.make(address >> kPageShift);
  entry = {page, flags};
  return &entry;
}

Result<void> AddressSpace::make_writable(const Area& area, u64 page_number, PageEntry& entry) {
  if (entry.flags & PageEntry::Tracked) {
    TRY(area.backing->page_for_writing(area.page_in_backing(page_number << kPageShift)));
    entry.flags |= PageEntry::Write;
    return {};
  }
  if (entry.flags & PageEntry::Shared) {
    if (area.backing) area.backing->touch_modified();
    entry.flags |= PageEntry::Write;
    return {};
  }
  if (store_.references(entry.page) > 1) {
    PageIndex copy = TRY(store_.allocate());
    memcpy(store_.data(copy), store_.data(entry.page), kPageSize);
    hide(page_number, entry);
    store_.release(entry.page);
    entry.page = copy;
  }
  entry.flags |= PageEntry::Write;
  return {};
}

Result<PageEntry*> AddressSpace::provide(u64 address, Need need, Waiting waiting) {
  if (address >= AreaMap::kHighest) return LinuxError::BadPointer;
  for (;;) {
    Area* area = find_or_grow(address);
    if (!area || !allows(*area, need)) return LinuxError::BadPointer;
    PageEntry* entry = pages_.find(address >> kPageShift);
    bool writes = need == Need::Write;
    if (entry && (!writes || entry->flags & PageEntry::Write)) return entry;
    if (area->backing && (!entry || entry->flags & PageEntry::Tracked)) {
      u64 index = area->page_in_backing(address);
      PageUse use = writes && area->sharing == Sharing::Shared ? PageUse::Write : PageUse::Read;
      if (index < pages_for(area->backing->size())) {
        if (waiting == Waiting::Refused) {
          if (!area->backing->is_page_ready(index, use)) return LinuxError::BadPointer;
        } else {
          Reference<Inode> backing = area->backing;
          if (TRY(backing->load_page(index, use))) continue;  // the areas may be others by now
        }
      }
    }
    if (!entry) return provide_new(*area, address, need);
    TRY(make_writable(*area, address >> kPageShift, *entry));
    return entry;
  }
}

Result<void> AddressSpace::show(u64 page_number, PageEntry& entry) {
  Access access = entry.flags & PageEntry::Execute ? Access::ReadExecute : Access::Read;
  bool writable = entry.flags & PageEntry::Write;
  // W^X: a page that a program may both write and execute is shown as one or the other, by what was asked for last.
  if (writable) access = Access::ReadWrite;
  u64 address = page_number << kPageShift;
  Result<void> done = entry.flags & PageEntry::Mapped ? guest_space_->protect(address, access)
                                                      : guest_space_->map(address, store_.frame(entry.page), access);
  if (!done) return done.error() == Error::NoMemory || done.error() == Error::Limit ? LinuxError::OutOfMemory : done.error();
  entry.flags |= PageEntry::Mapped;
  entry.flags = writable ? entry.flags | PageEntry::MappedWrite : entry.flags & ~PageEntry::MappedWrite;
  return {};
}

Result<void> AddressSpace::handle_fault(u64 address, Need need) {
  PageEntry* entry = TRY(provide(address, need, Waiting::Allowed));
  u64 number = address >> kPageShift;
  if (need == Need::Execute && entry->flags & PageEntry::Write && !(entry->flags & PageEntry::Shared)) {
    entry->flags &= ~PageEntry::Write;  // the next store makes it writable again
  }
  // Showing neighbours as well was tried: it costs more than the faults that it saves (fork, exit and wait: 134 k instructions with 4 of
  // them, 114 k without).
  return show(number, *entry);
}

Result<u8*> AddressSpace::resolve_slow(u64 address, Need need) {
  PageEntry* entry = TRY(provide(address, need, Waiting::Allowed));
  return store_.data(entry->page) + (address & (kPageSize - 1));
}

Result<u8*> AddressSpace::resolve_present(u64 address, Need need) {
  PageEntry* entry = TRY(provide(address, need, Waiting::Refused));
  return store_.data(entry->page) + (address & (kPageSize - 1));
}

void AddressSpace::load(u64 address, u64 size, Need need) {
  u64 end = address + size;
  if (end < address) return;
  while (address < end) {
    Area* area = areas_.find_from(address);
    if (!area || area->start >= end) return;
    if (!area->backing || !area->backing->tracks_writes()) {
      address = area->end;
      continue;
    }
    if (address < area->start) address = area->start;
    if (!provide(address, need, Waiting::Allowed)) return;
    address = (address & ~(kPageSize - 1)) + kPageSize;
  }
}

void AddressSpace::protect_file_pages(const Inode& inode, u64 first, u64 last) {
  for (const auto& [start, area] : areas_.areas()) {
    if (area.backing.get() != &inode || area.sharing != Sharing::Shared) continue;
    u64 base = area.offset >> kPageShift, count = (area.end - area.start) >> kPageShift;
    u64 from = first > base ? first - base : 0;
    u64 to = last > base ? last - base : 0;
    if (to > count) to = count;
    if (from >= to) continue;
    u64 number = area.start >> kPageShift;
    pages_.for_each(number + from, number + to, [&](u64 page_number, PageEntry& entry) {
      if (!(entry.flags & PageEntry::Tracked) || !(entry.flags & PageEntry::Write)) return;
      entry.flags &= ~PageEntry::Write;
      if (entry.flags & PageEntry::MappedWrite) (void)show(page_number, entry);
    });
  }
}

void discard_mapped_pages(const Inode& inode, u64 first) {
  for (const auto& [pid, process] : environment().processes.all())
    for (Task* task : process->tasks)
      if (task->space) task->space->discard_file_pages(inode, first);
}

void AddressSpace::discard_file_pages(const Inode& inode, u64 first) {
  for (const auto& [start, area] : areas_.areas()) {
    if (area.backing.get() != &inode) continue;
    u64 base = area.offset >> kPageShift;
    u64 from = area.start + (first > base ? first - base : 0) * kPageSize;
    if (from < area.end) discard(from, area.end);
  }
}

}  // namespace pith::personality
