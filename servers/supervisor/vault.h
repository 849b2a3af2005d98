// What the supervisor keeps across its own restarts.
#pragma once
#include "servers/supervisor/tree.h"

namespace pith::supervisor {

inline constexpr u32 kMostComponents = 32;

/// What is wanted of a component. One that is to run and does not was being restarted when the supervisor died.
enum class State : u32 { Running, Stopped, Failed };

/// In the component's vault. Each word is right by itself; crash records are not kept.
struct Vault {
  static constexpr u64 kMagic = 0x3154565250555350;  // "PSUPRVT1"

  u64 magic;
  State state[kMostComponents];
  u32 restarts[kMostComponents];
  u64 version[kMostComponents];        // of its program
  u64 probation_end[kMostComponents];  // of the version, nanoseconds since boot
  Tree::History history;

  /// Whether an instance before this one has kept something here. States that make no sense are those of running components.
  bool restore() {
    bool is_restart = magic == kMagic;
    for (State& one : state) {
      if (!is_restart || one > State::Failed) one = State::Running;
    }
    __atomic_store_n(&magic, kMagic, __ATOMIC_RELEASE);  // last: what lies behind it is in order
    return is_restart;
  }
};

}  // namespace pith::supervisor
