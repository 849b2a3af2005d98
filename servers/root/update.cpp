// Live update: the next instance of a component is another program, over the same vault.
#include <cstring>

#include "abi/vault.h"
#include "servers/root/component.h"

namespace pith::root {

namespace {

/// What the vault of a program may hold: its own state, or one that it has not come to migrate. Hash 0: neither.
image::VaultType type_of(const image::Version& version, u64 layout) {
  if (layout == version.keeps.layout) return version.keeps;
  if (layout == version.migrates.layout) return version.migrates;
  return {};
}

bool is_code(std::span<const image::Segment> segments, u64 address) {
  for (const image::Segment& segment : segments) {
    bool is_inside = address - segment.address < u64{segment.memory_pages} * kPageSize;
    if (is_inside && Access(segment.access) == Access::ReadExecute) return true;
  }
  return false;
}

/// Word 0: the layout's number; 0 in a vault that was never begun.
Result<void> check_vault(std::span<const std::byte> vault, const image::Version& now, const image::Version& other) {
  for (u64 offset = 0; offset < vault.size(); offset += sizeof(u64)) {
    u64 word;
    memcpy(&word, vault.data() + offset, sizeof word);
    if (offset == 0 && word != 0) {
      image::VaultType held = type_of(now, word);
      if (held.hash == 0 || (held != other.keeps && held != other.migrates)) return Error::NotSupported;
    }
    if (is_code({now.segments, now.segment_count}, word)) return Error::BadAddress;
  }
  return {};
}

}  // namespace

std::span<const image::Segment> Component::segments() const {
  if (versions_.empty()) return {description_->segments, description_->segment_count};
  return {versions_[version_].segments, versions_[version_].segment_count};
}

u64 Component::entry() const { return versions_.empty() ? description_->entry : versions_[version_].entry; }

u64 Component::program_frames(std::span<const image::Segment> segments) {
  u64 frames = 0;
  for (const image::Segment& segment : segments) frames += tables_for(segment.memory_pages) + segment.memory_pages;
  return frames;
}

/// The instance is stopped first: its vault is then that of an event boundary, and holds still.
Result<u64> Component::exchange() {
  if (versions_.empty()) return Error::NotFound;
  bool was_running = running_;
  if (was_running) TRY(take_back());
  step_ = "exchange";
  u32 now = version_, other = image::kVersions - 1 - now;
  Result<void> result = check_exchange(versions_[other]);
  if (result) {
    version_ = other;
    rest_stack_ = rest_instruction_ = 0;
    if (was_running) result = start();
    if (!result) version_ = now;
  }
  if (was_running && !running_) TRY(start());
  TRY(result);
  return u64{version_};
}

Result<void> Component::check_exchange(const image::Version& other) {
  if (description_->vault_pages == 0) return {};
  std::span<std::byte> window = TRY(open_vault());
  Result<void> result = check_vault(window.first(description_->vault_pages * kPageSize), versions_[version_], other);
  close_vault();
  return result;
}

}  // namespace pith::root
