// Host: nodes, names and blocks in maps.
#include "personality/linux/host/memory_file_server.h"

#include <string.h>
#include <time.h>

#include "abi/error.h"

namespace pith::personality {

namespace {
constexpr u64 kRoot = 2;
constexpr u32 kType = 0170000, kDirectory = 0040000, kRegular = 0100000, kLink = 0120000;

i64 wall() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return i64(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}
}  // namespace

MemoryFileServer::Call::Call(MemoryFileServer& server) {
  if (server.before_call) server.before_call();
  lock = std::unique_lock(server.mutex_);
  server.calls++;
}

MemoryFileServer::MemoryFileServer(u64 blocks, u64 shared_bytes) : memory_(shared_bytes), capacity_(blocks) {
  Node& root = nodes_[kRoot];
  root.attributes.node = kRoot;
  root.attributes.mode = kDirectory | 0755;
  root.attributes.links = 2;
  root.parent = kRoot;
}

Result<MemoryFileServer::Node*> MemoryFileServer::find(u64 number) {
  auto it = nodes_.find(number);
  if (it != nodes_.end()) return &it->second;
  strangers++;
  return Error::NotFound;
}

Result<MemoryFileServer::Node*> MemoryFileServer::find_directory(u64 number) {
  Node* node = TRY(find(number));
  if ((node->attributes.mode & kType) != kDirectory) return Error::WrongType;
  return node;
}

Result<FilesystemState> MemoryFileServer::state() {
  Call call(*this);
  return FilesystemState{capacity_, capacity_ - used_, 10000, 10000 - nodes_.size(), kPageSize, flags};
}

Result<files::Attributes> MemoryFileServer::root() {
  Call call(*this);
  return nodes_[kRoot].attributes;
}

Result<files::Attributes> MemoryFileServer::lookup(u64 directory, std::string_view name) {
  Call call(*this);
  lookups++;
  Node* node = TRY(find_directory(directory));
  auto it = node->names.find(name);
  if (it == node->names.end()) return Error::NotFound;
  return nodes_.at(it->second).attributes;
}

Result<files::Attributes> MemoryFileServer::attributes(u64 number) {
  Call call(*this);
  return TRY(find(number))->attributes;
}

void MemoryFileServer::cut(Node& node, u64 size) {
  u64 keep = (size + kPageSize - 1) / kPageSize;
  for (auto it = node.blocks.lower_bound(keep); it != node.blocks.end(); it = node.blocks.erase(it)) used_--;
  if (auto it = node.blocks.find(size / kPageSize); it != node.blocks.end() && size % kPageSize)
    memset(it->second.data() + size % kPageSize, 0, kPageSize - size % kPageSize);
  node.attributes.size = size;
  node.attributes.blocks = node.blocks.size() * 8;
}

Result<files::Attributes> MemoryFileServer::set_attributes(u64 number, u64 changes, const files::Attributes& wanted) {
  Call call(*this);
  Node& node = *TRY(find(number));
  files::Attributes& a = node.attributes;
  if (changes & files::Change::Mode) a.mode = (a.mode & kType) | (wanted.mode & 07777);
  if (changes & files::Change::Owner) a.user = wanted.user, a.group = wanted.group;
  if (changes & files::Change::Size) cut(node, wanted.size), a.modification_time = wall();
  if (changes & files::Change::AccessTime) a.access_time = wanted.access_time;
  if (changes & files::Change::ModificationTime) a.modification_time = wanted.modification_time;
  a.change_time = wall();
  return a;
}

Result<files::Attributes> MemoryFileServer::add(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name,
                                                std::string_view target) {
  Node* parent = TRY(find_directory(directory));
  if (parent->names.contains(name)) return Error::AlreadyExists;
  u64 number = next_number_;
  if (free_numbers_.empty()) {
    next_number_++;
  } else {
    number = free_numbers_.back();  // at once: who uses a number of a node that is gone finds another one
    free_numbers_.pop_back();
  }
  Node& node = nodes_[number];
  node.attributes.node = number;
  node.attributes.mode = mode;
  node.attributes.user = u32(owner);
  node.attributes.group = u32(owner >> 32);
  node.attributes.device = device;
  node.attributes.size = target.size();
  node.attributes.access_time = node.attributes.modification_time = node.attributes.change_time = wall();
  node.target = target;
  node.parent = directory;
  node.attributes.links = (mode & kType) == kDirectory ? 2 : 1;
  if ((mode & kType) == kDirectory) parent->attributes.links++;
  parent->names.emplace(name, number);
  return node.attributes;
}

Result<files::Attributes> MemoryFileServer::create(u64 directory, u32 mode, u64 owner, u64 device, std::string_view name) {
  Call call(*this);
  return add(directory, mode, owner, device, name, {});
}

Result<files::Attributes> MemoryFileServer::link(u64 directory, u64 number, std::string_view name) {
  Call call(*this);
  Node* parent = TRY(find_directory(directory));
  Node* node = TRY(find(number));
  if (!parent->names.emplace(name, number).second) return Error::AlreadyExists;
  node->attributes.links++;
  return node->attributes;
}

Result<files::Attributes> MemoryFileServer::symlink(u64 directory, u64 owner, u64 place, u64 length, std::string_view name) {
  Call call(*this);
  if (place + length > memory_.size()) return Error::BadArgument;
  return add(directory, kLink | 0777, owner, 0, name, {reinterpret_cast<const char*>(memory_.data()) + place, length});
}

Result<u64> MemoryFileServer::read_link(u64 number, u64 place) {
  Call call(*this);
  Node* node = TRY(find(number));
  if (place + node->target.size() > memory_.size()) return Error::BadArgument;
  memcpy(memory_.data() + place, node->target.data(), node->target.size());
  return u64(node->target.size());
}

void MemoryFileServer::free_if_unused(u64 number) {
  Node& node = nodes_.at(number);
  if (node.attributes.links || node.holds) return;
  used_ -= node.blocks.size();
  nodes_.erase(number);
  free_numbers_.push_back(number);
}

Result<void> MemoryFileServer::remove(u64 directory, u64 is_directory, std::string_view name) {
  Call call(*this);
  Node* parent = TRY(find_directory(directory));
  auto it = parent->names.find(name);
  if (it == parent->names.end()) return Error::NotFound;
  Node& node = nodes_.at(it->second);
  u64 number = it->second;
  if (((node.attributes.mode & kType) == kDirectory) != (is_directory == 1)) return Error::WrongType;
  if (!node.names.empty()) return Error::Busy;
  parent->names.erase(it);
  node.attributes.links--;
  if (is_directory) node.attributes.links = 0, parent->attributes.links--;
  free_if_unused(number);
  return {};
}

bool MemoryFileServer::is_below(u64 number, u64 ancestor) {
  for (;; number = nodes_.at(number).parent) {
    if (number == ancestor) return true;
    if (number == kRoot) return false;
  }
}

Result<void> MemoryFileServer::rename(u64 from, u64 to, u64 flag_bits, u64 place, u64 lengths) {
  Call call(*this);
  u64 old_length = lengths & 0xffffffff, new_length = lengths >> 32;
  if (place + old_length + new_length > memory_.size()) return Error::BadArgument;
  const char* text = reinterpret_cast<const char*>(memory_.data()) + place;
  std::string old_name(text, old_length), new_name(text + old_length, new_length);
  Node& source = *TRY(find_directory(from));
  Node& goal = *TRY(find_directory(to));
  auto it = source.names.find(old_name);
  if (it == source.names.end()) return Error::NotFound;
  u64 moved = it->second;
  auto there = goal.names.find(new_name);
  if (flag_bits & 1 && there != goal.names.end()) return Error::AlreadyExists;
  bool is_directory = (nodes_.at(moved).attributes.mode & kType) == kDirectory;
  if (is_directory && is_below(to, moved)) return Error::BadArgument;
  if (flag_bits & 2) {
    if (there == goal.names.end()) return Error::NotFound;
    u64 other = there->second;
    bool other_directory = (nodes_.at(other).attributes.mode & kType) == kDirectory;
    there->second = moved;
    it->second = other;
    if (is_directory) source.attributes.links--, goal.attributes.links++, nodes_.at(moved).parent = to;
    if (other_directory) source.attributes.links++, goal.attributes.links--, nodes_.at(other).parent = from;
    return {};
  }
  if (there != goal.names.end()) {
    u64 replaced = there->second;
    if (replaced == moved) return {};
    Node& old = nodes_.at(replaced);
    if (!old.names.empty()) return Error::Busy;
    goal.names.erase(there);
    if ((old.attributes.mode & kType) == kDirectory)
      old.attributes.links = 0, goal.attributes.links--;
    else
      old.attributes.links--;
    free_if_unused(replaced);
  }
  source.names.erase(old_name);
  goal.names.emplace(new_name, moved);
  if (is_directory) source.attributes.links--, goal.attributes.links++, nodes_.at(moved).parent = to;
  return {};
}

Result<NameList> MemoryFileServer::list(u64 directory, u64 cookie, u64 place, u64 room) {
  Call call(*this);
  Node* node = TRY(find_directory(directory));
  if (place + room > memory_.size()) return Error::BadArgument;
  NameList result{0, cookie};
  u64 index = 0;
  for (const auto& [name, number] : node->names) {
    if (index++ < cookie) continue;
    u64 length = (sizeof(files::Entry) + name.size() + 7) & ~u64{7};
    if (result.length + length > room) break;
    files::Entry entry{number, index, nodes_.at(number).attributes.mode & kType, u32(name.size())};
    memcpy(memory_.data() + place + result.length, &entry, sizeof entry);
    memcpy(memory_.data() + place + result.length + sizeof entry, name.data(), name.size());
    result.length += length;
    result.next = index;
  }
  return result;
}

Result<u64> MemoryFileServer::read(u64 number, u64 offset, u64 length, u64 place) {
  Call call(*this);
  reads++;
  Node* node = TRY(find(number));
  if ((node->attributes.mode & kType) != kRegular) return Error::WrongType;
  if (place + length > memory_.size()) return Error::BadArgument;
  u64 size = node->attributes.size;
  if (offset >= size) return u64{0};
  if (length > size - offset) length = size - offset;
  for (u64 done = 0; done < length;) {
    u64 at = offset + done, piece = kPageSize - at % kPageSize < length - done ? kPageSize - at % kPageSize : length - done;
    auto it = node->blocks.find(at / kPageSize);
    if (it == node->blocks.end())
      memset(memory_.data() + place + done, 0, piece);
    else
      memcpy(memory_.data() + place + done, it->second.data() + at % kPageSize, piece);
    done += piece;
  }
  return length;
}

Result<void> MemoryFileServer::put_block(Node& node, u64 index) {
  if (node.blocks.contains(index)) return {};
  if (used_ >= capacity_) return Error::NoSpace;
  used_++;
  node.blocks[index] = std::string(kPageSize, 0);
  node.attributes.blocks = node.blocks.size() * 8;
  return {};
}

Result<Written> MemoryFileServer::write(u64 number, u64 offset, u64 length, u64 place) {
  Call call(*this);
  writes++;
  if (write_error != kSuccess) return write_error;
  Node* node = TRY(find(number));
  if (place + length > memory_.size()) return Error::BadArgument;
  for (u64 done = 0; done < length;) {
    u64 at = offset + done, piece = kPageSize - at % kPageSize < length - done ? kPageSize - at % kPageSize : length - done;
    TRY(put_block(*node, at / kPageSize));
    memcpy(node->blocks[at / kPageSize].data() + at % kPageSize, memory_.data() + place + done, piece);
    done += piece;
  }
  if (offset + length > node->attributes.size) node->attributes.size = offset + length;
  node->attributes.modification_time = wall();
  return Written{length, node->attributes.size};
}

Result<void> MemoryFileServer::sync(u64 number) {
  Call call(*this);
  syncs++;
  if (number) TRY(find(number));
  return {};
}

Result<void> MemoryFileServer::hold(u64 number) {
  Call call(*this);
  TRY(find(number))->holds++;
  return {};
}

Result<void> MemoryFileServer::release(u64 number) {
  Call call(*this);
  Node* node = TRY(find(number));
  if (!node->holds) return Error::NotFound;
  node->holds--;
  free_if_unused(number);
  return {};
}

Result<u64> MemoryFileServer::allocate(u64 number, u64 offset, u64 length, u64 flag_bits) {
  Call call(*this);
  Node* node = TRY(find(number));
  u64 first = offset / kPageSize, last = (offset + length + kPageSize - 1) / kPageSize;
  if (flag_bits & 2) {
    for (u64 at = offset; at < offset + length;) {
      u64 piece = kPageSize - at % kPageSize < offset + length - at ? kPageSize - at % kPageSize : offset + length - at;
      auto it = node->blocks.find(at / kPageSize);
      if (it != node->blocks.end() && piece == kPageSize)
        node->blocks.erase(it), used_--;
      else if (it != node->blocks.end())
        memset(it->second.data() + at % kPageSize, 0, piece);
      at += piece;
    }
    node->attributes.blocks = node->blocks.size() * 8;
    return node->attributes.size;
  }
  for (u64 index = first; index < last; index++) TRY(put_block(*node, index));
  if (!(flag_bits & 1) && offset + length > node->attributes.size) node->attributes.size = offset + length;
  return node->attributes.size;
}

std::string MemoryFileServer::content(std::string_view path) {
  std::lock_guard lock(mutex_);
  u64 number = kRoot;
  while (!path.empty()) {
    while (path.starts_with('/')) path.remove_prefix(1);
    std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    if (name.empty()) break;
    auto it = nodes_.at(number).names.find(name);
    if (it == nodes_.at(number).names.end()) return "(not there)";
    number = it->second;
  }
  const Node& node = nodes_.at(number);
  std::string text(node.attributes.size, 0);
  for (const auto& [index, block] : node.blocks) {
    if (index * kPageSize >= text.size()) continue;
    u64 piece = text.size() - index * kPageSize < kPageSize ? text.size() - index * kPageSize : kPageSize;
    memcpy(text.data() + index * kPageSize, block.data(), piece);
  }
  return text;
}

}  // namespace pith::personality
