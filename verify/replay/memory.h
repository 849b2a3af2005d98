// The kernel's memory in an ordinary process: arrays by frame at fixed addresses, sparse, with a note of every page that is touched. All
// views are the same memory, as in the machine, and each has addresses of its own, so that the first access to a frame through a view shows
// whether the frame has its type.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "verify/replay/case.h"

namespace pith::replay {

inline constexpr std::size_t kPage = 4096;

class Memory {
 public:
  enum class Unread { Anything, Zeros };
  /// Maps the arrays, for the life of the process. `unread`: what is in fields that no case gives a value.
  explicit Memory(Unread unread);

  /// Writes a cell, and expects it to keep its value.
  void write(const Cell& cell);
  /// What is in the cell's place now.
  std::uint64_t value_of(const Cell& cell) const;
  /// Remembers all that is written now: what is not expected to change does not.
  void begin();
  /// Of the state that a case is to end in.
  void expect(const Cell& cell);
  void expect_clear(std::uint64_t frame);
  /// What is otherwise than expected, one difference a line, at most a few.
  std::vector<std::string> differences(const std::vector<Cell>& known);

  /// An access to an array that was not possible: makes it so and notes it. False: the address is in no array.
  bool touch(std::uint64_t address);
  /// The state before takes the place of the present one, or the other way.
  void exchange();
  /// What was wrong with an access, if anything was.
  const std::string& complaint() const { return complaint_; }
  void forget_complaint() { complaint_.clear(); }
  void clear_frame(std::uint32_t frame);

 private:
  struct Array {
    const ReplayObject* object;
    std::byte* window;  ///< the same memory, always accessible
  };
  using Page = std::array<std::byte, kPage>;

  const Array* array_at(std::uint64_t address) const;
  const Array* array_of(const ReplayObject* object) const;
  std::byte* place_of(const ReplayObject* object, std::uint64_t offset) const;
  /// What is expected of a page. One that is not known yet is filled.
  Page& page_at(std::byte* page);
  std::byte* expected_at(const ReplayObject* object, std::uint64_t offset);
  std::uint64_t type_of(std::uint64_t frame) const;
  static std::uint64_t frame_count();
  std::string name_of(const std::byte* place, std::size_t size, const std::vector<Cell>& known) const;
  void compare(const std::byte* is, const std::byte* should, std::size_t size, const std::vector<Cell>& known,
               std::vector<std::string>& found) const;

  std::vector<Array> arrays_;
  std::map<std::byte*, Page> expected_;                         ///< by page of a window, of all that were written or touched
  std::map<const ReplayObject*, std::vector<std::byte>> kept_;  ///< what plain objects are expected to hold
  std::map<std::byte*, Page> before_;                           ///< the other state of pages that are no longer as they were
  std::string complaint_;
  Unread unread_;
  std::uint64_t random_ = 1;
  bool is_exchanged_ = false;
};

}  // namespace pith::replay
