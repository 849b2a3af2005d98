// Parsing of newc headers: 110 characters, name, content, each padded to 4 bytes [man 5 cpio].
#include "personality/linux/files/cpio.h"

#include <cstring>

#include "abi/error.h"
#include "personality/linux/abi.h"

namespace pith::personality {

namespace {

constexpr u64 kHeaderSize = 110;
constexpr u64 kFields = 13;

Result<u64> hexadecimal(const u8* digits) {
  u64 value = 0;
  for (u32 index = 0; index < 8; index++) {
    u8 digit = digits[index];
    u32 nibble;
    if (digit >= '0' && digit <= '9')
      nibble = digit - '0';
    else if (digit >= 'a' && digit <= 'f')
      nibble = digit - 'a' + 10;
    else if (digit >= 'A' && digit <= 'F')
      nibble = digit - 'A' + 10;
    else
      return Error::Damaged;
    value = value << 4 | nibble;
  }
  return value;
}

constexpr u64 padded(u64 size) { return (size + 3) & ~u64{3}; }

}  // namespace

Result<CpioEntry> CpioReader::next() {
  enum Field : u32 { Inode, Mode, Uid, Gid, Links, Time, Size, DeviceMajor, DeviceMinor, SpecialMajor, SpecialMinor, NameSize, Check };
  if (archive_.size() - offset_ < kHeaderSize) return Error::Damaged;
  const u8* header = archive_.data() + offset_;
  if (memcmp(header, "070701", 6) != 0 && memcmp(header, "070702", 6) != 0) return Error::Damaged;
  u64 fields[kFields];
  for (u32 index = 0; index < kFields; index++) fields[index] = TRY(hexadecimal(header + 6 + index * 8));
  u64 name_size = fields[NameSize];
  u64 content_offset = offset_ + padded(kHeaderSize + name_size);
  if (name_size == 0 || name_size > kPathLimit || content_offset > archive_.size()) return Error::Damaged;
  if (fields[Size] > archive_.size() - content_offset) return Error::Damaged;
  const char* name = reinterpret_cast<const char*>(header + kHeaderSize);
  if (name[name_size - 1] != 0) return Error::Damaged;
  CpioEntry entry;
  entry.name = std::string_view(name, strlen(name));
  entry.content = archive_.subspan(content_offset, fields[Size]);
  entry.inode = fields[Inode];
  entry.mode = u32(fields[Mode]);
  entry.uid = u32(fields[Uid]);
  entry.gid = u32(fields[Gid]);
  entry.links = u32(fields[Links]);
  entry.modification_time = i64(fields[Time]);
  entry.device = device_number(fields[SpecialMajor], fields[SpecialMinor]);
  if (entry.name == "TRAILER!!!") return Error::EndOfData;
  u64 end = content_offset + padded(fields[Size]);
  offset_ = end < archive_.size() ? end : archive_.size();
  return entry;
}

}  // namespace pith::personality
