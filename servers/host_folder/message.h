// Messages of 9P2000.L as bytes: written field by field, and read from replies in which anything may stand.
#pragma once
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "base/types.h"

namespace pith::host_folder {

/// Kinds of messages; the reply to each has the next number.
enum class Kind : u8 {
  Error = 6,  ///< only as a reply: Error + 1
  StatFilesystem = 8,
  Open = 12,
  Symlink = 16,
  MakeNode = 18,
  ReadLink = 22,
  GetAttributes = 24,
  SetAttributes = 26,
  ReadDirectory = 40,
  Synchronize = 50,
  Link = 70,
  MakeDirectory = 72,
  Rename = 74,
  Remove = 76,
  Version = 100,
  Attach = 104,
  Walk = 110,
  Read = 116,
  Write = 118,
  Clunk = 120,
};

/// Bytes in front of every message: its length, kind and tag.
inline constexpr u32 kHeaderBytes = 7;
inline constexpr u16 kNoTag = 0xffff;
inline constexpr u32 kNoFid = ~u32{0}, kNobody = ~u32{0};
inline constexpr u32 kMostNameBytes = 255, kMostTextBytes = 4095;
inline constexpr char kVersion[] = "9P2000.L";

/// What names a file at the host.
struct Qid {
  static constexpr u8 kDirectory = 0x80;
  u8 type;
  u32 version;
  u64 path;
};

/// Numbers are little-endian.
class Writer {
 public:
  /// Begins a message behind the room for its header.
  explicit Writer(std::span<std::byte> room) : room_(room) {}

  template <class T>
  Writer& put(T value) {
    return put_bytes(&value, sizeof value);
  }
  Writer& text(std::string_view value) {
    put(u16(value.size()));
    return put_bytes(value.data(), value.size());
  }
  /// Bytes of the whole message so far.
  u32 length() const { return length_; }
  bool is_full() const { return is_full_; }
  /// The fields behind the header, as they are so far.
  std::span<const std::byte> body() const { return room_.subspan(kHeaderBytes, length_ - kHeaderBytes); }
  /// `more`: bytes that follow from elsewhere.
  void finish(Kind kind, u16 tag, u32 more) {
    u32 length = length_ + more;
    memcpy(room_.data(), &length, 4);
    room_[4] = std::byte(kind);
    memcpy(room_.data() + 5, &tag, 2);
  }

 private:
  Writer& put_bytes(const void* from, usize size) {
    if (size > room_.size() - length_) {
      is_full_ = true;
    } else {
      memcpy(room_.data() + length_, from, size);
      length_ += u32(size);
    }
    return *this;
  }

  std::span<std::byte> room_;
  u32 length_ = kHeaderBytes;
  bool is_full_ = false;
};

/// Reads fields one after the other; after one that is not there everything is zero, and is_good() false.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  T get() {
    T value{};
    if (auto bytes = take(sizeof value); !bytes.empty()) memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  Qid qid() {
    Qid qid{};
    qid.type = get<u8>();
    qid.version = get<u32>();
    qid.path = get<u64>();
    return qid;
  }
  /// Valid as long as the bytes are.
  std::string_view text() {
    auto bytes = take(get<u16>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::span<const std::byte> rest() const { return rest_; }
  bool is_good() const { return is_good_; }

 private:
  std::span<const std::byte> take(usize size) {
    if (size > rest_.size()) {
      is_good_ = false;
      rest_ = {};
      return {};
    }
    auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

  std::span<const std::byte> rest_;
  bool is_good_ = true;
};

/// Whether a name may stand in a directory.
inline bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kMostNameBytes || name == "." || name == "..") return false;
  return name.find('/') == name.npos && name.find('\0') == name.npos;
}

}  // namespace pith::host_folder
