// Takes the system's marker lines out of the diagnostic stream: they say how a run ended.
#include "tools/launch/marker_filter.h"

#include <algorithm>

namespace pith::launch {

namespace {

constexpr std::string_view kExit = "\x1epith-exit ", kPanic = "\x1epith-panic ";

/// Whether `text` begins like a marker, or could still become one.
bool may_be_marker(std::string_view text) {
  auto agrees = [&](std::string_view marker) {
    size_t length = std::min(text.size(), marker.size());
    return text.substr(0, length) == marker.substr(0, length);
  };
  return agrees(kExit) || agrees(kPanic);
}

std::optional<int> parse_status(std::string_view digits) {
  if (digits.empty() || digits.size() > 3) return {};
  int value = 0;
  for (char c : digits) {
    if (c < '0' || c > '9') return {};
    value = value * 10 + (c - '0');
  }
  if (value > 255) return {};
  return value;
}

}  // namespace

void MarkerFilter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (pending_.empty()) {
      size_t start = bytes.find(kStart);
      if (start != 0) forward_(bytes.substr(0, start));
      if (start == bytes.npos) return;
      pending_ = kStart;
      bytes.remove_prefix(start + 1);
      continue;
    }
    if (bytes[0] == '\n') {
      take_marker();
      bytes.remove_prefix(1);
      continue;
    }
    if (!may_be_marker(pending_ + bytes[0]) || pending_.size() == kLongestMarker) {
      // The byte itself may begin the next marker, so it is looked at again.
      forward_(pending_);
      pending_.clear();
      continue;
    }
    pending_ += bytes[0];
    bytes.remove_prefix(1);
  }
}

void MarkerFilter::take_marker() {
  std::string_view marker = pending_;
  if (marker.ends_with('\r')) marker.remove_suffix(1);
  auto status = marker.starts_with(kExit) ? parse_status(marker.substr(kExit.size())) : std::nullopt;
  if (status) {
    exit_status_ = status;
  } else if (marker.starts_with(kPanic)) {
    panic_ = marker.substr(kPanic.size());
  } else {
    forward_(pending_ + "\n");
  }
  pending_.clear();
}

void MarkerFilter::finish() {
  std::string rest;
  rest.swap(pending_);
  if (rest.empty()) return;
  if (rest.starts_with(kPanic) || (rest.starts_with(kExit) && parse_status(std::string_view(rest).substr(kExit.size())))) {
    pending_ = rest;
    take_marker();
  } else {
    forward_(rest);
  }
}

}  // namespace pith::launch
