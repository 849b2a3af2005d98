// Takes the system's marker lines out of the diagnostic stream: they say how a run ended.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pith::launch {

/// Feeds on the bytes of the second serial port as they come. A marker begins with the byte 0x1e, which may stand anywhere, and ends with a
/// line end; what begins like one and is none goes through unchanged.
class MarkerFilter {
 public:
  /// `forward` gets all bytes that belong to no marker.
  explicit MarkerFilter(std::function<void(std::string_view)> forward) : forward_(std::move(forward)) {}

  void feed(std::string_view bytes);
  /// The stream ended: a marker without its line end counts, too.
  void finish();

  /// The number of the last exit marker, 0…255.
  std::optional<int> exit_status() const { return exit_status_; }
  /// What the kernel said when it panicked.
  const std::optional<std::string>& panic() const { return panic_; }

 private:
  void take_marker();

  static constexpr char kStart = 0x1e;
  static constexpr size_t kLongestMarker = 4096;

  std::function<void(std::string_view)> forward_;
  std::string pending_;  ///< a marker that has begun, or what may become one
  std::optional<int> exit_status_;
  std::optional<std::string> panic_;
};

}  // namespace pith::launch
