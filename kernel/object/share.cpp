// Shares: filling, revoking and unlinking them.
#include "kernel/memory/flush.h"
#include "kernel/object/address_space.h"
#include "kernel/object/page_table.h"

namespace pith {

Result<Access> check_access(u64 access) {
  switch (access) {
    case u64(Access::Read):
    case u64(Access::ReadWrite):
    case u64(Access::ReadExecute):
      return Access(access);
    default:
      return Error::BadArgument;
  }
}

Result<void> check_mappable(FrameNumber owner, FrameNumber frame) {
  if (frame.raw == 0 || frame.raw >= frame_count) return Error::BadFrame;
  const FrameInfo& entry = info(frame);
  if (entry.owner != owner) return Error::BadFrame;
  if (entry.type != ObjectType::Data) return Error::BadFrame;
  if (entry.uses == ~u32{0}) return Error::Limit;
  return {};
}

Result<void> Share::map(Thread&, u64 index, FrameNumber frame, u64 access_word) {
  const FrameInfo& self = info(frame_of(*this));
  if (index >= kPageTableEntries) return Error::BadArgument;
  Access access = TRY(check_access(access_word));
  if (access == Access::ReadExecute) return Error::BadArgument;
  if (self.level != 0 || self.cursor != 0) return Error::Busy;  // device memory, or half taken apart
  TRY(check_mappable(self.owner, frame));
  TRY(check_open(self.owner));
  if (entry[index].is_present()) return Error::Occupied;

  entry[index] = arch::PageTableEntry::leaf(frame, access);
  info(frame).uses++;
  return {};
}

Result<void> Share::unmap(Thread&, u64 index) {
  const FrameInfo& self = info(frame_of(*this));
  if (index >= kPageTableEntries) return Error::BadArgument;
  if (self.level != 0) return Error::Busy;
  if (!entry[index].is_present()) return Error::NotMapped;

  FrameNumber frame = entry[index].frame();
  entry[index] = {};
  info(frame).uses--;
  info(frame).generation = current_generation();
  if (self.parent.raw != 0) arch::flush_all();
  return {};
}

Result<void> Share::revoke(Thread&) {
  FrameNumber self = frame_of(*this);
  if (info(self).parent.raw == 0) return Error::NotMapped;

  unlink_share(self);
  arch::flush_all();
  return {};
}

void unlink_share(FrameNumber share) {
  FrameInfo& entry = info(share);
  FrameNumber table = entry.parent;
  // The table that links a share is of the receiving space; its spare table, if it still is one, takes the share's place.
  FrameNumber spare = spare_table_of(table);
  view<PageTable>(table).entry[entry.index] = spare.raw != 0 ? arch::PageTableEntry::table(spare) : arch::PageTableEntry{};
  if (spare.raw != 0) info(spare).uses++;
  entry.parent = FrameNumber();
  entry.index = 0;
  entry.generation = current_generation();
}

}  // namespace pith
