// From messages to the volume and back.
#include "servers/ext4/service.h"

#include <cstring>

#include "abi/error.h"
#include "lib/ipc/pulse.h"
#include "lib/vault/event.h"
#include "lib/vault/parking.h"

namespace pith::ext4 {

namespace {

std::string_view text_of(std::span<const std::byte> bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Bytes put(const files::Attributes& attributes, std::span<std::byte, 104> room) {
  memcpy(room.data(), &attributes, sizeof attributes);
  return Bytes{room};
}

}  // namespace

void Service::advance() {
  ipc::beat();  // a file may have many pieces to be taken back
  is_advancing_ = true;
  volume_.advance();
  is_advancing_ = false;
}

/// What advance() cannot do yet is due again when the disk has answered.
void Service::wait() {
  if (!is_advancing_) vault::park();
  is_advancing_ = false;
  vault::abort_event(Error::WouldBlock);
}

void Service::give_up(Error why) {
  is_advancing_ = false;
  vault::abort_event(why);
}

void Service::answer_write(Token token, Result<u64> length, u64 size) {
  reply_write(token, length ? Result<protocols::FilesWriteResult>(protocols::FilesWriteResult{*length, size})
                            : Result<protocols::FilesWriteResult>(length.error()));
}

/// Errors: BadArgument.
Result<std::span<std::byte>> Service::place_of(Session session, u64 place, u64 length) {
  Result<ClientMemory> memory = memory_of(u32(session.raw));
  if (!memory || place > memory->bytes.size() || length > memory->bytes.size() - place) return Error::BadArgument;
  return memory->bytes.subspan(place, length);
}

Result<protocols::FilesStateResult> Service::state(Session) {
  Information is = TRY(volume_.information());
  return protocols::FilesStateResult{is.blocks, is.free_blocks, files::pack_nodes(is.nodes, is.free_nodes), is.block_size | u64{is.flags} << 32};
}

Result<Bytes> Service::root(Session, std::span<std::byte, 104> room) { return put(TRY(volume_.root()), room); }

Result<Bytes> Service::lookup(Session, u64 directory, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  return put(TRY(volume_.lookup(directory, text_of(name))), room);
}

Result<Bytes> Service::attributes(Session, u64 node, std::span<std::byte, 104> room) { return put(TRY(volume_.attributes(node)), room); }

Result<Bytes> Service::set_attributes(Session, u64 node, u64 changes, std::span<const std::byte> attributes,
                                      std::span<std::byte, 104> room) {
  files::Attributes to;
  if (attributes.size() != sizeof to) return Error::BadArgument;
  memcpy(&to, attributes.data(), sizeof to);
  return put(TRY(volume_.set_attributes(node, changes, to)), room);
}

Result<Bytes> Service::create(Session, u64 directory, u64 mode, u64 owner, u64 device, std::span<const std::byte> name,
                              std::span<std::byte, 104> room) {
  if (mode >> 32 != 0) return Error::BadArgument;
  return put(TRY(volume_.create(directory, u32(mode), owner, device, text_of(name))), room);
}

Result<Bytes> Service::link(Session, u64 directory, u64 node, std::span<const std::byte> name, std::span<std::byte, 104> room) {
  return put(TRY(volume_.link(directory, node, text_of(name))), room);
}

Result<Bytes> Service::symlink(Session session, u64 directory, u64 owner, u64 place, u64 length, std::span<const std::byte> name,
                               std::span<std::byte, 104> room) {
  char text[4096];
  if (length >= sizeof text) return Error::BadArgument;
  memcpy(text, TRY(place_of(session, place, length)).data(), length);  // the client may write there at any time
  return put(TRY(volume_.symlink(directory, owner, {text, length}, text_of(name))), room);
}

Result<u64> Service::read_link(Session session, u64 node, u64 place) {
  constexpr u64 kMost = 4095;
  return volume_.read_link(node, TRY(place_of(session, place, kMost)));
}

Result<void> Service::remove(Session, u64 directory, u64 is_directory, std::span<const std::byte> name) {
  if (is_directory > 1) return Error::BadArgument;
  return volume_.remove(directory, is_directory ? Volume::Kind::Directory : Volume::Kind::File, text_of(name));
}

Result<void> Service::rename(Session session, u64 from, u64 to, u64 flags, u64 place, u64 lengths) {
  char names[2 * 255];
  u64 old_length = lengths & ~u32{0}, new_length = lengths >> 32;
  if (old_length > 255 || new_length > 255 || flags > 2) return Error::BadArgument;
  memcpy(names, TRY(place_of(session, place, old_length + new_length)).data(), old_length + new_length);
  return volume_.rename(from, {names, old_length}, to, {names + old_length, new_length}, Volume::Rename(flags));
}

Result<protocols::FilesListResult> Service::list(Session session, u64 directory, u64 cookie, u64 place, u64 room) {
  Volume::Listed listed = TRY(volume_.list(directory, cookie, TRY(place_of(session, place, room))));
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

}  // namespace pith::ext4
