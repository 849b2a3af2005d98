// What the kernel's bitcode, made into a part of an ordinary program (host_module.cpp), and the program around it call each other.
#pragma once
#include <cstdint>

extern "C" {

/// A global of the module: where it is, and what it is to the prover (verify::ObjectKind).
struct ReplayObject {
  const char* name;
  std::uint64_t address;
  std::uint64_t size;
  std::uint64_t element;  ///< bytes of one element of an array by frame
  std::uint32_t kind;
  std::uint32_t frame_type;
};

/// A function of the module that takes its arguments from an array and puts there what it returns.
struct ReplayFunction {
  const char* name;
  void (*run)(std::uint64_t* arguments);
};

// Made by host_module.cpp; both tables end with a row without a name.
extern const ReplayObject replay_objects[];
extern const ReplayFunction replay_functions[];
extern const std::uint64_t replay_type_bytes;  ///< of FrameInfo.type, which begins an entry of frames[]

// Called by the module.
void* replay_own_cpu();
/// What a device or the machine answers.
std::uint64_t replay_answer();
/// A load of what may be user memory.
std::uint64_t replay_user_load(const void* address, std::uint64_t bytes);
void replay_clear_frame(std::uint32_t frame, std::uint32_t type);
void replay_note_thread(void* thread);
/// The kernel is left, or a function is called at which another proof starts: comes back only where a case does not end there.
void replay_reached(const char* name, std::uint64_t count, const std::uint64_t* passed);
/// What must not happen: an assertion.
[[noreturn]] void replay_failed(const char* what);
/// What a process cannot do: assembly without a model.
[[noreturn]] void replay_lost(const char* what);
}

namespace pith::replay {

/// Arrays by frame have addresses so far apart that none runs into the next: the one of number `number` in verify::kKernelObjects.
inline constexpr std::uint64_t kSpan = std::uint64_t{1} << 36;
constexpr std::uint64_t address_of_array(unsigned number) { return (std::uint64_t{1} << 44) + number * 2 * kSpan; }

}  // namespace pith::replay
