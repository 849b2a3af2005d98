// What is done with names: looked up, listed, made, taken away, changed.
#include "servers/fat/directory.h"

namespace pith::fat {

namespace {

constexpr u32 kMostNameBytes = 255;
constexpr u64 kTypeMask = 0170000, kDirectoryType = 0040000, kFileType = 0100000;

Result<Name> valid_name(std::string_view text) {
  std::optional<Name> name = name_of(text);
  if (!name || !is_valid(*name)) return Error::BadArgument;
  return *name;
}

bool is_in_sector(const Item& item, u64 position) {
  for (u32 i = 0; i < item.count; i++) {
    if (item.positions[i] / kEntriesOfSector != position / kEntriesOfSector) return false;
  }
  return true;
}

}  // namespace

Result<files::Attributes> Volume::lookup(u64 directory, std::string_view name) {
  u32 place = TRY(find_directory(directory));
  std::optional<Name> wanted = name_of(name);
  Item item;
  if (!wanted || !find(state_.nodes[place].first(), *wanted, item)) return Error::NotFound;
  u32 found = TRY(node_for(item.entry, item.position()));
  return describe(state_.nodes[found]);
}

Result<files::Attributes> Volume::create(u64 directory, u64 mode, std::string_view name) {
  begin_change();
  Node& parent = state_.nodes[TRY(find_directory(directory))];
  if (parent.position == kNowhere) return Error::NotFound;
  u64 type = mode & kTypeMask;
  if (type != kDirectoryType && type != kFileType) return Error::NotSupported;
  Name wanted = TRY(valid_name(name));
  Item item;
  if (find(parent.first(), wanted, item)) return Error::AlreadyExists;
  DirectoryEntry entry{};
  Stamp now = stamp_of(i64(surroundings_.wall_clock()));
  entry.created_date = entry.modified_date = entry.accessed_date = now.date;
  entry.created_time = entry.modified_time = now.time;
  entry.created_hundredths = now.hundredths;
  entry.attributes = type == kDirectoryType ? DirectoryEntry::kDirectory : DirectoryEntry::kArchive;
  if (type == kFileType && (mode & 0200) == 0) entry.attributes |= DirectoryEntry::kReadOnly;
  if (type == kDirectoryType) {
    u32 cluster = new_directory(parent.first(), entry);
    entry.first_high = u16(cluster >> 16);
    entry.first_low = u16(cluster);
  }
  u64 position = put_new(parent.first(), wanted, entry);
  touch(parent);
  put_back(parent);
  u32 place = TRY(node_for(entry, position));
  return describe(state_.nodes[place]);
}

Result<void> Volume::remove(u64 directory, Kind kind, std::string_view name) {
  begin_change();
  Node& parent = state_.nodes[TRY(find_directory(directory))];
  std::optional<Name> wanted = name_of(name);
  Item item;
  if (!wanted || !find(parent.first(), *wanted, item)) return Error::NotFound;
  if (item.entry.is_directory() != (kind == Kind::Directory)) return Error::WrongType;
  if (kind == Kind::Directory) {
    if (!state_.geometry.is_cluster(item.first())) return Error::Damaged;
    if (!is_empty(item.first())) return Error::Busy;
  }
  take_away(item, When::Now);
  if (Node* known = node_at(item.position())) {
    lose_name(*known);
  } else {
    free_chain(item.first(), kind);
  }
  touch(parent);
  put_back(parent);
  return {};
}

Result<void> Volume::rename(u64 from, std::string_view old_name, u64 to, std::string_view new_name, Rename how) {
  begin_change();
  Node& old_parent = state_.nodes[TRY(find_directory(from))];
  Node& new_parent = state_.nodes[TRY(find_directory(to))];
  std::optional<Name> old_wanted = name_of(old_name);
  Name wanted = TRY(valid_name(new_name));
  Item item, target;
  if (!old_wanted || !find(old_parent.first(), *old_wanted, item) || new_parent.position == kNowhere) return Error::NotFound;
  bool has_target = find(new_parent.first(), wanted, target);
  if (has_target && target.position() == item.position()) {
    Name has = item.name();
    if (has.length == wanted.length && memcmp(has.units, wanted.units, wanted.length * sizeof(u16)) == 0) return {};
    has_target = false;  // only its spelling changes
  }
  bool is_directory = item.entry.is_directory();
  if (has_target) {
    if (how == Rename::NoReplace) return Error::AlreadyExists;
    if (target.entry.is_directory() != is_directory) return Error::WrongType;
    if (is_directory && !is_empty(target.first())) return Error::Busy;
  }
  if (is_directory && &old_parent != &new_parent && is_below(new_parent.first(), item.first())) return Error::BadArgument;
  Node& node = state_.nodes[TRY(node_for(item.entry, item.position()))];
  u64 position = has_target ? target.position() : put_new(new_parent.first(), wanted, node.entry);
  if (has_target) {
    // Its name stays as it is spelt, and what has it is another file from one moment to the next.
    memcpy(node.entry.name, target.entry.name, sizeof node.entry.name);
    node.entry.case_flags = target.entry.case_flags;
    if (Node* known = node_at(position)) {
      lose_name(*known);
    } else {
      free_chain(target.first(), is_directory ? Kind::Directory : Kind::File);
    }
  }
  // The old name stays on the medium until the new one is there.
  take_away(item, is_in_sector(item, position) ? When::Now : When::Later);
  move_name(node, position);
  put_back(node);
  if (is_directory && &old_parent != &new_parent) {
    auto& entry = reinterpret_cast<DirectoryEntry*>(change(need(state_.geometry.sector_of(node.first()))))[1];
    entry.first_high = u16(new_parent.first() >> 16);
    entry.first_low = u16(new_parent.first());
  }
  for (Node* parent : {&old_parent, &new_parent}) {
    touch(*parent);
    put_back(*parent);
  }
  return {};
}

Result<Volume::Listed> Volume::list(u64 directory, u64 cookie, std::span<std::byte> to) {
  u32 place = TRY(find_directory(directory));
  if (cookie > kMostEntries) return Listed{0, cookie};
  Listed listed{0, cookie};
  bool is_full = false;
  scan(state_.nodes[place].first(), u32(cookie), [&](const Item& item) {
    char text[kMostNameBytes];
    usize length = text_of(item.name(), text);
    if (length > sizeof text) length = text_of(name_of(item.entry), text);
    usize size = (sizeof(files::Entry) + length + 7) & ~usize{7};
    if (listed.length + size > to.size()) {
      is_full = true;
      return false;
    }
    u32 type = u32(item.entry.is_directory() ? kDirectoryType : kFileType);
    files::Entry entry{number_at(item.position()), item.next, type, u32(length)};
    memcpy(to.data() + listed.length, &entry, sizeof entry);
    memcpy(to.data() + listed.length + sizeof entry, text, length);
    listed.length += size;
    listed.next = item.next;
    return true;
  });
  if (is_full && listed.length == 0) return Error::BadArgument;
  return listed;
}

}  // namespace pith::fat
