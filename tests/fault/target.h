// One component that faults are made in, as the torture sees it.
#pragma once
#include "lib/random.h"
#include "protocols/root.h"
#include "protocols/supervisor.h"
#include "servers/root/injection/fault.h"

namespace pith::torture {

/// What became of a fault.
enum class Outcome : u64 {
  Recovered,  ///< the instance ended, and the next one answers
  Dormant,    ///< nothing came of it for as long as it was watched
  Stuck,      ///< the instance came no further, and nobody noticed
  Lost,       ///< no instance answers
};
inline constexpr const char* kOutcomeNames[] = {"recovered", "dormant", "stuck", "lost"};

struct Record {
  root::Fault fault;
  Outcome outcome;
  u64 at;    ///< when it was made, nanoseconds since boot
  u64 away;  ///< nanoseconds until the next instance answered, where there was one
  protocols::RootInjectResult place;
};

/// Authority that the torture has.
struct Tools {
  protocols::RootClient root;  ///< for inject() only
  protocols::SupervisorClient supervisor;
};

/// The method of who answers no calls.
inline constexpr u64 kNobodyCalls = 0;

/// What a service keeps.
enum class Keeps : u32 {
  Vault,    ///< its calls are events, which are committed
  Nothing,  ///< a driver
};

/// A request that changes nothing: a method and its argument, and what it answers.
struct Probe {
  const char* service;
  u64 method, argument;
  Keeps keeps = Keeps::Vault;
  Error expected = kSuccess;
};

class Target {
 public:
  Target(const Tools& tools, const Probe& probe, CapabilitySlot slot, u64 component)
      : tools_(tools), probe_(probe), slot_(slot), component_(component) {}
  Target() = default;

  const char* name() const { return probe_.service; }

  /// Makes a fault, waits for what comes of it, and leaves a sound instance behind. Errors: the place to hurt was not found, or the
  /// component does not run any more.
  Result<Record> strike(root::Fault fault, Random& random);

 private:
  Result<protocols::RootInjectResult> inject(root::Fault fault, Random& random, u64& asked);
  Outcome watch(root::Fault fault, u64 instance, u64 at) const;
  bool answers() const;
  bool rests() const;

  Tools tools_{};
  Probe probe_{};
  CapabilitySlot slot_ = kNoSlot;
  u64 component_ = 0;
};

}  // namespace pith::torture
