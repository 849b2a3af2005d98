// Hands calls on to the folder, and ends events for it.
#include "servers/host_folder/service.h"

#include "lib/vault/parking.h"

namespace pith::host_folder {

namespace {

constexpr u64 kTypes = 0170000, kDirectory = 0040000, kFile = 0100000, kSymlinkMode = 0120777;

/// What an answer says of a file.
Result<Bytes> answer_with(const Result<files::Attributes>& attributes, std::span<std::byte, 104> room) {
  if (!attributes) return attributes.error();
  memcpy(room.data(), &*attributes, sizeof *attributes);
  return Bytes{room};
}

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// Errors: BadArgument for what cannot be a name.
Result<void> put_name(Job& job, u32 which, std::string_view name) {
  if (name.size() > kMostNameBytes || !is_name(name)) return Error::BadArgument;
  job.lengths[which] = u32(name.size());
  memcpy(job.names[which], name.data(), name.size());
  return {};
}

}  // namespace

/// What is nobody's call cannot be set aside.
void Service::wait() {
  if (vault::exchange().current == vault::CallName{}) vault::abort_event(Error::WouldBlock);
  vault::park();
}

vault::CallName Service::caller() { return vault::exchange().current; }
u32 Service::instance_of_caller() { return u32(vault::exchange().current.number() >> 32 & 0x7fff); }

void Service::answer_write(Token token, Result<u64> length, u64 size) {
  if (!length) return reply_write(token, length.error());
  reply_write(token, protocols::FilesWriteResult{*length, size});
}

/// Errors: BadArgument.
Result<std::span<std::byte>> Service::memory_at(Session session, u64 place, u64 length) {
  ClientMemory memory = TRY(memory_of(u32(session.raw)));
  if (place > memory.bytes.size() || length > memory.bytes.size() - place) return Error::BadArgument;
  return memory.bytes.subspan(place, length);
}

Result<protocols::FilesStateResult> Service::state(Session) {
  Space space = TRY(folder_.space());
  u64 flags = (folder_.is_read_only() ? files::Flag::ReadOnly : 0) | u64(files::Kind::HostFolder) << files::Flag::KindShift;
  u64 nodes = files::pack_nodes(space.nodes, space.free_nodes);
  return protocols::FilesStateResult{space.blocks, space.free_blocks, nodes, space.block_size | flags << 32};
}

Result<Bytes> Service::root(Session, std::span<std::byte, 104> room) { return answer_with(folder_.root(), room); }

Result<Bytes> Service::lookup(Session, u64 directory, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  return answer_with(folder_.lookup(directory, text_of(name)), room);
}

Result<Bytes> Service::attributes(Session, u64 node, std::span<std::byte, 104> room) { return answer_with(folder_.attributes(node), room); }

Result<Bytes> Service::set_attributes(Session, u64 node, u64 changes, std::span<const std::byte> to, std::span<std::byte, 104> room) {
  Job job{};
  if (to.size() != sizeof job.wanted) return Error::BadArgument;
  memcpy(&job.wanted, to.data(), sizeof job.wanted);
  job.kind = Job::Kind::Change;
  job.node = node;
  job.changes = changes;
  return answer_with(folder_.change(job), room);
}

/// What is made belongs to whom the host makes it for.
Result<Bytes> Service::create(Session, u64 directory, u64 mode, u64, u64, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  Job job{};
  TRY(put_name(job, 0, text_of(name)));
  // Hosts refuse pipes, sockets and devices in different ways, some after they have made them.
  if ((mode & kTypes) != kFile && (mode & kTypes) != kDirectory) return Error::NotSupported;
  job.kind = Job::Kind::Make;
  job.directory = directory;
  job.mode = mode;
  return answer_with(folder_.change(job), room);
}

Result<Bytes> Service::link(Session, u64 directory, u64 node, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  Job job{};
  TRY(put_name(job, 0, text_of(name)));
  job.kind = Job::Kind::Link;
  job.directory = directory;
  job.node = node;
  return answer_with(folder_.change(job), room);
}

Result<Bytes> Service::symlink(Session session, u64 directory, u64, u64 place, u64 length, std::span<const std::byte> name,
                               std::span<std::byte, 104> room) {
  Job job{};
  TRY(put_name(job, 0, text_of(name)));
  if (length == 0 || length > kMostTextBytes) return Error::BadArgument;
  char text[kMostTextBytes];  // its writer may change it at any time
  memcpy(text, TRY(memory_at(session, place, length)).data(), length);
  if (memchr(text, 0, length) != nullptr) return Error::BadArgument;
  job.kind = Job::Kind::Make;
  job.directory = directory;
  job.mode = kSymlinkMode;
  return answer_with(folder_.change(job, {text, length}), room);
}

Result<u64> Service::read_link(Session session, u64 node, u64 place) {
  ClientMemory memory = TRY(memory_of(u32(session.raw)));
  if (place > memory.bytes.size()) return Error::BadArgument;
  return folder_.read_link(node, memory.bytes.subspan(place));
}

Result<void> Service::remove(Session, u64 directory, u64 is_directory, std::span<const std::byte> name) {
  Job job{};
  TRY(put_name(job, 0, text_of(name)));
  if (is_directory > 1) return Error::BadArgument;
  job.kind = Job::Kind::Remove;
  job.directory = directory;
  job.flags = is_directory;
  TRY(folder_.change(job));
  return {};
}

Result<void> Service::rename(Session session, u64 from, u64 to, u64 flags, u64 place, u64 lengths) {
  constexpr u64 kNoReplace = 1;
  if (flags > kNoReplace) return flags == 2 ? Error::NotSupported : Error::BadArgument;
  u64 old_length = u32(lengths), new_length = lengths >> 32;
  if (old_length > kMostNameBytes || new_length > kMostNameBytes) return Error::BadArgument;
  std::span<std::byte> shared = TRY(memory_at(session, place, old_length + new_length));
  char names[2 * kMostNameBytes];  // its writer may change them at any time
  memcpy(names, shared.data(), shared.size());
  Job job{};
  TRY(put_name(job, 0, {names, old_length}));
  TRY(put_name(job, 1, {names + old_length, new_length}));
  job.kind = Job::Kind::Rename;
  job.directory = from;
  job.node = to;
  job.flags = flags;
  TRY(folder_.change(job));
  return {};
}

Result<protocols::FilesListResult> Service::list(Session session, u64 directory, u64 cookie, u64 place, u64 room) {
  Listed listed = TRY(folder_.list(directory, cookie, TRY(memory_at(session, place, room))));
  return protocols::FilesListResult{listed.length, listed.next};
}

Result<void> Service::read(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  return folder_.transfer({Transfer::Kind::Read, u32(session.raw), token, 0, 0, node, offset, length, place, 0});
}

Result<void> Service::write(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  return folder_.transfer({Transfer::Kind::Write, u32(session.raw), token, 0, 0, node, offset, length, place, 0});
}

Result<void> Service::sync(Session session, Token token, u64 node) {
  return folder_.transfer({Transfer::Kind::Sync, u32(session.raw), token, 0, 0, node, 0, 0, 0, 0});
}

Result<void> Service::hold(Session session, u64 node) { return folder_.hold(u32(session.raw), node); }
Result<void> Service::release(Session session, u64 node) { return folder_.release(u32(session.raw), node); }

/// The protocol that the host speaks has nothing for that.
Result<u64> Service::allocate(Session, u64, u64, u64, u64) { return Error::NotSupported; }

}  // namespace pith::host_folder
