// Changes of names and attributes: one at a time, each done exactly once as far as clients see it.
//
// A job first looks at what is there. Then, in an event that is final before the host is asked for anything, it says what it is going to
// do and what it has seen. Whoever finds it at that step without having taken it there does not know whether the host was asked: it looks
// again, and what differs from what was seen is what the host has done.
#include "lib/log.h"
#include "servers/host_folder/folder.h"
#include "servers/host_folder/hidden.h"

namespace pith::host_folder {

namespace {

constexpr u32 kTypes = 0170000, kDirectory = 0040000, kSymlink = 0120000;
constexpr u32 kRemoveDirectory = 0x200;

bool is_directory(const files::Attributes& attributes) { return (attributes.mode & kTypes) == kDirectory; }

}  // namespace

Result<files::Attributes> Folder::change(const Job& wanted, std::string_view text) {
  TRY(begin_call());
  host_.end();
  vault::CallName caller = surroundings_.caller();
  for (Outcome& outcome : state_.outcomes) {
    if (outcome.is_used == 0 || outcome.caller != caller) continue;
    if (outcome.error != 0) return Error(outcome.error);
    outcome.is_used = 0;
    return outcome.attributes;
  }
  if (state_.job.kind == Job::Kind::None && !is_job_wanted_) {
    wanted_ = wanted;
    wanted_.caller = caller;
    wanted_.lengths[2] = u32(text.size());
    text.copy(wanted_text_, sizeof wanted_text_);
    is_job_wanted_ = true;
  }
  surroundings_.wait();
}

bool Folder::is_due() {
  if (!host_.is_settled()) return false;
  if (state_.job.kind == Job::Kind::None ? is_job_wanted_ || state_.to_be_purged != 0 : is_job_ready_) return true;
  if (wants_sync()) return true;
  for (u32 i = 0; i < kTransfers; i++) {
    if ((ready_transfers_ >> i & 1) != 0 && state_.transfers[i].kind != Transfer::Kind::None) return true;
  }
  return false;
}

void Folder::advance() {
  if (state_.job.kind == Job::Kind::None && is_job_wanted_) {
    is_job_wanted_ = false;
    is_job_ready_ = true;
    state_.job = wanted_;
    memcpy(state_.text, wanted_text_, wanted_.lengths[2]);
    return;
  }
  if (wants_sync()) {
    Transfer sync{};
    sync.kind = Transfer::Kind::Sync;
    sync.token = vault::kNoToken;
    (void)transfer(sync);
    return;
  }
  for (u32 i = 0; i < kTransfers; i++) {
    if ((ready_transfers_ >> i & 1) != 0 && run_transfer(i)) return;
  }
  if (state_.job.kind == Job::Kind::None && state_.to_be_purged != 0) return begin_purge();
  if (state_.job.kind != Job::Kind::None && is_job_ready_) run_job();
}

/// What has changed and is not known to be on the medium cannot be forgotten: there must not be too much of it.
bool Folder::wants_sync() const {
  bool has_room = false;
  for (const Transfer& each : state_.transfers) {
    if (each.kind == Transfer::Kind::Sync && each.node == 0) return false;
    has_room |= each.kind == Transfer::Kind::None;
  }
  return has_room && state_.changed_nodes > kNodes / 2 && host_.check();
}

/// One step of it.
void Folder::run_job() {
  Job& job = state_.job;
  is_job_ready_ = false;
  host_.begin(kJobScript);
  files::Attributes left{};
  Result<bool> is_done = go_on(job, left);
  if (is_done.error() == Error::WouldBlock) return;
  is_job_ready_ = true;
  host_.end();
  if (is_done && !*is_done) return;
  if (job.caller.word != 0) {
    Outcome& outcome = state_.outcomes[state_.next_outcome];
    state_.next_outcome = (state_.next_outcome + 1) % kOutcomes;
    outcome = {job.caller, 1, u32(is_done.error()), left};
  }
  job.kind = Job::Kind::None;
  ready_transfers_ = ~u32{0};
}

Result<bool> Folder::go_on(Job& job, files::Attributes& left) {
  switch (job.kind) {
    case Job::Kind::Make:
      return make(job, left);
    case Job::Kind::Link:
      return link(job, left);
    case Job::Kind::Remove:
      return remove(job);
    case Job::Kind::Rename:
      return rename(job);
    case Job::Kind::Change:
      return set(job, left);
    case Job::Kind::Purge:
      return purge(job);
    case Job::Kind::None:
      break;
  }
  return true;
}

/// Final before anything else is asked.
void Folder::next_step(Job& job, Job::Step step) {
  job.step = step;
  step_epoch_ = host_.epoch();
}

/// Whether the host may have been asked for this step before.
bool Folder::is_repeated() { return step_epoch_ != host_.epoch() || host_.has_asked_again(); }

Result<Kind> Folder::put_question(Job& job, u32 parent, Writer& message) {
  u32 group = kNobody;
  message.put(parent).text(job.name(0));
  switch (job.mode & kTypes) {
    case kDirectory:
      message.put(u32(job.mode & ~u64{kTypes})).put(group);
      return Kind::MakeDirectory;
    case kSymlink:
      message.text({state_.text, job.lengths[2]}).put(group);
      return Kind::Symlink;
    default:
      message.put(u32(job.mode)).put(u32{0}).put(u32{0}).put(group);
      return Kind::MakeNode;
  }
}

Result<bool> Folder::make(Job& job, files::Attributes& left) {
  u32 place = TRY(need(job.directory)), parent = TRY(fid_of(place));
  if (job.step == Job::Step::Look) {
    if (TRY(look_at(0, parent, job.name(0)))) return Error::AlreadyExists;
    next_step(job, Job::Step::Do);
    return false;
  }
  Writer message = host_.message();
  Kind kind = TRY(put_question(job, parent, message));
  Result<Reply> made = host_.ask(kind, message);
  if (!made && !(made.error() == Error::AlreadyExists && is_repeated())) return made.error();
  Seen seen = TRY(look_at(0, parent, job.name(0)));
  if (!seen) return Error::NotFound;
  u32 found = add(place, job.name(0), seen->qid.path);
  if (found == kNowhere) return Error::Limit;
  note_change(place);
  note_change(found);
  host_.keep_scratch(0, seen->qid.path);
  left = describe(*seen, &state_.table[found]);
  return true;
}

Result<bool> Folder::link(Job& job, files::Attributes& left) {
  u32 place = TRY(need(job.directory)), parent = TRY(fid_of(place));
  u32 target = TRY(need(job.node));
  if (job.step == Job::Step::Look) {
    if (TRY(look_at(0, parent, job.name(0)))) return Error::AlreadyExists;
    next_step(job, Job::Step::Do);
    return false;
  }
  u32 fid = TRY(fid_of(target));
  Writer message = host_.message();
  message.put(parent).put(fid).text(job.name(0));
  Result<Reply> linked = host_.ask(Kind::Link, message);
  if (!linked && !(linked.error() == Error::AlreadyExists && is_repeated())) return linked.error();
  HostAttributes now = TRY(ask_attributes(fid));
  note_change(place);
  left = describe(now, &state_.table[target]);
  return true;
}

/// What somebody holds is kept when it loses its name. Directories are not: nothing can be done with one that is removed.
bool Folder::is_to_be_hidden(const Seen& seen) const {
  u32 place = place_of(seen->qid.path);
  return place != kNowhere && !is_directory(seen->attributes) && state_.table[place].holds != 0 &&
         (state_.table[place].flags & Node::kHidden) == 0;
}

/// Moves a file out of sight. The host was perhaps asked to before.
Result<void> Folder::hide(u64 directory, std::string_view name, u64 number) {
  u32 place = TRY(need(directory)), parent = TRY(fid_of(place));
  HiddenName hidden(number);
  bool is_there = true;
  if (is_repeated()) {
    Seen seen = TRY(look_at(0, parent, name));
    is_there = seen && seen->qid.path == number;
  }
  if (is_there) {
    Writer message = host_.message();
    message.put(parent).text(name).put(u32{0}).text(hidden.text());
    TRY(host_.ask(Kind::Rename, message));
  }
  note_change(place);
  u32 moved = place_of(number);
  if (moved == kNowhere) return {};
  name_node(moved, 0, hidden.text());
  state_.table[moved].flags |= Node::kHidden;
  if (state_.table[moved].is_to_be_purged()) state_.to_be_purged++;
  return {};
}

/// What had a name, after somebody else has it or nobody.
void Folder::lose_name(u64 directory, std::string_view name, u64 number) {
  u32 place = place_of(number), parent = place_of(directory);
  if (place == kNowhere || place == 0 || state_.table[place].parent != parent || state_.table[place].text() != name) return;
  unname_node(place);
  host_.forget(number);
  if (state_.table[place].holds == 0 && state_.table[place].children == 0) drop(place);
}

Result<bool> Folder::remove(Job& job) {
  u32 place = TRY(need(job.directory)), parent = TRY(fid_of(place));
  bool wants_directory = job.flags != 0;
  if (job.step == Job::Step::Look) {
    Seen seen = TRY(look_at(0, parent, job.name(0)));
    if (!seen) return Error::NotFound;
    if (is_directory(seen->attributes) != wants_directory) return Error::WrongType;
    job.seen = seen->qid.path;
    next_step(job, is_to_be_hidden(seen) ? Job::Step::Hide : Job::Step::Do);
    return false;
  }
  if (job.step == Job::Step::Hide) {
    TRY(hide(job.directory, job.name(0), job.seen));
    return true;
  }
  bool is_there = true;
  if (is_repeated()) {
    Seen seen = TRY(look_at(0, parent, job.name(0)));
    is_there = seen && seen->qid.path == job.seen;
  }
  if (is_there) {
    Writer message = host_.message();
    message.put(parent).text(job.name(0)).put(wants_directory ? kRemoveDirectory : 0);
    TRY(host_.ask(Kind::Remove, message));
  }
  note_change(place);
  lose_name(job.directory, job.name(0), job.seen);
  return true;
}

Result<bool> Folder::rename(Job& job) {
  constexpr u64 kNoReplace = 1;
  u32 from_place = TRY(need(job.directory)), to_place = TRY(need(job.node));
  u32 from = TRY(fid_of(from_place)), to = TRY(fid_of(to_place));
  if (job.step == Job::Step::Look) {
    Seen old = TRY(look_at(0, from, job.name(0)));
    Seen target = TRY(look_at(1, to, job.name(1)));
    if (!old) return Error::NotFound;
    if (target && job.flags == kNoReplace) return Error::AlreadyExists;
    if (target && target->qid.path == old->qid.path) return true;  // two names of one file stay
    if (target && is_directory(target->attributes) != is_directory(old->attributes)) return Error::WrongType;
    job.seen = old->qid.path;
    job.target = target ? target->qid.path : 0;
    next_step(job, target && is_to_be_hidden(target) ? Job::Step::Hide : Job::Step::Do);
    return false;
  }
  if (job.step == Job::Step::Hide) {
    TRY(hide(job.node, job.name(1), job.target));
    job.target = 0;
    next_step(job, Job::Step::Do);
    return false;
  }
  bool is_to_be_done = true;
  if (is_repeated()) {
    Seen now = TRY(look_at(0, to, job.name(1)));
    is_to_be_done = !now || now->qid.path != job.seen;
  }
  if (is_to_be_done) {
    Writer message = host_.message();
    message.put(from).text(job.name(0)).put(to).text(job.name(1));
    TRY(host_.ask(Kind::Rename, message));
  }
  if (job.target != 0) lose_name(job.node, job.name(1), job.target);
  if (u32 moved = place_of(job.seen); moved != kNowhere && moved != 0) name_node(moved, to_place, job.name(1));
  note_change(from_place);
  note_change(to_place);
  return true;
}

/// May be done any number of times: nothing is written to the file meanwhile.
Result<bool> Folder::set(Job& job, files::Attributes& left) {
  u32 place = TRY(need(job.node));
  if (job.step == Job::Step::Look) {
    if (is_written(job.node)) return Error::WouldBlock;
    next_step(job, Job::Step::Do);
    return false;
  }
  constexpr u64 kNanoseconds = 1'000'000'000;
  constexpr u32 kMode = 1, kUser = 2, kGroup = 4, kSize = 8, kAccess = 16, kModification = 32, kAccessSet = 128, kModificationSet = 256;
  u32 fid = TRY(fid_of(place)), valid = 0;
  const files::Attributes& wanted = job.wanted;
  if (job.changes & files::Change::Mode) valid |= kMode;
  if (job.changes & files::Change::Owner) valid |= kUser | kGroup;
  if (job.changes & files::Change::Size) valid |= kSize;
  if (job.changes & files::Change::AccessTime) valid |= kAccess | kAccessSet;
  if (job.changes & files::Change::ModificationTime) valid |= kModification | kModificationSet;
  Writer message = host_.message();
  message.put(fid).put(valid).put(wanted.mode & ~kTypes).put(wanted.user).put(wanted.group).put(wanted.size);
  for (i64 time : {wanted.access_time, wanted.modification_time}) {
    i64 seconds = time / i64(kNanoseconds), rest = time % i64(kNanoseconds);
    if (rest < 0) seconds--, rest += i64(kNanoseconds);
    message.put(u64(seconds)).put(u64(rest));
  }
  TRY(host_.ask(Kind::SetAttributes, message));
  HostAttributes now = TRY(ask_attributes(fid));
  note_change(place);
  left = describe(now, &state_.table[place]);
  return true;
}

/// Files out of sight that nobody holds any more go one by one.
void Folder::begin_purge() {
  for (u32 i = 0; i < kNodes; i++) {
    const Node& node = state_.table[i];
    if (!node.is_to_be_purged()) continue;
    Job& job = state_.job;
    job.kind = Job::Kind::Purge;
    job.step = Job::Step::Do;
    job.caller = {};
    job.node = node.number;
    job.directory = state_.table[0].number;
    is_job_ready_ = true;
    return;
  }
}

Result<bool> Folder::purge(Job& job) {
  u32 place = place_of(job.node);
  if (place == kNowhere) return true;
  Writer message = host_.message();
  HiddenName hidden(job.node);
  message.put(u32{0}).text(hidden.text()).put(u32{0});
  Result<Reply> removed = host_.ask(Kind::Remove, message);
  if (removed.error() == Error::WouldBlock) return Error::WouldBlock;
  if (!removed && removed.error() != Error::NotFound)
    log_line(LogLevel::Warning, "%.30s stays: %s", hidden.text().data(), error_name(removed.error()));
  note_change(0);
  drop(place);
  return true;
}

}  // namespace pith::host_folder
