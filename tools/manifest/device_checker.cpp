// Whether the devices that a manifest grants exist, are root's to grant, and have one owner each.
#include <algorithm>

#include "tools/manifest/checker.h"

namespace pith::manifest {

namespace {

/// Hardware that root does not have, and why.
struct Kept {
  u64 first, count;
  const char* reason;
};

constexpr u64 kInterruptLines = 24;
constexpr u64 kPorts = 0x10000;
constexpr u64 kDevicePagesPerShare = 32;  // as the kernel has it
constexpr Kept kKeptInterrupts[] = {{0, 1, "the kernel keeps the timer"}, {2, 1, "it joins the two old interrupt controllers"}};
constexpr Kept kKeptPorts[] = {{0x20, 2, "the kernel keeps the interrupt controllers"},
                               {0xa0, 2, "the kernel keeps the interrupt controllers"},
                               {0x40, 4, "the kernel keeps the timer"},
                               {0xf4, 4, "the kernel keeps the test device that ends the machine"}};
constexpr Kept kKeptMemory[] = {{0xfec00000, kPageSize, "the kernel keeps the I/O APIC"},
                                {0xfed00000, kPageSize, "the kernel keeps the HPET"},
                                {0xfee00000, kPageSize, "the kernel keeps the local APIC"}};

bool overlap(u64 first, u64 count, u64 other_first, u64 other_count) {
  return first < other_first + other_count && other_first < first + count;
}

/// A granted range and its owner, counted in the range's smallest units.
struct Owned {
  u64 first, count;
  u32 line;
  const Component* owner;
};

/// One kind of hardware: what is granted of it, what is kept, and how to speak of it.
struct Kind {
  const char* name;
  u64 end;
  std::vector<Owned> owned;
  std::vector<Kept> kept;
};

std::string span(const Kind& kind, const Owned& range) {
  if (range.count == 1) return text(kind.name, " ", range.first);
  return text(kind.name, " 0x", std::hex, range.first, "-0x", range.first + range.count - 1);
}

void check_kind(const Kind& kind, Problems& problems) {
  for (usize i = 0; i < kind.owned.size(); i++) {
    const Owned& range = kind.owned[i];
    const std::string& owner = range.owner->name.value;
    if (range.first >= kind.end || range.count > kind.end - range.first) {
      problems.add(range.line, span(kind, range), " of `", owner, "` does not exist on this machine");
      continue;
    }
    for (const Kept& kept : kind.kept) {
      if (!overlap(range.first, range.count, kept.first, kept.count)) continue;
      problems.add(range.line, span(kind, range), " cannot be granted to `", owner, "`: ", kept.reason);
    }
    for (usize j = 0; j < i; j++) {
      const Owned& other = kind.owned[j];
      if (!overlap(range.first, range.count, other.first, other.count)) continue;
      problems.add(range.line, span(kind, range), " of `", owner, "` belongs to `", other.owner->name.value, "` already (line ", other.line,
                   ")");
    }
  }
}

/// Where main memory lies on q35: below 2 GiB but for the old video and firmware window, the rest from 4 GiB on.
std::vector<Kept> main_memory(u64 pages) {
  constexpr u64 kLowEnd = u64{1} << 31, kHigh = u64{1} << 32, kWindow = 0xa0000, kWindowEnd = 0x100000;
  u64 size = pages * kPageSize, low = std::min(size, kLowEnd);
  std::vector<Kept> ranges{{0, std::min(low, kWindow), "it is main memory"}};
  if (low > kWindowEnd) ranges.push_back({kWindowEnd, low - kWindowEnd, "it is main memory"});
  if (size > low) ranges.push_back({kHigh, size - low, "it is main memory"});
  return ranges;
}

template <usize Count>
std::vector<Kept> list(const Kept (&kept)[Count]) {
  return {kept, kept + Count};
}

}  // namespace

void check_devices(const Manifest& manifest, Problems& problems) {
  Kind interrupts{"interrupt line", kInterruptLines, {}, list(kKeptInterrupts)};
  Kind ports{"ports", kPorts, {}, list(kKeptPorts)};
  Kind memory{"device memory", u64{1} << 52, {}, list(kKeptMemory)};
  for (const Kept& ram : main_memory(manifest.memory_pages)) memory.kept.push_back(ram);
  for (const Component& component : manifest.components) {
    for (const Range& range : component.devices.interrupts) interrupts.owned.push_back({range.first, 1, range.line, &component});
    for (const Range& range : component.devices.ports) ports.owned.push_back({range.first, range.count, range.line, &component});
    for (const Range& range : component.devices.memory) {
      if (range.first % kPageSize != 0) {
        problems.add(range.line, "device memory of `", component.name.value, "` must begin on a page boundary");
      } else if (range.count > kDevicePagesPerShare) {
        problems.add(range.line, "device memory of `", component.name.value, "` has ", range.count, " pages, at most ", kDevicePagesPerShare,
                     " can be granted at once");
      } else {
        memory.owned.push_back({range.first, range.count * kPageSize, range.line, &component});
      }
    }
  }
  for (const Kind* kind : {&interrupts, &ports, &memory}) check_kind(*kind, problems);
}

}  // namespace pith::manifest
