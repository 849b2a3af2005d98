// Updates: one program of a component takes the place of the other, and is on probation for a while.
#include "lib/clock.h"
#include "servers/supervisor/service.h"

namespace pith::supervisor {

namespace {

using ull = unsigned long long;

/// A version that crashes or hangs within this time of its first start is taken back. Guest time.
constexpr u64 kProbation = kSecond;

std::string_view reason(Error error) {
  switch (error) {
    case Error::NotFound:
      return "it has no other program";
    case Error::NotSupported:
      return "the other program cannot go on with what is in the vault";
    case Error::BadAddress:
      return "its vault holds an address of its code";
    default:
      return error_name(error);
  }
}

}  // namespace

Result<void> Service::exchange(u64 component) {
  u64& now = vault_.version[component];
  Result<u64> version = root_.exchange(component);
  std::string_view name = name_of(description(component).name);
  Text<256> text;
  if (version) {
    now = *version;
    text.add("supervisor: %.*s goes on as version %llu\n", int(name.size()), name.data(), ull(*version));
  } else {
    std::string_view why = reason(version.error());
    text.add("supervisor: %.*s stays version %llu: %.*s\n", int(name.size()), name.data(), ull(now), int(why.size()), why.data());
  }
  say(text.view());
  if (!version) return version.error();
  auto status = root_.status(component);
  if (status && status->state != 0) vault_.restarts[component]++;
  return {};
}

Result<void> Service::update(u64 component) {
  TRY(exchange(component));
  vault_.probation_end[component] = time() + kProbation;
  return {};
}

Result<void> Service::take_update_back(u64 component) {
  if (!is_on_probation(component)) return Error::Denied;
  TRY(exchange(component));
  vault_.probation_end[component] = 0;
  return {};
}

}  // namespace pith::supervisor
