// What both the prover and the native replay of its paths put in the place of the port: names of arrays, of the port's functions, of what stands for its assembly.
#pragma once
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace pith::verify {

/// What an object is to the prover.
enum class ObjectKind {
  View,      ///< all of memory seen as frames of one type: an access demands that the frame has this type
  PerFrame,  ///< an array with an entry for each frame that exists
  Plain,     ///< any other global
  Constant,  ///< a global with a fixed value
  Local,     ///< a local variable
  Specification,  ///< the specification's state: a cell that nothing wrote is what the kernel's state means by it
  User,      ///< pages of user memory: reads give anything, writes leave no trace
  Lock,      ///< the kernel lock, which the caller holds
};

struct KernelObject {
  std::string_view name;
  ObjectKind kind;
  unsigned frame_type;
};

/// The kernel's arrays by frame: kernel/memory/view.h, with the values of ObjectType (abi/types.h).
inline constexpr KernelObject kKernelObjects[] = {
    {"frames", ObjectKind::PerFrame, 0},
    {"epochs", ObjectKind::PerFrame, 0},
    {"data_pages", ObjectKind::User, 1},
    {"page_tables", ObjectKind::View, 2},
    {"regions", ObjectKind::View, 3},
    {"address_spaces", ObjectKind::View, 4},
    {"capability_spaces", ObjectKind::View, 5},
    {"capability_tables", ObjectKind::View, 6},
    {"threads", ObjectKind::View, 7},
    {"scheduling_contexts", ObjectKind::View, 8},
    {"endpoints", ObjectKind::View, 9},
    {"notifications", ObjectKind::View, 10},
    {"shares", ObjectKind::View, 11},
    {"interrupts", ObjectKind::View, 12},
    {"io_port_ranges", ObjectKind::View, 13},
    {"guests", ObjectKind::View, 14},
    {"vector_states", ObjectKind::View, 15},
    {"platforms", ObjectKind::View, 16},
    {"kernel_lock", ObjectKind::Lock, 0},
    {"specification", ObjectKind::Specification, 0},
};

/// Frames that the prover reckons with: kMaximumFrames.
inline constexpr std::uint64_t kFrames = std::uint64_t{1} << 24;

/// Frame 0 reads as an empty one of these.
inline bool reads_frame_0(std::string_view object) { return object == "capability_spaces" || object == "capability_tables"; }

/// The port's functions that touch devices, translations or the clock; what they answer is anything.
struct Primitive {
  std::string_view name;
  bool ends;
};
inline constexpr Primitive kPrimitives[] = {
    {"_ZN4pith4arch3nowEv", false},          {"_ZN4pith4arch9set_timerEm", false},    {"_ZN4pith4arch9mask_lineEj", false},
    {"_ZN4pith4arch11unmask_lineEj", false}, {"_ZN4pith4arch10line_countEv", false},  {"_ZN4pith4arch8diagnoseEc", false},
    {"_ZN4pith4arch17send_interruptionEj", false},
    {"_ZN4pith4arch13rouse_nappingEj", false}, {"_ZN4pith4arch3napEj", false},
    {"_ZN4pith4arch10route_lineEjj", false}, {"_ZN4pith4arch15message_addressEj", false}, {"_ZN4pith4arch12message_dataEj", false},
    {"_ZN4pith4arch12stop_machineEj", true}, {"_ZN4pith4arch16is_kernel_memoryEmm", false},
};

/// What verify/machine.cpp says in C++ of the port's assembly: the ways out of the kernel, and what loads translations and vector registers. What the
/// machine holds is a state of its own there.
struct StandIn {
  std::string_view port;  ///< a function, or inline assembly
  const char* machine;
};
inline constexpr StandIn kStandIns[] = {
    {"leave_to_system_call", "machine_leave_to_system_call"},
    {"leave_to_trap", "machine_leave_to_trap"},
    {"enter_guest_fast", "machine_enter_guest"},
    {"enter_guest_all", "machine_enter_guest"},
    {"idle_loop", "machine_idle"},
    {"fast_resume", "machine_fast_resume"},
    {"fast_return", "machine_fast_resume"},
    {"fast_go_on", "machine_fast_go_on"},
    {"_ZN4pith4arch11forget_rootEm", "machine_forget_root"},
    {"mov %cr3, $0", "machine_read_root"},
    {"mov $0, %cr3", "machine_write_root"},
    {"clts", "machine_allow_vectors"},
    {"mov %cr0, $0; or $$8, $0; mov $0, %cr0", "machine_refuse_vectors"},
    {"fxsave64 $0", "machine_save_vectors"},
    {"fxrstor64 $0", "machine_load_vectors"},
};
/// The function that stands for a function or inline assembly of the port; null: none does.
constexpr const char* stand_in_of(std::string_view port) {
  for (const StandIn& known : kStandIns) {
    if (port == known.port) return known.machine;
  }
  return nullptr;
}

/// What only the specification's oracle looks at; natively nothing writes it.
inline bool is_only_the_provers(std::string_view object) { return object.starts_with("answer_of_") || object == "specification"; }

/// Functions at which an entry's proof stops because finishing the entry is proved on its own.
inline constexpr std::string_view kCuts[] = {"_ZN4pith12finish_entryERNS_3CpuEm", "_ZN4pith11system_callERNS_6ThreadE", "slow_call", "noted_call"};

inline bool is_assertion(std::string_view function) { return function.find("assertion_failed") != std::string_view::npos; }
/// Only the kernel's half of a top-level table changes, which no user access reaches and no invariant speaks of.
inline bool changes_nothing(std::string_view function) { return function.find("initialise_top_table") != std::string_view::npos; }

// Inline assembly.
inline constexpr std::string_view kOwnCpu = "movq %gs:48, $0";
/// What changes no memory; what it answers is anything.
inline bool is_harmless(std::string_view assembly) {
  constexpr std::string_view kHarmless[] = {"", "rdtsc", "mov %cr2, $0", "invlpg ($0)", "pause", "rdfsbase $0"};
  return assembly.starts_with("in") || assembly.starts_with("out") || std::find(std::begin(kHarmless), std::end(kHarmless), assembly) != std::end(kHarmless);
}

}  // namespace pith::verify
