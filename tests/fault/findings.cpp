// Writes findings down.
#include "tests/fault/findings.h"

#include "lib/log.h"

namespace pith::torture {

namespace {

using ull = unsigned long long;

constexpr const char* kNames[] = {"lost", "doubled", "wrong"};
constexpr u64 kMostLines = 100;

}  // namespace

void Findings::add(const char* service, Finding finding, const char* text) {
  if (total() < kMostLines)
    log_line(LogLevel::Error, "check: %s %s: operation %llu: %s", service, kNames[u32(finding)], ull(operations_), text);
  counts_[u32(finding)]++;
}

void Findings::count_operation() {
  if (++operations_ % often_ == 0) log_counts();
}

void Findings::log_counts() const {
  log_line(LogLevel::Information, "check: %s operations=%llu lost=%llu doubled=%llu wrong=%llu", client_, ull(operations_), ull(counts_[0]),
           ull(counts_[1]), ull(counts_[2]));
}

}  // namespace pith::torture
