// The disposable half of a component: its region, program, stack and thread; made at start, taken back whole at stop.
#include <cstring>

#include "abi/kernel.h"
#include "lib/retry.h"
#include "servers/root/component.h"
#include "servers/root/places.h"

namespace pith::root {

namespace {

constexpr kernel::Region kRegion{RootSlot::Region};
constexpr kernel::CapabilitySpace kCapabilities{RootSlot::CapabilitySpace};
constexpr u64 kAtOnce = 64;      // limit of Region.reclaim
constexpr u64 kGiveAtOnce = 16;  // limit of Region.give
constexpr u32 kBatch = 256;      // pages copied through the window at once

/// Spreads the machine's seed over components and instances (splitmix64); those that need good randomness have a source of their own.
u64 mix(u64 value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

}  // namespace

Result<void> Component::start() {
  if (running_) return Error::BadState;
  running_ = true;  // from here on there is something to take back
  Result<void> result = create_instance();
  if (!result) {
    std::string_view failed = step_;
    (void)take_back();
    step_ = failed;
    return result;
  }
  instance_++;
  return {};
}

Result<void> Component::create_instance() {
  step_ = "instance region";
  kernel::Region service{slot(Slot::ServiceRegion)};
  u64 ceiling = description_->priority > description_->priority_ceiling ? description_->priority : description_->priority_ceiling;
  TRY(retry([&] { return kRegion.create(instance_region_, ObjectType::Region, slot(Slot::InstanceRegion), ceiling, FrameNumber(0)); }));
  if (description_->time_share != 0) {
    // What its first thread does not get is for those that it makes itself.
    u64 own = (description_->budget * image::kWholeShare + description_->period - 1) / description_->period;
    thread_share_ = description_->time_share > own ? u32(description_->time_share - own) : 0;
    TRY(service.share_time(slot(Slot::InstanceRegion), thread_share_));
  }
  step_ = "memory of the instance";
  for (u32 i = 0; i < instance_frames_.count(); i++) {
    FrameRange run = instance_frames_[i];
    for (u64 given = 0; given < run.count; given += kGiveAtOnce) {
      u64 count = run.count - given < kGiveAtOnce ? run.count - given : kGiveAtOnce;
      TRY(service.give(slot(Slot::InstanceRegion), FrameNumber(run.first + u32(given)), count));
    }
  }
  instance_frames_.reset();
  step_ = "copy share";
  TRY(create(ObjectType::Share, Slot::Copy, 0, Owner::Instance));
  TRY(load_segments());
  step_ = "heap";
  TRY(map_zeroes(kHeapAddress, description_->heap_pages, Owner::Instance));
  step_ = "stack";
  TRY(map_zeroes(kStackTop - description_->stack_pages * kPageSize, description_->stack_pages, Owner::Instance));
  TRY(create_capabilities());
  TRY(create_thread());
  TRY(write_start_page());
  step_ = "start";
  kernel::Endpoint endpoint{slot(Slot::Endpoint)};
  if (description_->provides) {
    TRY(endpoint.bind(kNoSlot));
    TRY(retry([&] { return endpoint.bind(slot(Slot::Thread)); }));
    TRY(retry([&] { return endpoint.requeue(); }));
  }
  return kernel::Thread{slot(Slot::Thread)}.start(entry(), kStackTop, 0, kStartInformation);
}

Result<void> Component::load_segments() {
  step_ = "program";
  for (const image::Segment& segment : segments()) TRY(load_segment(segment));
  return {};
}

Result<void> Component::load_segment(const image::Segment& segment) {
  u64 image_size = system_->boot->image_size;
  u64 bytes = u64{segment.file_pages} * kPageSize;
  if (segment.offset % kPageSize || segment.offset > image_size || bytes > image_size - segment.offset) return Error::Damaged;
  if (segment.file_pages > segment.memory_pages) return Error::Damaged;
  const auto* source = reinterpret_cast<const u8*>(system_->boot->image_address + segment.offset);
  FrameNumber frames[kBatch];
  for (u32 done = 0; done < segment.memory_pages;) {
    bool is_copied = done < segment.file_pages;
    u32 left = (is_copied ? segment.file_pages : segment.memory_pages) - done;
    u32 count = left < kBatch ? left : kBatch;
    for (u32 i = 0; i < count; i++) {
      frames[i] = TRY(create_data(Owner::Instance));
      TRY(map_page(segment.address + u64{done + i} * kPageSize, frames[i], Access(segment.access), Owner::Instance));
    }
    if (is_copied) {
      TRY(open_window(frames, count));
      memcpy(reinterpret_cast<u8*>(kCopyWindow), source + u64{done} * kPageSize, u64{count} * kPageSize);
      close_window(count);
    }
    done += count;
  }
  return {};
}

Result<void> Component::create_thread() {
  step_ = "thread";
  message_buffer_ = TRY(create_data(Owner::Instance));
  TRY(map_page(kMessageBuffer, message_buffer_, Access::ReadWrite, Owner::Instance));
  u64 ceiling = description_->priority > description_->priority_ceiling ? description_->priority : description_->priority_ceiling;
  thread_frame_ = TRY(create(ObjectType::Thread, Slot::Thread, ceiling, Owner::Instance));
  TRY(create(ObjectType::VectorState, Slot::Vector, 0, Owner::Instance));
  kernel::Thread thread{slot(Slot::Thread)};
  TRY(thread.configure(slot(Slot::AddressSpace), capabilities(), message_buffer_, fault_endpoint(), kFaultBadge + index_,
                       ComponentSlot::Window));
  TRY(thread.set_vector_state(slot(Slot::Vector)));
  // Control of its own first thread: the C library sets the thread pointer with it.
  TRY(install(ComponentSlot::Thread, slot(Slot::Thread), right::Thread::Control | right::Thread::Interrupt, 0));
  TRY(kernel::Notification{slot(Slot::Notification)}.bind(slot(Slot::Thread)));
  return kernel::SchedulingContext{slot(Slot::Time)}.bind(slot(Slot::Thread));
}

Result<void> Component::write_start_page() {
  step_ = "start page";
  FrameNumber frame = TRY(create_data(Owner::Instance));
  TRY(map_page(kStartInformation, frame, Access::Read, Owner::Instance));
  TRY(open_window(&frame, 1));
  const BootInformation& boot = *system_->boot;
  auto& start = *reinterpret_cast<StartInformation*>(kCopyWindow);  // zero: the frame is fresh
  memcpy(start.name, description_->name, sizeof start.name);
  start.index = index_;
  start.instance = instance_;
  start.heap_size = description_->heap_pages * kPageSize;
  start.vault_size = description_->vault_pages * kPageSize;
  start.undo_log_size = description_->undo_log_pages * kPageSize;
  start.module_size = module_size_;
  start.counter_multiplier = boot.counter_multiplier;
  start.counter_start = boot.counter_start;
  start.counter_frequency = boot.counter_frequency;
  start.wall_clock = boot.wall_clock;
  for (u32 i = 0; i < 4; i++) start.seed[i] = mix(boot.seed[i] ^ mix(u64{index_} << 32 | instance_) ^ mix(__builtin_ia32_rdtsc()));
  start.slot_count = named_slots_;
  memcpy(start.slots, names_, sizeof names_);
  if (has_grant(image::GrantKind::Bus)) start.acpi_root = boot.acpi_root;
  name_memories(start);
  start.priority_ceiling = description_->priority_ceiling;
  start.cpu = cpu_;
  start.time_share = thread_share_;
  memcpy(start.arguments, description_->arguments, sizeof description_->arguments);
  memcpy(start.command_line, boot.command_line, sizeof start.command_line);
  if (has_grant(image::GrantKind::Region)) start.pool_count = instance_frames_.take_rest(start.pool, StartInformation::kRanges);
  *reinterpret_cast<LastRegisters*>(kCopyWindow + kLastRegisters - kStartInformation) = last_registers_;
  start.magic = StartInformation::kMagic;
  close_window(1);
  return {};
}

Result<void> Component::stop() {
  if (!running_) return Error::BadState;
  return take_back();
}

/// Threads first, then everything that the instance's region owns, then the region. Repeatable when it ends early.
Result<void> Component::take_back() {
  step_ = "stop";
  bool was_resting = is_resting();
  (void)retry([&] { return kernel::Thread{slot(Slot::Thread)}.stop(); });
  note_registers();
  if (was_resting) {
    rest_stack_ = last_registers_.value[u64(Register::Rsp)];
    rest_instruction_ = last_registers_.value[u64(Register::Rip)];
  }
  (void)kernel::SchedulingContext{slot(Slot::Time)}.unbind();
  (void)kernel::Notification{slot(Slot::Notification)}.bind(kNoSlot);
  (void)kernel::Region{slot(Slot::InstanceRegion)}.close();

  step_ = "reclaim";
  TRY(reclaim_frames());
  // When the region could not even be made there is nothing to destroy.
  auto type = TRY(kRegion.inspect(instance_region_));
  if (type.type != u64(ObjectType::Untyped)) {
    TRY(retry([&] { return kernel::Region{slot(Slot::ServiceRegion)}.destroy(instance_region_); }));
  }
  instance_frames_.reset();

  for (Slot which : {Slot::InstanceRegion, Slot::CapabilitySpace, Slot::Table0, Slot::Table1, Slot::Thread, Slot::Vector, Slot::Copy})
    forget(which);
  roll_back();
  running_ = false;
  return {};
}

/// What the stopped thread was at: its successor completes a step that was cut (lib/vault/commit.h).
void Component::note_registers() {
  constexpr u64 kAtOnceRead = 6;
  last_registers_ = {};
  for (u64 first = 0; first < kRegisters; first += kAtOnceRead) {
    auto values = kernel::Thread{slot(Slot::Thread)}.read_registers(first);
    if (!values) return;
    static_assert(sizeof *values == kAtOnceRead * sizeof(u64) && kRegisters % kAtOnceRead == 0);
    memcpy(last_registers_.value + first, &*values, sizeof *values);
  }
}

/// Pages that a table still maps come back in the round after the table's. Errors: Busy when something never does.
Result<void> Component::reclaim_frames() {
  constexpr u32 kRounds = 8;
  kernel::Region service{slot(Slot::ServiceRegion)};
  bool is_complete = false;
  for (u32 round = 0; round < kRounds && !is_complete; round++) {
    is_complete = true;
    for (u32 i = 0; i < instance_frames_.count(); i++) {
      FrameRange run = instance_frames_[i];
      for (u32 done = 0; done < run.count;) {
        u64 count = run.count - done < kAtOnce ? run.count - done : kAtOnce;
        auto answer = TRY(service.reclaim(FrameNumber(run.first + done), count));
        done += u32(answer.done);
        if (answer.state != 0) is_complete = false;
      }
    }
  }
  if (!is_complete) return Error::Busy;
  return {};
}

void Component::forget(Slot which) { (void)kCapabilities.remove(slot(which)); }

}  // namespace pith::root
