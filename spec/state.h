// The state of the kernel as its users may think of it: plain tables by frame number, without lists, caches or hardware.
#pragma once
#include "abi/error.h"
#include "abi/guest.h"
#include "abi/handle.h"
#include "abi/message.h"
#include "abi/operation.h"
#include "abi/registers.h"
#include "abi/types.h"
#include "base/result.h"

namespace pith::spec {

/// How many frames the tables below have room for: as many as the kernel can have where it is proved, few where it is tested.
#ifdef PITH_SPEC_FRAMES
inline constexpr u32 kSpecFrames = PITH_SPEC_FRAMES;
#else
inline constexpr u32 kSpecFrames = 1u << 24;
#endif

inline constexpr u32 kRegionDepth = 8;                  ///< how deep regions nest
inline constexpr u32 kChainDepth = 8;                   ///< how long a chain of calls may be
inline constexpr u32 kEntries = 512;                    ///< of a page table or share
inline constexpr u32 kLevels = 4;                       ///< of page tables; the top one is kLevels - 1
inline constexpr u32 kUserTopEntries = 256;             ///< entries of a top-level table that are the user's
inline constexpr u64 kUserEnd = 0x0000'7fff'ffff'f000;  ///< first address behind the user half
inline constexpr u32 kVectorWords = 64;                 ///< of a vector state
inline constexpr u32 kCpus = 64;
inline constexpr u32 kLines = 256;                     ///< interrupt lines
inline constexpr u64 kLastEpoch = (u64{1} << 48) - 2;  ///< an epoch that has come so far is not counted on

/// A value of the enumeration T that takes as little room as its values need.
template <class T, class Cell = u8>
struct Narrow {
  Cell raw = 0;
  constexpr Narrow() = default;
  constexpr Narrow(T value) : raw(Cell(value)) {}
  constexpr operator T() const { return T(raw); }
};
using Type = Narrow<ObjectType>;

/// A table with one row for each frame.
template <class T>
struct PerFrame {
  T row[kSpecFrames];
  T& operator[](FrameNumber frame) { return row[frame.raw]; }
};

/// What is known of every frame, whatever lies in it.
struct Frame {
  Type type;
  u8 level = 0;        ///< PageTable: 0 leaf … 3 top. Share: 1 for device memory
  u16 index = 0;       ///< the entry of `parent` that links it
  u16 cursor = 0;      ///< entries of it that have been taken apart
  FrameNumber owner;   ///< the region whose memory it is, 0 for the kernel's own
  FrameNumber parent;  ///< PageTable, Share, CapabilityTable: what links it, 0 nothing
  u32 uses = 0;        ///< mappings and links that name it as data, or as a spare table
  u64 epoch = 0;       ///< capabilities of another epoch are stale
  u64 generation = 0;  ///< flush generation at which it was last let go
};

/// A capability: empty if its type is Untyped.
struct Capability {
  FrameNumber frame;
  Badge badge;
  u64 epoch = 0;
  Type type;
  u8 rights = 0;
};

struct Region {
  FrameNumber parent;
  u8 depth = 0;
  bool closing = false;
  u8 priority_ceiling = 0;
  u32 frames = 0;  ///< how many frames it owns
  bool is_limited = false;  ///< what is in it may use time_share of the CPUs, in 1/65536 of one
  u64 time_share = 0;
  u64 time_given = 0;  ///< to its scheduling contexts, and to the regions in it
};

struct CapabilitySpace {
  FrameNumber table[kTablesPerSpace];
};

struct CapabilityTable {
  Capability slot[kSlotsPerTable];
};

/// An entry of a page table or share. `frame` is the table or Data frame it names, or the page number of device memory.
struct Entry {
  bool present = false;
  bool device = false;
  Narrow<Access> access;  ///< of leaf entries
  FrameNumber frame;
};

struct PageTable {
  Entry entry[kEntries];
};

struct AddressSpace {
  FrameNumber top;
  FrameNumber spare;  ///< the leaf table that takes the place of a revoked share, 0 none
};

/// A thread. `ticket`s order those who wait at one place: the smallest came first.
struct Thread {
  Narrow<ThreadState> state;
  FrameNumber waiting_at;  ///< endpoint or notification where it waits, or where its call was delivered
  FrameNumber client;      ///< whose call it handles
  FrameNumber callee;      ///< who handles its call
  FrameNumber endpoint;    ///< which it serves
  FrameNumber space, capabilities, buffer, notification, scheduling_context, vector_state, guest;
  CapabilitySlot window;  ///< the first of four slots that receive capabilities
  Capability fault;       ///< the endpoint of its faults, checked at each fault
  u8 cpu = 0;             ///< on which it runs, or ran last
  u8 priority_ceiling = 0;
  u8 level = 0;              ///< priority at which its call waits
  bool interrupted = false;  ///< its next blocking operation answers Cancelled
  bool faulted = false;      ///< the call that it is in is its fault
  bool in_guest = false;
  bool stopping = false;                           ///< the CPU that runs it has been told to stop it
  bool trapped = false;                            ///< it goes on with all of `registers`, not with `words` and `result`
  u8 message_words = 0, message_capabilities = 0;  ///< of its call
  Badge caller_badge;                              ///< of the capability that its call came through
  u64 words[kRegisterWords] = {};                  ///< its message, or what its last operation answers
  u64 result = 0;                                  ///< the status word that comes with them
  u64 set_aside_number = 0;
  u64 deadline = 0;  ///< when its wait ends, 0 never
  u64 pointer = 0;
  u64 instruction = 0, stack = 0;               ///< where it goes on after a system call
  u64 registers[kRegisters] = {};               ///< after a trap, in the order of abi/registers.h
  u64 ticket = 0;                               ///< its place among the calls of an endpoint
  u64 space_ticket = 0, capability_ticket = 0;  ///< its place among the threads of its spaces
};

/// The server receives here if its state says so.
struct Endpoint {
  FrameNumber server;
};

struct Notification {
  u64 bits = 0;
  FrameNumber waiter, bound;
};

struct SchedulingContext {
  FrameNumber thread;
  u8 priority = 0;
  u8 cpu = 0;
  bool configured = false;
  u64 budget = 0, period = 0;  ///< nanoseconds; equal: always ready, the budget is only its turn
  u64 left = 0, used = 0;      ///< not counting what the running thread has used since `charged`
  u64 share = 0;           ///< its budget divided by its period, in 1/65536
  u64 comes_back_at = 0;   ///< when the next part of a limited budget comes back, 0: all of it is left
  u64 replenished_at = 0;  ///< the same while nothing is left and a thread waits for it, else 0
};

struct Interrupt {
  u32 line = 0;
  Capability notification;  ///< checked at each interrupt
  u64 bits = 0;
};

struct IoPorts {
  u32 first = 0, count = 0;
};

struct Guest {
  FrameNumber space, registers, thread, vector_state;
  bool is_barred = false;  ///< it is being taken apart and is not entered any more
  u64 space_ticket = 0;
};

struct VectorState {
  FrameNumber user;             ///< Thread or Guest, 0 none
  u8 holder = 0;                ///< number of the CPU that has the registers, and 1; 0: none has
  u64 word[kVectorWords] = {};  ///< its registers, wherever they are
};

struct Cpu {
  bool idle = false;           ///< it runs nothing and remembers no translation of user memory
  bool vector_wanted = false;  ///< another CPU has asked for the vector registers that are here
  FrameNumber vector_owner;    ///< whose vector registers are here
  FrameNumber current;         ///< running thread, 0 idle
  FrameNumber context;         ///< whose time it uses
  u64 flushed_generation = 0;  ///< when it last forgot all translations
  u64 charged = 0;             ///< until when `context` has been charged
};

struct Line {
  FrameNumber interrupt;  ///< 0: nobody's
  bool masked = false;
};

/// Everything.
struct State {
  u32 frame_count = 0;
  u32 line_count = 0;
  u32 cpu_count = 1;  ///< CPUs online: those with smaller numbers
  u8 here = 0;  ///< the CPU that this entry is on
  bool has_io_ports = false;
  u64 now = 0;                      ///< nanoseconds since boot
  u64 generation = 0;               ///< of flushes
  u64 last_ticket = u64{1} << 63;   ///< the next one to come goes behind all
  u64 first_ticket = u64{1} << 63;  ///< the next one to come back goes in front of all
  PerFrame<Frame> frames;
  PerFrame<Region> regions;
  PerFrame<CapabilitySpace> capability_spaces;
  PerFrame<CapabilityTable> capability_tables;
  PerFrame<PageTable> page_tables;  ///< PageTable and Share
  PerFrame<AddressSpace> address_spaces;
  PerFrame<Thread> threads;
  PerFrame<Endpoint> endpoints;
  PerFrame<Notification> notifications;
  PerFrame<SchedulingContext> scheduling_contexts;
  PerFrame<Interrupt> interrupts;
  PerFrame<IoPorts> io_ports;
  PerFrame<Guest> guests;
  PerFrame<VectorState> vector_states;
  Cpu cpus[kCpus];
  Line lines[kLines];
};

}  // namespace pith::spec

extern "C" pith::spec::State specification;

namespace pith::spec {

inline constexpr State& state = specification;
inline constexpr PerFrame<Frame>& frames = specification.frames;
inline constexpr PerFrame<Region>& regions = specification.regions;
inline constexpr PerFrame<CapabilitySpace>& capability_spaces = specification.capability_spaces;
inline constexpr PerFrame<CapabilityTable>& capability_tables = specification.capability_tables;
inline constexpr PerFrame<PageTable>& page_tables = specification.page_tables;
inline constexpr PerFrame<AddressSpace>& address_spaces = specification.address_spaces;
inline constexpr PerFrame<Thread>& threads = specification.threads;
inline constexpr PerFrame<Endpoint>& endpoints = specification.endpoints;
inline constexpr PerFrame<Notification>& notifications = specification.notifications;
inline constexpr PerFrame<SchedulingContext>& scheduling_contexts = specification.scheduling_contexts;
inline constexpr PerFrame<Interrupt>& interrupts = specification.interrupts;
inline constexpr PerFrame<IoPorts>& io_ports = specification.io_ports;
inline constexpr PerFrame<Guest>& guests = specification.guests;
inline constexpr PerFrame<VectorState>& vector_states = specification.vector_states;

}  // namespace pith::spec
