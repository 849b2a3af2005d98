// Walks RSDP, XSDT or RSDT, MADT and HPET table. Every length and address is the firmware's word only, and checked before use.
#include "kernel/boot/acpi.h"

#include "abi/types.h"

namespace pith {

namespace {

constexpr u64 kBiosStart = 0xe0000, kBiosEnd = 0x100000, kRootAlignment = 16;
constexpr u64 kHeaderSize = 36, kLargestTable = 64 << 10;
constexpr u32 kMostTables = 64;
constexpr u64 kAddressEnd = u64{1} << 32, kLowestDevice = 1 << 20;
constexpr u32 kBroadcastIdentifier = 0xff;

enum MadtEntry : u8 { LocalController = 0, IoController = 1, SourceOverride = 2, LocalAddress = 5, LocalX2Controller = 9 };

/// `count` bytes of physical memory, or nothing.
struct Bytes {
  const u8* data = nullptr;
  u64 size = 0;

  /// A little-endian number of `width` bytes; 0 where the bytes end before it.
  u64 number(u64 offset, u32 width) const {
    if (offset > size || size - offset < width) return 0;
    u64 value = 0;
    for (u32 i = 0; i < width; i++) value |= u64{data[offset + i]} << (8 * i);
    return value;
  }
  Bytes part(u64 offset, u64 count) const {
    if (offset > size || size - offset < count) return {};
    return {data + offset, count};
  }
  bool begins_with(const char* text, u32 length) const {
    if (size < length) return false;
    for (u32 i = 0; i < length; i++) {
      if (data[i] != u8(text[i])) return false;
    }
    return true;
  }
  bool sums_to_zero() const {
    u8 sum = 0;
    for (u64 i = 0; i < size; i++) sum = u8(sum + data[i]);
    return size != 0 && sum == 0;
  }
};

class Reader {
 public:
  Reader(const FirmwareMemory& memory, AcpiFacts& facts) : memory_{memory.base, memory.size}, facts_(facts) {}

  void read(u64 root) {
    Bytes pointer = find_root(root);
    if (pointer.size == 0) return complain("there is no ACPI root pointer");
    bool has_long = pointer.number(15, 1) >= 2;
    Bytes list = has_long ? table(pointer.number(24, 8), "XSDT") : Bytes{};
    u32 width = 8;
    if (list.size == 0) {
      if (has_long) complain("the ACPI table XSDT cannot be used");
      list = table(pointer.number(16, 4), "RSDT");
      width = 4;
    }
    if (list.size == 0) return complain("the ACPI table RSDT cannot be used");
    read_list(list, width);
  }

 private:
  void complain(const char* problem) {
    for (u32 i = 0; i < facts_.problem_count; i++) {
      if (facts_.problems[i] == problem) return;
    }
    if (facts_.problem_count < AcpiFacts::kProblems) facts_.problems[facts_.problem_count++] = problem;
  }

  Bytes root_at(u64 physical) const {
    Bytes first = memory_.part(physical, 20);
    if (!first.begins_with("RSD PTR ", 8) || !first.sums_to_zero()) return {};
    Bytes all = memory_.part(physical, 36);
    return first.number(15, 1) >= 2 && all.size != 0 ? all : first;
  }

  Bytes find_root(u64 given) {
    if (given != 0) {
      if (Bytes found = root_at(given); found.size != 0) return found;
      complain("the ACPI root pointer is not where the loader says");
    }
    for (u64 physical = kBiosStart; physical < kBiosEnd; physical += kRootAlignment) {
      if (Bytes found = root_at(physical); found.size != 0) return found;
    }
    return {};
  }

  /// A whole table with this signature and a right checksum, or nothing.
  Bytes table(u64 physical, const char* signature) const {
    Bytes header = memory_.part(physical, kHeaderSize);
    if (physical == 0 || !header.begins_with(signature, 4)) return {};
    u64 length = header.number(4, 4);
    if (length < kHeaderSize || length > kLargestTable) return {};
    Bytes whole = memory_.part(physical, length);
    return whole.sums_to_zero() ? whole : Bytes{};
  }

  void read_list(const Bytes& list, u32 width) {
    bool has_controllers = false;
    for (u32 i = 0; i < kMostTables && kHeaderSize + u64{i + 1} * width <= list.size; i++) {
      u64 physical = list.number(kHeaderSize + i * width, width);
      Bytes header = memory_.part(physical, kHeaderSize);
      if (header.begins_with("APIC", 4)) {
        Bytes whole = table(physical, "APIC");
        if (whole.size == 0)
          complain("the ACPI table APIC is damaged");
        else if (has_controllers)
          complain("there are two ACPI tables APIC");
        else
          read_controllers(whole);
        has_controllers = has_controllers || whole.size != 0;
      } else if (header.begins_with("HPET", 4)) {
        read_timer(table(physical, "HPET"));
      }
    }
    if (!has_controllers) complain("there is no ACPI table APIC");
  }

  /// The address of a device's page; 0 and a problem when it cannot be one.
  u64 device_address(u64 physical, const char* problem) {
    if (physical % kPageSize == 0 && physical >= kLowestDevice && physical < kAddressEnd) return physical;
    complain(problem);
    return 0;
  }

  void read_timer(const Bytes& whole) {
    constexpr u64 kAddressSpace = 40, kAddress = 44;
    if (whole.size < kAddress + 8) return complain("the ACPI table HPET is damaged");
    if (whole.number(kAddressSpace, 1) != 0) return complain("the timer of the ACPI table HPET is not in memory");
    facts_.timer = device_address(whole.number(kAddress, 8), "the ACPI table HPET names an address that cannot be");
  }

  void read_controllers(const Bytes& whole) {
    constexpr u64 kFirstEntry = 44;
    if (whole.size < kFirstEntry) return complain("the ACPI table APIC is cut short");
    facts_.local_controller = device_address(whole.number(kHeaderSize, 4), "the local interrupt controllers' address cannot be");
    for (u64 offset = kFirstEntry; offset < whole.size;) {
      u64 length = whole.number(offset + 1, 1);
      Bytes entry = whole.part(offset, length);
      if (length < 2 || entry.size == 0) return complain("the ACPI table APIC is cut short");
      read_entry(entry);
      offset += length;
    }
  }

  void read_entry(const Bytes& entry) {
    switch (entry.data[0]) {
      case LocalController:
        if (entry.size < 8) return complain("an entry of the ACPI table APIC is too short");
        return add_processor(u32(entry.number(3, 1)), entry.number(4, 4));
      case LocalX2Controller:
        if (entry.size < 16) return complain("an entry of the ACPI table APIC is too short");
        return add_processor(u32(entry.number(4, 4)), entry.number(8, 4));
      case IoController:
        if (entry.size < 12) return complain("an entry of the ACPI table APIC is too short");
        if (entry.number(8, 4) != 0) return;  // its lines come after those of the first
        if (facts_.io_controller != 0) return complain("two I/O interrupt controllers begin with line 0");
        facts_.io_controller = device_address(entry.number(4, 4), "the I/O interrupt controller's address cannot be");
        return;
      case SourceOverride:
        if (entry.size < 10) return complain("an entry of the ACPI table APIC is too short");
        return add_override(entry);
      case LocalAddress:
        if (entry.size < 12) return complain("an entry of the ACPI table APIC is too short");
        if (u64 address = device_address(entry.number(4, 8), "the local interrupt controllers' address cannot be"); address != 0)
          facts_.local_controller = address;
        return;
      default:
        return;
    }
  }

  void add_processor(u32 identifier, u64 flags) {
    constexpr u64 kEnabled = 1;
    if ((flags & kEnabled) == 0) return;
    if (identifier >= kBroadcastIdentifier) return complain("there are processors with numbers above 254");
    for (u32 i = 0; i < facts_.processor_count; i++) {
      if (facts_.processors[i] == identifier) return complain("two processors have the same number");
    }
    if (facts_.processor_count == AcpiFacts::kProcessors) return complain("there are more than 64 processors");
    facts_.processors[facts_.processor_count++] = identifier;
  }

  void add_override(const Bytes& entry) {
    constexpr u64 kPolarity = 3, kActiveLow = 3, kTrigger = 12, kLevel = 12, kOldLines = 16;
    u64 source = entry.number(3, 1), line = entry.number(4, 4), flags = entry.number(8, 2);
    if (entry.number(2, 1) != 0 || source >= kOldLines || line > 255) return complain("an interrupt override makes no sense");
    for (u32 i = 0; i < facts_.override_count; i++) {
      if (facts_.overrides[i].source == source || facts_.overrides[i].line == line) return complain("interrupt overrides contradict each other");
    }
    if (facts_.override_count == AcpiFacts::kOverrides) return;
    facts_.overrides[facts_.override_count++] = {u32(source), u32(line), (flags & kPolarity) == kActiveLow, (flags & kTrigger) == kLevel};
  }

  Bytes memory_;
  AcpiFacts& facts_;
};

}  // namespace

void read_acpi(const FirmwareMemory& memory, u64 root, AcpiFacts& facts) {
  facts = {};
  Reader(memory, facts).read(root);
}

}  // namespace pith
