// What is asked of names, attributes and lists.
#include "servers/host_folder/folder.h"

#include "abi/error.h"
#include "servers/host_folder/hidden.h"

namespace pith::host_folder {

namespace {

constexpr u64 kAllBasics = 0x7ff;  // of the attributes that a host may tell
constexpr u32 kBlockBytes = 512;
constexpr u64 kNanoseconds = 1'000'000'000;

/// Nanoseconds since 1970, of seconds and the rest; what makes no sense is the nearest that does.
i64 time_of(u64 seconds, u64 rest) {
  constexpr i64 kMost = i64(~u64{0} / 2 / kNanoseconds) - 1;
  i64 whole = i64(seconds);
  whole = whole > kMost ? kMost : whole < -kMost ? -kMost : whole;
  return whole * i64(kNanoseconds) + i64(rest < kNanoseconds ? rest : 0);
}

}  // namespace

Folder::Folder(State& state, Surroundings& surroundings, virtio_ninep::Device* device)
    : state_(state), surroundings_(surroundings), host_(device) {}

bool Folder::look() {
  if (!host_.look()) return false;
  is_job_ready_ = true;
  ready_transfers_ = ~u32{0};
  return true;
}

/// A call's script begins. Errors: as Host::check.
Result<void> Folder::begin_call() {
  Result<void> ready = host_.check();
  if (ready.error() == Error::WouldBlock) surroundings_.wait();
  TRY(std::move(ready));
  host_.begin_call(surroundings_.caller());
  ensure_root();
  return {};
}

Result<Folder::HostAttributes> Folder::ask_attributes(u32 fid) {
  Writer message = host_.message();
  message.put(fid).put(kAllBasics);
  Reader reader = TRY(host_.ask(Kind::GetAttributes, message)).reader();
  HostAttributes answer{};
  files::Attributes& to = answer.attributes;
  (void)reader.get<u64>();  // which of them are valid: what is not is zero
  answer.qid = reader.qid();
  to.node = answer.qid.path;
  to.mode = reader.get<u32>();
  to.user = reader.get<u32>();
  to.group = reader.get<u32>();
  u64 links = reader.get<u64>();
  to.links = links > ~u32{0} ? ~u32{0} : u32(links);
  to.device = reader.get<u64>();
  to.size = reader.get<u64>();
  (void)reader.get<u64>();  // what it likes to be read by
  to.blocks = reader.get<u64>();
  i64* times[] = {&to.access_time, &to.modification_time, &to.change_time};
  for (i64* time : times) {
    u64 seconds = reader.get<u64>();
    *time = time_of(seconds, reader.get<u64>());
  }
  constexpr u32 kTypes = 0170000, kDirectory = 0040000;
  bool is_directory = (to.mode & kTypes) == kDirectory;
  if (!reader.is_good() || to.node == 0 || is_directory != ((answer.qid.type & Qid::kDirectory) != 0)) return Error::Damaged;
  if (to.size > ~u64{0} >> 1 || to.blocks > ~u64{0} / kBlockBytes) return Error::Damaged;
  return answer;
}

/// What a name in a directory stands for, with the script's own fid number `which` for it; nothing: it is not there.
Result<Folder::Seen> Folder::look_at(u32 which, u32 directory_fid, std::string_view name) {
  u32 fid = TRY(host_.scratch(which));
  Writer message = host_.message();
  message.put(directory_fid).put(fid).put(u16(1)).text(name);
  Result<Reply> walked = host_.ask(Kind::Walk, message);
  if (!walked && walked.error() == Error::NotFound) return Seen();
  if (!walked) return walked.error();
  Reader reader = walked->reader();
  if (reader.get<u16>() != 1) return Error::Damaged;
  u64 path = reader.qid().path;
  Result<HostAttributes> found = ask_attributes(fid);
  if (!found && found.error() == Error::NotFound) return Seen();
  if (!found) return found.error();
  if (found->qid.path != path) return Error::Damaged;
  return Seen(*found);
}

/// As clients see it.
files::Attributes Folder::describe(const HostAttributes& of, const Node* node) const {
  files::Attributes attributes = of.attributes;
  if (node != nullptr && (node->flags & Node::kHidden) != 0 && attributes.links != 0) attributes.links--;
  return attributes;
}

Result<Space> Folder::space() {
  return run_call([&]() -> Result<Space> {
    Writer message = host_.message();
    message.put(u32{0});
    Reader reader = TRY(host_.ask(Kind::StatFilesystem, message)).reader();
    (void)reader.get<u32>();  // the kind
    Space space{};
    space.block_size = reader.get<u32>();
    space.blocks = reader.get<u64>();
    (void)reader.get<u64>();  // free ones, those for the superuser included
    space.free_blocks = reader.get<u64>();
    space.nodes = reader.get<u64>();
    space.free_nodes = reader.get<u64>();
    constexpr u64 kMostBlocks = u64{1} << 40, kMostBlockSize = 1 << 20;
    if (!reader.is_good() || space.block_size == 0 || space.block_size > kMostBlockSize) return Error::Damaged;
    if (space.blocks > kMostBlocks) space.blocks = kMostBlocks;
    if (space.free_blocks > space.blocks) space.free_blocks = space.blocks;
    return space;
  });
}

Result<files::Attributes> Folder::root() {
  TRY(begin_call());
  drop_holds_of_dead(u32(surroundings_.caller().session));
  return attributes(state_.table[0].number);
}

Result<files::Attributes> Folder::attributes(u64 number) {
  return run_call([&]() -> Result<files::Attributes> {
    u32 place = TRY(need(number));
    HostAttributes found = TRY(ask_attributes(TRY(fid_of(place))));
    if (found.qid.path != number) return Error::NotFound;
    return describe(found, &state_.table[place]);
  });
}

Result<files::Attributes> Folder::lookup(u64 directory, std::string_view name) {
  return run_call([&]() -> Result<files::Attributes> {
    u32 place = TRY(need(directory));
    if (name.size() > kMostNameBytes || !is_name(name)) return Error::BadArgument;
    if (place == 0 && is_hidden_name(name)) return Error::NotFound;
    Seen seen = TRY(look_at(0, TRY(fid_of(place)), name));
    if (!seen) return Error::NotFound;
    u32 found = add(place, name, seen->qid.path);
    if (found == kNowhere) return Error::Limit;
    host_.keep_scratch(0, seen->qid.path);
    return describe(*seen, &state_.table[found]);
  });
}

/// The host's cookies are handed on as they are.
Result<Listed> Folder::list(u64 directory, u64 cookie, std::span<std::byte> to) {
  return run_call([&]() -> Result<Listed> {
    u32 fid = TRY(opened(TRY(need(directory)), Use::Directory));
    bool is_root = directory == state_.table[0].number;
    for (;;) {
      u64 from = host_.note() != 0 ? host_.note() : cookie;
      Writer message = host_.message();
      message.put(fid).put(from).put(virtio_ninep::kMessageBytes - kHeaderBytes - 4);
      Reply reply = TRY(host_.ask(Kind::ReadDirectory, message));
      Reader names = reply.reader();
      u32 length = names.get<u32>();
      if (!names.is_good() || length != names.rest().size() || reply.length != kHeaderBytes + 4 + length) return Error::Damaged;
      Listed listed{0, from};
      while (!names.rest().empty()) {
        Qid qid = names.qid();
        u64 next = names.get<u64>();
        u8 type = names.get<u8>();
        std::string_view name = names.text();
        if (!names.is_good() || next == 0) return Error::Damaged;
        bool is_left_out = name == "." || name == ".." || (is_root && is_hidden_name(name));
        if (!is_left_out && !is_name(name)) return Error::Damaged;
        usize size = (sizeof(files::Entry) + name.size() + 7) & ~usize{7};
        if (!is_left_out && listed.length + size > to.size()) return listed.length != 0 ? Result<Listed>(listed) : Error::BadArgument;
        listed.next = next;
        if (is_left_out) continue;
        files::Entry entry{qid.path, next, u32(type & 15) << 12, u32(name.size())};
        memcpy(to.data() + listed.length, &entry, sizeof entry);
        memcpy(to.data() + listed.length + sizeof entry, name.data(), name.size());
        listed.length += size;
      }
      if (length == 0 || listed.length != 0) return listed;
      if (listed.next == from) return Error::Damaged;
      host_.note() = listed.next;
      host_.forget_answers();
    }
  });
}

Result<u64> Folder::read_link(u64 number, std::span<std::byte> to) {
  return run_call([&]() -> Result<u64> {
    u32 fid = TRY(fid_of(TRY(need(number))));
    Writer message = host_.message();
    message.put(fid);
    Reader reader = TRY(host_.ask(Kind::ReadLink, message)).reader();
    std::string_view text = reader.text();
    if (!reader.is_good() || text.empty() || text.size() > kMostTextBytes) return Error::Damaged;
    if (text.size() > to.size()) return Error::BadArgument;
    memcpy(to.data(), text.data(), text.size());
    return u64(text.size());
  });
}

/// Errors: NotFound, Limit.
Result<void> Folder::hold(u32 session, u64 number) {
  TRY(begin_call());
  host_.end();
  Node& node = state_.table[TRY(need(number))];
  drop_holds_of_dead(session);
  Hold* free = nullptr;
  for (Hold& each : state_.holds) {
    if (each.count != 0 && each.session == session && each.number == number) {
      each.count++;
      if (node.is_to_be_purged()) state_.to_be_purged--;
      node.holds++;
      return {};
    }
    if (each.count == 0 && free == nullptr) free = &each;
  }
  if (free == nullptr) return Error::Limit;
  *free = {number, session, surroundings_.instance_of_caller(), 1, 0};
  if (node.is_to_be_purged()) state_.to_be_purged--;
  node.holds++;
  return {};
}

/// What nobody holds and has no name goes later.
Result<void> Folder::release(u32 session, u64 number) {
  for (Hold& each : state_.holds) {
    if (each.count == 0 || each.session != session || each.number != number) continue;
    each.count--;
    if (u32 place = place_of(number); place != kNowhere) release_node(place, 1);
    return {};
  }
  return Error::NotFound;
}

}  // namespace pith::host_folder
