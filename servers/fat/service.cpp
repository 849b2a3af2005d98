// Hands calls on to the volume, and ends events for it.
#include "servers/fat/service.h"

#include "lib/vault/parking.h"

namespace pith::fat {

namespace {

/// What an answer says of a node.
Result<Bytes> answer_with(const Result<files::Attributes>& attributes, std::span<std::byte, 104> room) {
  if (!attributes) return attributes.error();
  memcpy(room.data(), &*attributes, sizeof *attributes);
  return Bytes{room};
}

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace

/// What is nobody's call cannot be set aside: it is due again when something has moved.
void Service::wait() {
  if (vault::exchange().current == vault::CallName{}) vault::abort_event(Error::WouldBlock);
  vault::park();
}

void Service::give_up(Error why) { vault::abort_event(why); }

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
  Information all = TRY(volume_.information());
  u64 flags = all.flags | u64(files::Kind::Fat) << files::Flag::KindShift;
  return protocols::FilesStateResult{all.blocks, all.free_blocks, 0, all.block_size | flags << 32};
}

Result<Bytes> Service::root(Session, std::span<std::byte, 104> room) { return answer_with(volume_.root(), room); }

Result<Bytes> Service::lookup(Session, u64 directory, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  return answer_with(volume_.lookup(directory, text_of(name)), room);
}

Result<Bytes> Service::attributes(Session, u64 node, std::span<std::byte, 104> room) { return answer_with(volume_.attributes(node), room); }

Result<Bytes> Service::set_attributes(Session, u64 node, u64 changes, std::span<const std::byte> to, std::span<std::byte, 104> room) {
  files::Attributes wanted;
  if (to.size() != sizeof wanted) return Error::BadArgument;
  memcpy(&wanted, to.data(), sizeof wanted);
  return answer_with(volume_.set_attributes(node, changes, wanted), room);
}

Result<Bytes> Service::create(Session, u64 directory, u64 mode, u64, u64, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  return answer_with(volume_.create(directory, mode, text_of(name)), room);
}

/// A file has one name here, and there is nothing that could be a symbolic link.
Result<Bytes> Service::link(Session, u64, u64, std::span<const std::byte>, std::span<std::byte, 104>) { return Error::NotSupported; }

Result<Bytes> Service::symlink(Session, u64, u64, u64, u64, std::span<const std::byte>, std::span<std::byte, 104>) {
  return Error::NotSupported;
}

Result<u64> Service::read_link(Session, u64 node, u64) {
  TRY(volume_.attributes(node));
  return Error::WrongType;
}

Result<void> Service::remove(Session, u64 directory, u64 is_directory, std::span<const std::byte> name) {
  if (is_directory > 1) return Error::BadArgument;
  return volume_.remove(directory, is_directory != 0 ? Volume::Kind::Directory : Volume::Kind::File, text_of(name));
}

Result<void> Service::rename(Session session, u64 from, u64 to, u64 flags, u64 place, u64 lengths) {
  constexpr u64 kNoReplace = 1, kMostName = 255;
  if (flags > kNoReplace) return flags == 2 ? Error::NotSupported : Error::BadArgument;
  u64 old_length = u32(lengths), new_length = lengths >> 32;
  if (old_length > kMostName || new_length > kMostName) return Error::BadArgument;
  std::span<std::byte> shared = TRY(memory_at(session, place, old_length + new_length));
  char names[2 * kMostName];  // its writer may change them at any time
  memcpy(names, shared.data(), shared.size());
  return volume_.rename(from, {names, old_length}, to, {names + old_length, new_length},
                        flags == kNoReplace ? Volume::Rename::NoReplace : Volume::Rename::Replace);
}

Result<protocols::FilesListResult> Service::list(Session session, u64 directory, u64 cookie, u64 place, u64 room) {
  Volume::Listed listed = TRY(volume_.list(directory, cookie, TRY(memory_at(session, place, room))));
  return protocols::FilesListResult{listed.length, listed.next};
}

Result<void> Service::read(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  return volume_.read(u32(session.raw), token, node, offset, length, place);
}

Result<void> Service::write(Session session, Token token, u64 node, u64 offset, u64 length, u64 place) {
  return volume_.write(u32(session.raw), token, node, offset, length, place);
}

Result<void> Service::sync(Session, Token token, u64 node) { return volume_.sync(token, node); }
Result<void> Service::hold(Session session, u64 node) { return volume_.hold(u32(session.raw), node); }
Result<void> Service::release(Session session, u64 node) { return volume_.release(u32(session.raw), node); }
Result<u64> Service::allocate(Session, u64 node, u64 offset, u64 length, u64 flags) {
  return volume_.allocate(node, offset, length, flags);
}

}  // namespace pith::fat
