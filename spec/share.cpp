// Shares: page tables of one region's frames that another region's address space links.
#include "spec/parts.h"

namespace pith::spec {

Error check_access(u64 access) {
  bool good = access == u64(Access::Read) || access == u64(Access::ReadWrite) || access == u64(Access::ReadExecute);
  return good ? kSuccess : Error::BadArgument;
}

Error check_mappable(FrameNumber owner, FrameNumber frame) {
  if (!is_frame(frame) || frames[frame].owner != owner || frames[frame].type != ObjectType::Data) return Error::BadFrame;
  if (frames[frame].uses == ~u32{0}) return Error::Limit;
  return kSuccess;
}

Error share_map(FrameNumber, FrameNumber self, u64 index, FrameNumber frame, u64 access) {
  FrameNumber owner = frames[self].owner;
  if (index >= kEntries) return Error::BadArgument;
  if (access != u64(Access::Read) && access != u64(Access::ReadWrite)) return Error::BadArgument;
  if (frames[self].level != 0 || frames[self].cursor != 0) return Error::Busy;  // device memory, or half taken apart
  if (Error error = check_mappable(owner, frame); error != kSuccess) return error;
  if (!is_open(owner)) return Error::Closing;
  if (page_tables[self].entry[index].present) return Error::Occupied;

  page_tables[self].entry[index] = {.present = true, .device = false, .access = Access(access), .frame = frame};
  frames[frame].uses++;
  return kSuccess;
}

Error share_unmap(FrameNumber, FrameNumber self, u64 index) {
  if (index >= kEntries) return Error::BadArgument;
  if (frames[self].level != 0) return Error::Busy;
  Entry& entry = page_tables[self].entry[index];
  if (!entry.present) return Error::NotMapped;

  frames[entry.frame].uses--;
  frames[entry.frame].generation = state.generation;
  entry = {};
  return kSuccess;
}

Error share_revoke(FrameNumber, FrameNumber self) {
  if (frames[self].parent.raw == 0) return Error::NotMapped;
  unlink(self);
  return kSuccess;
}

}  // namespace pith::spec
