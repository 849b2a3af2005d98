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

u8 sum_of(std::span<const std::byte> bytes) {
  u8 sum = 0;
  for (std::byte byte : bytes) sum = u8(sum + u8(byte));
  return sum;
}

/// A whole table. Errors: Damaged.
Result<std::span<const std::byte>> table_at(PhysicalMemory& memory, u64 address) {
  auto header = memory.show(address, kHeader);
  if (header.size() < kHeader) return Error::Damaged;
  u32 length = value_at<u32>(header, 4);
  if (length < kHeader || length > kMostTable) return Error::Damaged;
  std::span<const std::byte> table = memory.show(address, length);
  if (table.size() < length || sum_of(table.first(length)) != 0) return Error::Damaged;
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
  if (sum_of(pointer.first(kFirst)) != 0) return Error::Damaged;
  bool is_wide = u8(pointer[15]) >= 2 && value_at<u64>(pointer, 24) != 0;
  if (is_wide) return Directory{value_at<u64>(pointer, 24), 8};
  return Directory{value_at<u32>(pointer, 16), 4};
}

/// The first space that has segment 0 and begins with bus 0. 0: there is none.
u64 find_configuration(std::span<const std::byte> table) {
  constexpr u64 kFirstSpace = kHeader + 8, kSpace = 16;
  for (u64 space = kFirstSpace; space + kSpace <= table.size(); space += kSpace) {
    if (value_at<u16>(table, space + 8) == 0 && u8(table[space + 10]) == 0) return value_at<u64>(table, space);
  }
  return 0;
}

/// The functions of bus 0 that a unit's structure names. [vt-d 3.4, 8.3.1]
std::bitset<kFunctions> functions_of(std::span<const std::byte> unit) {
  constexpr u64 kFirstScope = 16, kPath = 6, kFunctionScope = 8;
  constexpr u8 kEndpoint = 1;
  std::bitset<kFunctions> functions;
  for (u64 at = kFirstScope; at + kPath <= unit.size();) {
    u8 length = u8(unit[at + 1]);
    if (length < kPath || length > unit.size() - at) break;
    u8 device = length == kFunctionScope ? u8(unit[at + 6]) : 0xff, function = length == kFunctionScope ? u8(unit[at + 7]) : 0xff;
    if (u8(unit[at]) == kEndpoint && u8(unit[at + 5]) == 0 && device < 32 && function < 8) functions.set(device * 8U + function);
    at += length;
  }
  return functions;
}

RemappingUnit find_unit(std::span<const std::byte> table) {
  constexpr u64 kFirstStructure = kHeader + 12, kUnit = 16;
  constexpr u16 kUnitType = 0;
  constexpr u8 kForAllOthers = 1;
  RemappingUnit first;
  u64 for_others = 0;
  std::bitset<kFunctions> named;
  for (u64 at = kFirstStructure; at + 4 <= table.size();) {
    u16 type = value_at<u16>(table, at), length = value_at<u16>(table, at + 2);
    if (length < 4 || length > table.size() - at) return {};
    if (type == kUnitType && length >= kUnit && value_at<u16>(table, at + 6) == 0) {
      auto unit = table.subspan(at, length);
      u64 registers = value_at<u64>(unit, 8);
      auto functions = functions_of(unit);
      if ((u8(unit[4]) & kForAllOthers) != 0) {
        for_others = registers;
      } else {
        named |= functions;
        if (first.registers == 0 && functions.any()) first = {registers, functions};
      }
    }
    at += length;
  }
  return for_others != 0 ? RemappingUnit{for_others, ~named} : first;
}

}  // namespace

Result<Machine> find_machine(PhysicalMemory& memory, u64 root) {
  Directory directory = TRY(find_directory(memory, root));
  auto tables = TRY(table_at(memory, directory.address));
  Machine machine{};
  for (u64 i = 0; i < kMostTables && kHeader + (i + 1) * directory.width <= tables.size(); i++) {
    u64 place = kHeader + i * directory.width;
    u64 address = directory.width == 8 ? value_at<u64>(tables, place) : value_at<u32>(tables, place);
    auto header = memory.show(address, kHeader);
    if (header.size() < kHeader) continue;
    auto name = text_at(header, 0, 4);
    if (name == "MCFG" && machine.configuration == 0) machine.configuration = find_configuration(TRY(table_at(memory, address)));
    if (name == "DMAR" && machine.unit.registers == 0) machine.unit = find_unit(TRY(table_at(memory, address)));
  }
  if (machine.configuration == 0) return Error::NotFound;
  return machine;
}

}  // namespace pith::bus
