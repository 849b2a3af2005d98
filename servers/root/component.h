// What root knows of one component, and the steps of its life: service once, instance again and again.
#pragma once
#include <span>
#include <string_view>

#include "abi/boot_image.h"
#include "abi/kernel.h"
#include "abi/start_information.h"
#include "base/result.h"
#include "lib/boot_tables.h"
#include "lib/last_registers.h"
#include "servers/root/frames.h"
#include "servers/root/watchdog.h"

namespace pith::root {

inline constexpr u32 kMostComponents = 32;

/// Badges on root's and on the supervisor's endpoint. A session's badge is 1 + the component's index; these tell other authority apart.
inline constexpr u32 kFaultBadge = 0x10000;      ///< + index: faults of that component's threads
inline constexpr u32 kPlatformBadge = 0x20000;   ///< + 1 + index: power and diagnostics only
inline constexpr u32 kPlacementBadge = 0x30000;  ///< + 1 + index: place and time only
inline constexpr u32 kInjectionBadge = 0x40000;  ///< + 1 + index: inject only
inline constexpr u32 kBusBadge = 0x50000;        ///< + 1 + index: give_device, message and shared_memory only

/// Of a share, and of a leaf table.
inline constexpr u64 kSharePages = 512;
/// Page tables for so many pages in a row: leaf tables, and one above them.
constexpr u64 tables_for(u64 pages) { return pages ? (pages + kSharePages - 1) / kSharePages + 1 : 0; }

class Component;

/// What every component needs from root, set once at start.
struct System {
  const BootInformation* boot = nullptr;
  BootTables tables;
  FrameBank bank;
  CapabilitySlot control = kNoSlot;     ///< root's own endpoint
  CapabilitySlot supervisor = kNoSlot;  ///< endpoint of the fault handler, if there is one
  std::span<Component> components;
  u64 pool_frames = 0;                                    ///< left for the pools that the manifest asks for
  FrameNumber memories[image::kMostSharedMemories] = {};  ///< first frames of what components share; 0: there is none
  u32 messages = 0;                                       ///< interrupt messages in use
  Watchdog watchdog;
};

/// A component. Invariant: `running_` exactly while an instance exists; the service's objects exist from create_service() on.
class Component {
 public:
  /// `index`: place in the image and number of root's capability table that holds its capabilities, less one.
  void initialize(System& system, u32 index);

  /// Frames that must be there for service and instance, without the pool.
  u64 fixed_frames() const { return service_frames_needed() + instance_frames_needed(); }
  u64 pool_frames() const { return description_->pool_frames; }

  /// Regions, address space, endpoint, time, vault, module, devices. `pool` frames are its own to manage. Errors: NoMemory and the
  /// kernel's.
  Result<void> create_service(u64 pool);
  /// Shows it what it shares with others. Errors: the kernel's.
  Result<void> map_shared_memory();
  /// Shows it device memory, at its window `window` (lib/device_window.h). Errors: Occupied, the kernel's.
  Result<void> give_device(u64 window, u64 first, u64 pages);
  /// Address and data by which its PCI device interrupts it. Errors: NotFound, the kernel's.
  Result<kernel::InterruptRouteResult> message() const;
  /// Loads a new instance, gives it what the manifest grants, puts its calls in progress back in front and lets it run. All services exist.
  /// Errors: BadState while one runs, BadArgument for a grant that cannot be met, NoMemory, the kernel's.
  Result<void> start();
  /// Stops its threads and takes the instance's memory back. Errors: BadState when none runs; Again when the kernel does not finish.
  Result<void> stop();

  /// Replaces its program by the other version, which goes on with the vault; one that runs is stopped and started. Answers the version in
  /// use. Errors: as Root.exchange. An error leaves the program as it was.
  Result<u64> exchange();

  /// Moves the time of its first thread. Errors: BadArgument for a CPU that is not there, BadState where it may not be moved.
  Result<void> place(u64 cpu);
  u32 cpu() const { return cpu_; }
  u32 cpu_count() const { return system_->boot->cpus; }
  /// Its place is not given by the manifest, and it makes no threads of its own, which would have to know.
  bool is_movable() const { return description_->cpu == image::kAnyCpu && !has_grant(image::GrantKind::Region); }
  /// Nanoseconds that its time was used.
  u64 time_used() const;

  // watch.cpp
  /// Its first thread waits for a message.
  bool is_resting() const;
  /// How often its loop has come by (lib/ipc/pulse.h).
  u64 pulse();
  /// How much it says that it does not rest at `time`, nanoseconds since boot (lib/heartbeat.h): whether it waits for others, or was kept
  /// from running since it was asked last.
  u64 weight(std::span<const Component> all, u64 time);

  bool is_running() const { return running_; }
  u32 instance() const { return instance_; }
  std::string_view name() const { return name_of(description_->name); }
  const image::Component& description() const { return *description_; }
  bool handles_faults() const { return has_grant(image::GrantKind::FaultHandler); }
  /// What it was doing when the last operation failed.
  std::string_view step() const { return step_; }

  CapabilitySlot endpoint() const { return slot(Slot::Endpoint); }
  CapabilitySlot thread() const { return slot(Slot::Thread); }
  CapabilitySlot capabilities() const { return slot(Slot::CapabilitySpace); }
  FrameNumber thread_frame() const { return thread_frame_; }
  /// Frames owned by service and instance.
  u64 frames_owned() const;
  /// Copies up to `most` bytes at `address` of its private memory or its undo log, not across a page's end. Errors: BadAddress.
  Result<u64> read_memory(u64 address, u64 most, u8* destination);

 private:
  friend class Injection;

  /// Places in the component's table of root's capability space.
  enum class Slot : u32 {
    ServiceRegion = 1,
    InstanceRegion,
    AddressSpace,
    CapabilitySpace,
    Table0,
    Table1,
    Endpoint,
    Notification,
    Thread,
    Time,
    Vector,
    Copy,
    Temporary,
    VaultCopy,  // and those behind it, kMostVaultShares
    FirstDevice = 32
  };
  enum class Owner { Service, Instance };

  CapabilitySlot slot(Slot which) const { return CapabilitySlot((1 + index_) * kSlotsPerTable + u32(which)); }
  CapabilitySlot device_slot(u32 grant) const { return CapabilitySlot(slot(Slot::FirstDevice).raw + grant); }
  CapabilitySlot region_slot(Owner owner) const { return slot(owner == Owner::Service ? Slot::ServiceRegion : Slot::InstanceRegion); }
  bool has_grant(image::GrantKind kind) const;
  u64 service_frames_needed() const;
  u64 vault_frames_needed() const;
  u64 instance_frames_needed() const;

  // service.cpp
  Result<void> configure_time();
  Result<void> create_regions(u64 pool);
  Result<void> create_objects();
  Result<void> map_module();
  Result<void> map_image(u64 address, u64 offset, u64 size);
  Result<void> map_frames(u64 address, u32 first, u64 pages, Access access);
  Result<void> link_share(u64 address, CapabilitySlot share);
  Result<void> map_device(u64 address, u64 first, u64 pages, CapabilitySlot place);
  Result<void> create_devices();
  Result<void> create_device(const image::Grant& grant, u32 number);

  // capabilities.cpp
  Result<void> create_capabilities();
  Result<void> grant(const image::Grant& grant, u32 number);
  Result<void> grant_own_memory(CapabilitySlot place);
  Result<void> install(CapabilitySlot place, CapabilitySlot source, u64 rights, u64 badge);
  void name_slot(const char (&name)[24], CapabilitySlot place, image::GrantKind kind);
  CapabilitySlot fault_endpoint() const;

  // update.cpp
  std::span<const image::Segment> segments() const;
  u64 entry() const;
  static u64 program_frames(std::span<const image::Segment> segments);
  Result<void> check_exchange(const image::Version& other);

  // vault.cpp
  Result<std::span<std::byte>> open_vault();
  void close_vault();
  Result<void> map_vault();
  Result<void> map_vault_part(u64 address, u64 pages, u64 first);
  u64 vault_shares() const;
  void roll_back();

  // memory.cpp
  Result<FrameNumber> take_frame(Owner owner);
  Result<FrameNumber> create(ObjectType type, Slot place, u64 argument, Owner owner);
  Result<FrameNumber> create_data(Owner owner);
  Result<void> map_page(u64 address, FrameNumber frame, Access access, Owner owner);
  Result<void> link_tables(u64 address, u32 level, Owner owner);
  Result<void> map_zeroes(u64 address, u64 pages, Owner owner);
  Result<void> open_window(const FrameNumber* frames, u32 count);
  void close_window(u32 count);
  Result<void> show_page(u64 address);

  // instance.cpp
  Result<void> create_instance();
  Result<void> load_segments();
  Result<void> load_segment(const image::Segment& segment);
  Result<void> write_start_page();
  void name_memories(StartInformation& start) const;
  Result<void> create_thread();
  Result<void> take_back();
  Result<void> reclaim_frames();
  void forget(Slot which);
  void note_registers();
  ThreadState thread_state() const;

  System* system_ = nullptr;
  const image::Component* description_ = nullptr;
  std::span<const image::Version> versions_;  // empty, or two
  u32 version_ = 0;                           // the one in use
  u32 index_ = 0;
  u32 instance_ = 0;
  u32 cpu_ = 0;
  u32 thread_share_ = 0;  // of the threads that it makes itself
  bool running_ = false;
  std::string_view step_;
  ServiceFrames service_frames_;
  InstanceFrames instance_frames_;
  FrameNumber instance_region_{0};
  FrameNumber message_buffer_{0}, thread_frame_{0};
  u64 module_size_ = 0;
  u64 rest_stack_ = 0, rest_instruction_ = 0;  // where this program's first thread stood when it was stopped at its receive; 0: never yet
  u64 weighed_at_ = 0, used_above_ = 0;        // when it was asked for its weight, and what had been used above it until then
  LastRegisters last_registers_ = {};          // of the first thread of the instance before
  u32 named_slots_ = 0;
  NamedSlot names_[StartInformation::kSlots] = {};
};

}  // namespace pith::root
