// Rounds: what has changed goes to the medium, so that it is right there whenever the power fails. Nothing is changed meanwhile.
//
// First what nothing refers to yet: contents, zeroes of new clusters of directories; then chains; then what refers to them: new
// directories, names; and only when nothing on the medium refers to them do clusters become free. A name that has moved is taken away after
// it is found under the other one.
#include <algorithm>
#include <cstring>

#include "servers/fat/volume.h"

namespace pith::fat {

bool Volume::has_changes() const { return state_.changed_frames != 0 || state_.has_written != 0 || has_to_free(); }

bool Volume::needs_fill() const {
  return std::any_of(state_.nodes, state_.nodes + kNodes, [](const Node& node) {
    return (node.flags & Node::kUsed) != 0 && node.position != kNowhere && node.valid < node.size();
  });
}

u64 Volume::deadline() {
  if (state_.mount != Mount::Ready || state_.stage != Stage::None || state_.oldest_change == 0) return 0;
  return state_.oldest_change + kRoundInterval;
}

bool Volume::is_round_due() {
  if (state_.stage != Stage::None || state_.mount != Mount::Ready || state_.is_broken != 0) return false;
  if (wants_round_ || changed_too_much()) return true;
  if (std::any_of(state_.syncs, state_.syncs + kSyncs, [](const Sync& sync) { return sync.is_used != 0; })) return true;
  return state_.oldest_change != 0 && surroundings_.time() >= deadline();
}

Result<void> Volume::sync(Token token, u64 number) {
  begin_call();
  if (number != 0) TRY(find_node(number));
  if (state_.is_broken != 0) return Error::Damaged;
  if (!has_changes() && state_.stage == Stage::None) {
    surroundings_.answer_sync(token, {});
    return {};
  }
  for (Sync& sync : state_.syncs) {
    if (sync.is_used != 0) continue;
    sync = {token, 1};
    return {};
  }
  surroundings_.wait();
}

/// Whether a stage's frames are those that it writes.
bool Volume::is_of_stage(const Frame& frame) const {
  bool is_changed = (frame.flags & Frame::kChanged) != 0, is_of_table = (frame.flags & Frame::kOfTable) != 0;
  bool is_of_new = (frame.flags & Frame::kOfNewDirectory) != 0;
  switch (state_.stage) {
    case Stage::NewClusters:
      return (frame.flags & Frame::kOfNewCluster) != 0;
    case Stage::Table:
    case Stage::FreeTable:
      return is_changed && is_of_table;
    case Stage::NewDirectories:
      return is_changed && is_of_new;
    case Stage::Removals:
      return is_changed && !is_of_table && (frame.flags & Frame::kOnlyRemovals) != 0;
    case Stage::Names:
    case Stage::Renames:
      return is_changed && !is_of_table;
    default:
      return false;
  }
}

bool Volume::is_stage_due() {
  switch (state_.stage) {
    case Stage::None:
      return is_round_due();
    case Stage::Drain:
      return std::none_of(state_.transfers, state_.transfers + kTransfers, [](const Transfer& transfer) {
        return transfer.kind != Transfer::Kind::None && transfer.step == Transfer::Step::Disk;
      });
    case Stage::Fill: {
      const Transfer& transfer = state_.transfers[kTransfers - 1];
      bool is_at_work = transfer.kind != Transfer::Kind::None && (transfer.step == Transfer::Step::Disk || !changed_too_much());
      return !is_at_work;
    }
    case Stage::Free:
      return !is_stage_waiting_;
    default:
      return is_stage_done_;
  }
}

void Volume::go_on_to(Stage stage) {
  state_.stage = stage;
  started_ = Stage::None;
  is_stage_done_ = is_stage_waiting_ = false;
  if (stage == Stage::Renames) {
    // From here on names that have moved are gone from their old places.
    for (Frame& frame : state_.frames) {
      if (frame.removed_later == 0) continue;
      auto* entries = reinterpret_cast<DirectoryEntry*>(change(frame));
      for (u32 i = 0; i < kEntriesOfSector; i++) {
        if ((frame.removed_later >> i & 1) != 0) entries[i].name[0] = DirectoryEntry::kFree;
      }
      frame.removed_later = 0;
    }
  }
}

/// An event: goes one step on in a round, or begins one.
void Volume::stage_step() {
  switch (state_.stage) {
    case Stage::None:
      wants_round_ = false;
      return go_on_to(Stage::Drain);
    case Stage::Drain: {
      bool is_only_content = state_.changed_frames == 0 && !has_to_free() && !needs_fill();
      return go_on_to(is_only_content ? Stage::NewClusters : state_.is_marked == 0 ? Stage::Mark : Stage::Fill);
    }
    case Stage::Fill:
      return fill_step();
    case Stage::Free: {
      is_stage_waiting_ = true;  // unless this comes back
      has_missed_ = false;
      bool goes_on = !changed_too_much();
      if (goes_on && state_.freed_count != 0) {
        free_step();
      } else if (goes_on) {
        goes_on = cut_step();
      }
      is_stage_waiting_ = has_missed_;
      if (!goes_on) go_on_to(Stage::FreeTable);
      return;
    }
    default:
      return end_stage();
  }
}

/// Has what lies behind a file's content filled with zeroes: by a transfer that writes nothing at the file's end.
void Volume::fill_step() {
  Transfer& transfer = state_.transfers[kTransfers - 1];
  bool is_full = changed_too_much();
  for (u32 i = 0; i < kNodes && !is_full && transfer.kind == Transfer::Kind::None; i++) {
    Node& node = state_.nodes[i];
    if ((node.flags & Node::kUsed) == 0 || node.position == kNowhere || node.valid >= node.size()) continue;
    transfer = {};
    transfer.kind = Transfer::Kind::Write;
    transfer.node = i;
    transfer.order = ++state_.orders;
    transfer.offset = transfer.end = node.size();
    node.transfers++;
    return;
  }
  if (is_full || transfer.kind == Transfer::Kind::None) go_on_to(Stage::NewClusters);
}

/// What a stage has written is on the medium.
void Volume::end_stage() {
  Stage stage = state_.stage;
  if (has_failed_) {
    // The medium has more or less of the round, in its order. Nothing is added to that.
    state_.is_broken = 1;
    for (Sync& sync : state_.syncs) {
      if (sync.is_used != 0) surroundings_.answer_sync(sync.token, Error::Damaged);
      sync = {};
    }
    state_.oldest_change = 0;
    for (bool& is_waiting : is_waiting_) is_waiting = false;
    return go_on_to(Stage::None);
  }
  u32 written = 0;
  for (u32 i = 0; i < kFrames; i++) {
    Frame& frame = state_.frames[i];
    if (!is_of_stage(frame)) continue;
    if (stage == Stage::NewClusters) {
      frame.flags &= ~Frame::kOfNewCluster;
      continue;
    }
    frame.flags &= ~(Frame::kOfNewDirectory | Frame::kOnlyRemovals);
    if (frame.removed_later != 0) continue;
    frame.flags &= ~Frame::kChanged;
    written++;
  }
  state_.changed_frames -= written;
  switch (stage) {
    case Stage::Mark:
      state_.is_marked = 1;
      return go_on_to(Stage::Fill);
    case Stage::NewClusters:
      state_.has_written = 0;
      return go_on_to(Stage::Table);
    case Stage::Table:
      return go_on_to(needs_fill() ? Stage::Fill : Stage::NewDirectories);
    case Stage::NewDirectories:
      return go_on_to(Stage::Removals);
    case Stage::Removals:
      return go_on_to(Stage::Names);
    case Stage::Names:
      return go_on_to(Stage::Renames);
    case Stage::Renames:
      return go_on_to(Stage::Free);
    case Stage::FreeTable:
      return go_on_to(has_to_free() ? Stage::Free : state_.is_marked != 0 ? Stage::Information : Stage::Clear);
    case Stage::Information:
      return go_on_to(Stage::Clear);
    default:
      break;
  }
  state_.is_marked = 0;
  state_.oldest_change = 0;
  for (Sync& sync : state_.syncs) {
    if (sync.is_used != 0) surroundings_.answer_sync(sync.token, {});
    sync = {};
  }
  for (bool& is_waiting : is_waiting_) is_waiting = false;
  go_on_to(Stage::None);
}

bool Volume::is_due() {
  if (is_settling_) return false;
  if (state_.mount == Mount::Start || state_.mount == Mount::Counting) {
    if (!is_mount_waiting_ && client_.is_told()) return true;
  }
  for (const Read& read : reads_) {
    if (read.is_used != 0 && read.is_done != 0) return true;
  }
  if (wants_room_) return true;
  for (u32 i = 0; i < kTransfers; i++) {
    if (is_done_[i] || may_plan(i)) return true;
  }
  return state_.mount == Mount::Ready && is_stage_due();
}

/// One thing at a time.
void Volume::advance() {
  bool has_arrived = std::any_of(reads_, reads_ + kReads, [](const Read& read) { return read.is_used != 0 && read.is_done != 0; });
  if (wants_room_ || (has_arrived && state_.free_frames < kReadSectors)) return make_room();
  if (has_arrived) return insert_arrived();
  if (state_.mount != Mount::Ready) return mount_step();
  for (u32 i = 0; i < kTransfers; i++) {
    if (!is_done_[i]) continue;
    finish_piece(i, outcomes_[i]);
    is_done_[i] = false;
    return;
  }
  if (is_stage_due()) return stage_step();
  (void)plan_some();
}

}  // namespace pith::fat
