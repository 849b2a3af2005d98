// Numbers and layouts of the Linux interface that all 64-bit architectures share: open flags, modes, statx, termios, time.
#pragma once
#include "base/strong.h"
#include "lib/clock.h"

namespace pith::personality {

/// An address in a guest's memory: never dereferenced, only copied from and to.
using GuestAddress = Strong<struct GuestAddressTag, u64>;

inline constexpr u64 kPathLimit = 4096;
inline constexpr u64 kNameLimit = 255;

struct OpenFlag {
  static constexpr u32 ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, AccessMask = 3;
  static constexpr u32 Create = 0100, Exclusive = 0200, NoControl = 0400, Truncate = 01000, Append = 02000, NonBlocking = 04000;
  static constexpr u32 Direct = 040000, LargeFile = 0100000, Directory = 0200000, NoFollow = 0400000, NoAccessTime = 01000000;
  static constexpr u32 CloseOnExec = 02000000, Path = 010000000, Temporary = 020000000;
};

struct FileMode {
  static constexpr u32 TypeMask = 0170000;
  static constexpr u32 Fifo = 0010000, Character = 0020000, Directory = 0040000, Block = 0060000;
  static constexpr u32 Regular = 0100000, Symlink = 0120000, Socket = 0140000;
  static constexpr u32 SetUser = 04000, SetGroup = 02000, Sticky = 01000;
};

struct AtFlag {
  static constexpr i32 CurrentDirectory = -100;
  static constexpr u32 NoFollow = 0x100, EffectiveAccess = 0x200, RemoveDirectory = 0x200, Follow = 0x400, EmptyPath = 0x1000;
};

struct Protection {
  static constexpr u32 None = 0, Read = 1, Write = 2, Execute = 4, All = 7;
};

struct MapFlag {
  static constexpr u32 Shared = 1, Private = 2, SharedValidate = 3, TypeMask = 15, Fixed = 0x10, Anonymous = 0x20, GrowsDown = 0x100;
  static constexpr u32 FixedNoReplace = 0x100000, Locked = 0x2000;
};

struct CloneFlag {
  static constexpr u64 SignalMask = 0xff, Memory = 0x100, Filesystem = 0x200, Files = 0x400, Handlers = 0x800, VFork = 0x4000,
                       Parent = 0x8000;
  static constexpr u64 Thread = 0x10000, SetTls = 0x80000, ParentSetId = 0x100000, ChildClearId = 0x200000, ChildSetId = 0x1000000;
  static constexpr u64 Namespaces = 0x7e020000;
};

struct PollEvent {
  static constexpr u32 In = 1, Priority = 2, Out = 4, Error = 8, HangUp = 16, Invalid = 32, ReadNormal = 64, WriteNormal = 256;
  static constexpr u32 ReadHangUp = 0x2000;
};

/// Device numbers as the interface packs them.
constexpr u64 device_number(u64 major, u64 minor) {
  return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~u64{0xff}) << 12 | (major & ~u64{0xfff}) << 32;
}
constexpr u64 device_major(u64 device) { return (device >> 8 & 0xfff) | (device >> 32 & ~u64{0xfff}); }
constexpr u64 device_minor(u64 device) { return (device & 0xff) | (device >> 12 & ~u64{0xff}); }

/// struct timespec, timeval, and their pairs.
struct TimeSpec {
  i64 seconds, nanoseconds;
};
struct TimeValue {
  i64 seconds, microseconds;
};
struct IntervalTimer {
  TimeValue interval, value;
};

/// struct iovec.
struct IoVector {
  u64 base, length;
};

struct StatxTime {
  i64 seconds;
  u32 nanoseconds;
  i32 reserved;
};

/// struct statx.
struct Statx {
  u32 mask, block_size;
  u64 attributes;
  u32 links, uid, gid;
  u16 mode, spare0;
  u64 inode, size, blocks, attributes_mask;
  StatxTime access, birth, change, modification;
  u32 device_major_, device_minor_, filesystem_major, filesystem_minor;
  u64 mount;
  u64 spare[13];
};
static_assert(sizeof(Statx) == 256);

/// struct statfs.
struct StatFilesystem {
  u64 type, block_size, blocks, blocks_free, blocks_available, files, files_free, identity, name_length, fragment_size, flags, spare[4];
};
static_assert(sizeof(StatFilesystem) == 120);

/// Header of a linux_dirent64.
struct [[gnu::packed]] DirectoryRecord {
  u64 inode;
  i64 next;
  u16 length;
  u8 type;
};
static_assert(sizeof(DirectoryRecord) == 19);

/// struct rlimit64.
struct ResourceLimit {
  u64 current, maximum;
};
inline constexpr u64 kUnlimited = ~u64{0};
inline constexpr u32 kResourceLimits = 16;
struct Resource {
  static constexpr u32 FileSize = 1, Data = 2, Stack = 3, Core = 4, Processes = 6, Files = 7, LockedMemory = 8, AddressSpace = 9;
  static constexpr u32 PendingSignals = 11, MessageBytes = 12, Nice = 13, RealTimePriority = 14;
};

/// struct rusage.
struct ResourceUsage {
  TimeValue user, system;
  i64 maximum_resident, others1[3], minor_faults, major_faults, others2[8];
};
static_assert(sizeof(ResourceUsage) == 144);

/// struct utsname.
struct SystemName {
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};

/// struct sysinfo.
struct SystemInformation {
  i64 uptime;
  u64 loads[3], total, free, shared, buffers, swap_total, swap_free;
  u16 processes, pad;
  u32 pad2;
  u64 high_total, high_free;
  u32 unit, pad3;
};
static_assert(sizeof(SystemInformation) == 112);

/// struct pollfd.
struct PollDescriptor {
  i32 descriptor;
  int16_t events, returned;
};

}  // namespace pith::personality
