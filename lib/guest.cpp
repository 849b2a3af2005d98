// Guest address spaces and guest contexts over the kernel's objects.
#include "lib/guest.h"

#include <cstring>

#include "abi/handle.h"
#include "abi/kernel.h"
#include "abi/start_information.h"
#include "lib/ipc/invoke.h"
#include "lib/retry.h"

namespace pith {

namespace {

constexpr kernel::Region kRegion{ComponentSlot::Region};
constexpr u64 kTopLevel = 3;  // of page tables

}  // namespace

Result<std::unique_ptr<GuestSpace>> GuestSpace::create(FramePool& pool) {
  std::unique_ptr<GuestSpace> space(new GuestSpace(pool));
  space->slot_ = TRY(pool.allocate_slot());
  FrameNumber frame = TRY(pool.allocate_raw());
  Result<FrameNumber> top = pool.allocate_raw();
  Error error = top.error();
  if (top) {
    error = retry([&] { return kRegion.create(*top, ObjectType::PageTable, kNoSlot, kTopLevel, FrameNumber()); }).error();
    if (error == kSuccess) {
      error = retry([&] { return kRegion.create(frame, ObjectType::AddressSpace, space->slot_, 0, *top); }).error();
      if (error != kSuccess) (void)retry([&] { return kRegion.destroy(*top); });
    }
    if (error == kSuccess) {
      space->space_ = frame;
      space->top_ = *top;
      return space;
    }
    pool.release(*top);
  }
  pool.release(frame);
  return error;
}

/// Leaf tables first: a table that is still linked above keeps the space Busy.
GuestSpace::~GuestSpace() {
  for (FrameNumber& list : tables_) {
    while (list.raw) {
      FrameNumber table = list;
      list = pool_.next_of(table);
      pool_.destroy_frame(table);
    }
  }
  if (space_.raw) {
    pool_.destroy_frame(space_);
    // The kernel may free the top-level table together with the space.
    auto top = kRegion.inspect(top_);
    if (top && top->type == u64(ObjectType::Untyped)) {
      pool_.release(top_);
    } else {
      pool_.destroy_frame(top_);
    }
  }
  if (slot_.raw) pool_.release_slot(slot_);
}

Result<void> GuestSpace::map(u64 address, FrameNumber frame, Access access) {
  kernel::AddressSpace space{slot_};
  Result<void> mapped = space.map(ComponentSlot::Region, VirtualAddress(address), frame, u64(access));
  if (mapped || mapped.error() != Error::NoTable) [[likely]]
    return mapped;
  TRY(link(address, 0));
  return space.map(ComponentSlot::Region, VirtualAddress(address), frame, u64(access));
}

Result<void> GuestSpace::unmap(u64 address) {
  TRY(kernel::AddressSpace{slot_}.unmap(ComponentSlot::Region, VirtualAddress(address)));
  return {};
}

Result<void> GuestSpace::protect(u64 address, Access access) {
  return kernel::AddressSpace{slot_}.protect(ComponentSlot::Region, VirtualAddress(address), u64(access));
}

/// Links a table of `level` on the way to `address`, and those above it where they are missing (two rounds at most).
Result<void> GuestSpace::link(u64 address, u32 level) {
  FrameNumber table = TRY(pool_.create_page_table(level));
  VirtualAddress base(address & ~((u64{1} << (21 + 9 * level)) - 1));
  kernel::AddressSpace space{slot_};
  Result<void> linked = space.link_table(base, table);
  if (!linked && linked.error() == Error::NoTable && level < 2) {
    linked = link(address, level + 1);
    if (linked) linked = space.link_table(base, table);
  }
  if (!linked) {
    pool_.destroy_frame(table);
    if (linked.error() == Error::Occupied) return {};
    return linked;
  }
  pool_.set_next_of(table, tables_[level]);
  tables_[level] = table;
  return {};
}

Result<std::unique_ptr<Guest>> Guest::create(FramePool& pool, GuestSpace& space) {
  std::unique_ptr<Guest> guest(new Guest(pool));
  guest->page_ = TRY(pool.allocate_data());
  guest->registers_ = reinterpret_cast<GuestRegisters*>(pool.window(guest->page_));
  guest->slot_ = TRY(pool.create_object(ObjectType::Guest));
  guest->vector_ = TRY(pool.create_object(ObjectType::VectorState));
  TRY(guest->set_space(space));
  TRY(kernel::Guest{guest->slot_}.set_vector_state(guest->vector_));
  return guest;
}

Guest::~Guest() {
  if (slot_.raw) pool_.destroy_object(slot_);
  if (vector_.raw) pool_.destroy_object(vector_);
  if (page_.raw) pool_.release(page_);
  if (exchange_.raw) pool_.release(exchange_);
}

GuestExitInfo Guest::run() {
  Words words{};
  Status status = invoke(Handle::run_guest(slot_).raw, words);
  if (status.is_error()) [[unlikely]]
    return {GuestExit::Interrupted, 0, 0, status.error_number() == u32(Error::Cancelled) ? 0 : status.error_number()};
  return {GuestExit(words.w[0]), words.w[1], words.w[2], words.w[3]};
}

Result<void> Guest::set_space(GuestSpace& space) { return kernel::Guest{slot_}.configure(space.slot(), page_); }

Result<void> Guest::copy_vector_state(Guest& from) { return retry([&] { return kernel::VectorState{vector_}.copy(from.vector_); }); }

Result<void> Guest::reset_vector_state() {
  // XSAVE image with an empty component mask: everything initial, but MXCSR and (for FXSAVE machines) FCW are taken as they stand.
  // [intel/1 13.8.1]
  struct Legacy {
    u16 control;
    u8 others[22];
    u32 mxcsr;
  };
  TRY(need_exchange_page());
  u8* page = pool_.window(exchange_);
  memset(page, 0, kPageSize);
  auto* legacy = reinterpret_cast<Legacy*>(page);
  legacy->control = 0x37f;
  legacy->mxcsr = 0x1f80;
  return retry([&] { return kernel::VectorState{vector_}.load(exchange_); });
}

Result<void> Guest::save_vector_state(void* page, u64 size) {
  if (size > kPageSize) return Error::BadArgument;
  TRY(need_exchange_page());
  TRY(retry([&] { return kernel::VectorState{vector_}.save(exchange_); }));
  memcpy(page, pool_.window(exchange_), size);
  return {};
}

Result<void> Guest::load_vector_state(const void* page, u64 size) {
  if (size > kPageSize) return Error::BadArgument;
  TRY(need_exchange_page());
  memcpy(pool_.window(exchange_), page, size);
  return retry([&] { return kernel::VectorState{vector_}.load(exchange_); });
}

Result<void> Guest::need_exchange_page() {
  if (!exchange_.raw) exchange_ = TRY(pool_.allocate_data());
  return {};
}

}  // namespace pith
