// Walks from the root pointer over the table of tables to the one wanted; nothing in them is believed without a check.
#include "servers/bus/acpi.h"

#include <cstring>
#include <string_view>

#include "abi/error.h"

namespace pith::bus {

namespace {

constexpr u64 kHeader = 36, kMostTable = 4096, kMostTables = 64;

template <class T>
T value_at(std::span<const std::byte> bytes, u64 offset) {
  T value;
  memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::string_view text_at(std::span<const std::byte> bytes, u64 offset, u64 length) {
  return {reinterpret_cast<const char*>(bytes.data()) + offset, length};
}

/// A whole table. Errors: Damaged.
Result<std::span<const std::byte>> table_at(PhysicalMemory& memory, u64 address) {
  auto header = memory.show(address, kHeader);
  if (header.size() < kHeader) return Error::Damaged;
  u32 length = value_at<u32>(header, 4);
  if (length < kHeader || length > kMostTable) return Error::Damaged;
  std::span<const std::byte> table = memory.show(address, length);
  if (table.size() < length) return Error::Damaged;
  return table.first(length);
}

/// The address of the table of tables, and how wide its entries are.
struct Directory {
  u64 address, width;
};

Result<Directory> find_directory(PhysicalMemory& memory, u64 root) {
  constexpr u64 kFirst = 20, kSecond = 36;
  auto pointer = memory.show(root, kSecond);
  if (pointer.size() < kSecond || text_at(pointer, 0, 8) != "RSD PTR ") return Error::Damaged;
  u8 sum = 0;
  for (u64 i = 0; i < kFirst; i++) sum = u8(sum + u8(pointer[i]));
  if (sum != 0) return Error::Damaged;
  bool is_wide = u8(pointer[15]) >= 2 && value_at<u64>(pointer, 24) != 0;
  if (is_wide) return Directory{value_at<u64>(pointer, 24), 8};
  return Directory{value_at<u32>(pointer, 16), 4};
}

}  // namespace

Result<Machine> find_machine(PhysicalMemory& memory, u64 root) {
  constexpr u64 kFirstSpace = kHeader + 8, kSpace = 16;
  Directory directory = TRY(find_directory(memory, root));
  auto tables = TRY(table_at(memory, directory.address));
  for (u64 i = 0; i < kMostTables && kHeader + (i + 1) * directory.width <= tables.size(); i++) {
    u64 place = kHeader + i * directory.width;
    u64 address = directory.width == 8 ? value_at<u64>(tables, place) : value_at<u32>(tables, place);
    auto header = memory.show(address, kHeader);
    if (header.size() < kHeader || text_at(header, 0, 4) != "MCFG") continue;
    auto table = TRY(table_at(memory, address));
    // The first space that has segment 0 and begins with bus 0.
    for (u64 space = kFirstSpace; space + kSpace <= table.size(); space += kSpace) {
      if (value_at<u16>(table, space + 8) == 0 && u8(table[space + 10]) == 0) return Machine{value_at<u64>(table, space)};
    }
  }
  return Error::NotFound;
}

}  // namespace pith::bus
