// Questions, replies, fids.
#include "servers/host_folder/host.h"

#include <utility>

#include "abi/error.h"
#include "lib/log.h"

namespace pith::host_folder {

namespace {

/// FNV-1a.
u64 hash_of(Kind kind, std::span<const std::byte> body, const virtio::Piece& data) {
  u64 hash = 0xcbf29ce484222325 ^ u64(kind);
  auto mix = [&](u64 value) { hash = (hash ^ value) * 0x100000001b3; };
  for (std::byte each : body) mix(u64(each));
  mix(data.address);
  mix(data.length);
  return hash;
}

constexpr u32 kOpenFlags[] = {0, 0, 1, 0200000};  // as Linux numbers them: O_RDONLY, O_WRONLY, O_DIRECTORY

}  // namespace

Error error_of(u32 number) {
  switch (number) {
    case 2:    // ENOENT
    case 116:  // ESTALE
      return Error::NotFound;
    case 1:   // EPERM
    case 13:  // EACCES
    case 30:  // EROFS
      return Error::Denied;
    case 17:  // EEXIST
      return Error::AlreadyExists;
    case 20:  // ENOTDIR
    case 21:  // EISDIR
      return Error::WrongType;
    case 39:  // ENOTEMPTY
    case 16:  // EBUSY
      return Error::Busy;
    case 28:   // ENOSPC
    case 122:  // EDQUOT
      return Error::NoSpace;
    case 31:  // EMLINK
    case 27:  // EFBIG
      return Error::Limit;
    case 22:  // EINVAL
    case 36:  // ENAMETOOLONG
    case 18:  // EXDEV
      return Error::BadArgument;
    case 95:  // EOPNOTSUPP
      return Error::NotSupported;
    default:
      return Error::Damaged;
  }
}

Host::Host(virtio_ninep::Device* device) : device_(device), stage_(device != nullptr ? Stage::Begin : Stage::Absent) { reset(); }

/// Nothing is known of the host any more.
void Host::reset() {
  epoch_++;
  for (Question& question : questions_) question = {};
  for (Fid& fid : fids_) fid = {};
  fids_[0].phase = Phase::Ready;
  fids_end_ = 1;
  has_doomed_ = false;
  for (Script& script : scripts_) reset_script(script);
  if (device_ == nullptr) return;
  stage_ = Stage::Begin;
  char tag[64];
  std::string_view name(tag, device_->tag(tag));
  is_read_only_ = name.ends_with("-read-only");
}

void Host::reset_script(Script& script) {
  for (u32& fid : script.scratch) {
    if (fid != 0 && fids_[fid].phase == Phase::Scratch) doom(fids_[fid]);
    fid = 0;
  }
  script.call = {};
  script.used = script.note = 0;
  script.count = 0;
  script.life++;
  script.has_asked_again = false;
}

Result<void> Host::check() const {
  if (stage_ == Stage::Absent) return Error::NotFound;
  if (stage_ == Stage::Failed) return Error::Damaged;
  return stage_ == Stage::Ready ? Result<void>() : Error::WouldBlock;
}

bool Host::look() {
  if (device_ == nullptr || stage_ == Stage::Failed) return false;
  bool has_moved = take_all();
  if (device_->is_broken()) {
    has_moved = true;
    bool is_lost = restarts_++ == kMostRestarts || !device_->restart();
    log_line(LogLevel::Warning, "the folder's device is broken: %s", is_lost ? "given up" : "reset");
    reset();
    if (is_lost) stage_ = Stage::Failed;
  }
  if (stage_ == Stage::Begin) begin_conversation();
  clunk_doomed();
  return has_moved;
}

void Host::begin_conversation() {
  std::optional<u32> request = device_->next();
  if (!request) return;
  Writer version = message();
  version.put(kMostData + 24).text(kVersion);
  stage_ = Stage::Version;
  send(*request, version, {Purpose::Setup, Kind::Version, 0, 0, 0, virtio_ninep::kMessageBytes}, {});
}

bool Host::take_all() {
  bool has_any = false;
  while (auto done = device_->take()) {
    has_any = true;
    Question question = std::exchange(questions_[done->request], {});
    std::byte header[kHeaderBytes];
    auto reply = device_->reply(done->request);
    memcpy(header, reply.data(), sizeof header);  // its writer may change it at any time
    Reader reader(header);
    u32 size = reader.get<u32>();
    u8 kind = reader.get<u8>();
    u16 tag = reader.get<u16>(), expected = question.kind == Kind::Version ? kNoTag : u16(done->request);
    bool is_error = kind == u8(Kind::Error) + 1;
    Error error = kSuccess;
    std::span<const std::byte> body;
    if (size < kHeaderBytes || size > done->written || tag != expected || (!is_error && kind != u8(question.kind) + 1)) {
      log_line(LogLevel::Warning, "a reply that makes no sense: kind %u to %u, %u bytes", kind, u32(question.kind), size);
      error = Error::Damaged;
    } else {
      body = reply.subspan(kHeaderBytes, (size < question.reply_length ? size : question.reply_length) - kHeaderBytes);
      if (is_error) error = size == kHeaderBytes + 4 ? error_of(Reader(body).get<u32>()) : Error::Damaged;
      restarts_ = 0;
    }
    take(question, error, body, size);
  }
  return has_any;
}

void Host::take(const Question& question, Error error, std::span<const std::byte> body, u32 size) {
  if (question.purpose == Purpose::Setup) take_setup(question.kind, error, Reader(body));
  if (question.purpose == Purpose::Fid) take_fid(fids_[question.index], question.kind, error, Reader(body));
  if (question.purpose != Purpose::Ask) return;
  Script& asker = scripts_[question.index];
  if (asker.life != question.life || question.position >= asker.count) return;
  Kept& kept = asker.kept[question.position];
  kept.state = error == kSuccess ? Answer::Good : Answer::Bad;
  kept.error = error;
  kept.length = u32(body.size());
  kept.size = size;
  if (!body.empty()) memcpy(body.size() > kShortBytes ? asker.bulk : kept.bytes, body.data(), body.size());
}

void Host::take_setup(Kind kind, Error error, Reader reader) {
  if (kind == Kind::Version && error == kSuccess) {
    u32 most = reader.get<u32>();
    bool is_ours = reader.text() == kVersion && most >= virtio_ninep::kMessageBytes && most <= kMostData + 24;
    std::optional<u32> request = device_->next();
    if (is_ours && request) {
      most_data_ = (most - 24) & ~u32{4095};
      if (most_data_ == 0) most_data_ = 4096;
      Writer attach = message();
      attach.put(u32{0}).put(kNoFid).text("").text("").put(kNobody);
      stage_ = Stage::Attach;
      return send(*request, attach, {Purpose::Setup, Kind::Attach, 0, 0, 0, virtio_ninep::kMessageBytes}, {});
    }
  }
  if (kind == Kind::Attach && error == kSuccess) {
    root_ = reader.qid();
    if (reader.is_good() && (root_.type & Qid::kDirectory) != 0 && root_.path != 0) {
      stage_ = Stage::Ready;
      return;
    }
  }
  stage_ = Stage::Failed;
  log_line(LogLevel::Error, "the folder's host speaks no 9P2000.L that is understood here");
}

void Host::take_fid(Fid& fid, Kind kind, Error error, Reader reader) {
  if (fid.phase == Phase::Clunking) {
    fid = {};
    return;
  }
  bool is_doomed = fid.phase == Phase::Doomed;
  if (error == kSuccess && kind == Kind::Walk && reader.get<u16>() == 1 && reader.qid().path != fid.node) error = Error::NotFound;
  fid.error = reader.is_good() ? error : Error::Damaged;
  if (fid.error != kSuccess) {
    fid.phase = Phase::Bad;
  } else {
    fid.phase = kind == Kind::Open || fid.use == Use::Walk ? Phase::Ready : Phase::Walked;
  }
  if (is_doomed) doom(fid);
}

void Host::doom(Fid& fid) {
  fid.phase = Phase::Doomed;
  has_doomed_ = true;
}

void Host::clunk_doomed() {
  if (stage_ != Stage::Ready || !has_doomed_) return;
  has_doomed_ = false;
  for (u32 i = 1; i < fids_end_; i++) {
    if (fids_[i].phase != Phase::Doomed) continue;
    // The answer to what it was asked for comes first: nothing of it may arrive for the file that has the number next.
    bool is_asked = false;
    for (const Question& question : questions_) is_asked |= question.purpose == Purpose::Fid && question.index == i;
    std::optional<u32> request = device_->next();
    if (is_asked || !request) {
      has_doomed_ = true;
      continue;
    }
    Writer clunk = message();
    clunk.put(i);
    fids_[i].phase = Phase::Clunking;
    send(*request, clunk, {Purpose::Fid, Kind::Clunk, i, 0, 0, virtio_ninep::kMessageBytes}, {});
  }
}

void Host::send(u32 request, const Writer& written, const Question& question, virtio::Piece data) {
  Writer message = written;
  message.finish(question.kind, question.kind == Kind::Version ? kNoTag : u16(request), data.device_writes ? 0 : data.length);
  memcpy(device_->message(request).data(), draft_, message.length());
  questions_[request] = question;
  device_->submit(request, message.length(), question.reply_length, data);
}

void Host::begin(u32 script) {
  current_ = script;
  position_ = 0;
}

void Host::begin_call(const vault::CallName& call) {
  u32 oldest = kFirstCallScript;
  for (u32 i = kFirstCallScript; i < kScripts; i++) {
    Script& each = scripts_[i];
    if (each.used != 0 && each.call == call) {
      each.used = ++clock_;
      return begin(i);
    }
    if (each.used < scripts_[oldest].used) oldest = i;
  }
  reset_script(scripts_[oldest]);
  scripts_[oldest].call = call;
  scripts_[oldest].used = ++clock_;
  begin(oldest);
}

void Host::end() { reset_script(script()); }

Result<Reply> Host::ask(Kind kind, Writer& message, virtio::Piece data, u32 reply_length) {
  TRY(check());
  if (message.is_full()) return Error::BadArgument;
  Script& asker = script();
  u32 position = position_;
  if (position == kMostAsks) return Error::Damaged;
  u64 question = hash_of(kind, message.body(), data);
  if (position < asker.count && asker.kept[position].question != question) {
    asker.has_asked_again = true;
    // Replies to what is not asked any more would be taken for others.
    asker.life++;
    asker.count = position;
  }
  if (position == asker.count) {
    std::optional<u32> request = device_->next();
    if (!request) return Error::WouldBlock;
    asker.kept[position] = {};
    asker.kept[position].question = question;
    asker.count++;
    send(*request, message, {Purpose::Ask, kind, current_, asker.life, position, reply_length}, data);
  }
  Kept& kept = asker.kept[position];
  if (kept.state == Answer::Pending) return Error::WouldBlock;
  position_++;
  if (kept.state == Answer::Bad) return kept.error;
  return Reply{{kept.length > kShortBytes ? asker.bulk : kept.bytes, kept.length}, kept.size};
}

Result<u32> Host::scratch(u32 which) {
  u32& fid = script().scratch[which];
  if (fid == 0) {
    u32 found = TRY(free_fid());
    fids_[found] = {0, ++clock_, Phase::Scratch, Use::Walk, kSuccess};
    fid = found;
  }
  return fid;
}

void Host::keep_scratch(u32 which, u64 node) {
  u32& fid = script().scratch[which];
  if (fid == 0 || fids_[fid].phase != Phase::Scratch) return;
  for (u32 i = 1; i < fids_end_; i++) {
    const Fid& each = fids_[i];
    if (each.node == node && each.use == Use::Walk && each.phase == Phase::Ready) return;
  }
  fids_[fid] = {node, ++clock_, Phase::Ready, Use::Walk, kSuccess};
  fid = 0;
}

/// WouldBlock when there is none: the one that was used longest ago is given up.
Result<u32> Host::free_fid() {
  u32 oldest = 0;
  for (u32 i = 1; i < fids_end_; i++) {
    if (fids_[i].phase == Phase::Free) return i;
    if (fids_[i].phase == Phase::Ready && (oldest == 0 || fids_[i].used < fids_[oldest].used)) oldest = i;
  }
  if (fids_end_ < kFids) return fids_end_++;
  if (oldest != 0) doom(fids_[oldest]);
  clunk_doomed();
  return Error::WouldBlock;
}

Result<std::optional<u32>> Host::find(u64 node, Use use) {
  TRY(check());
  if (node == root_.path && use == Use::Walk) return std::optional<u32>(0);
  for (u32 i = 1; i < fids_end_; i++) {
    Fid& fid = fids_[i];
    if (fid.node != node || fid.use != use) continue;
    if (fid.phase == Phase::Ready) {
      fid.used = ++clock_;
      return std::optional<u32>(i);
    }
    if (fid.phase == Phase::Walking || fid.phase == Phase::Opening) return Error::WouldBlock;
    if (fid.phase == Phase::Bad) {
      doom(fid);
      return fid.error;
    }
    if (fid.phase != Phase::Walked) continue;
    std::optional<u32> request = device_->next();
    if (!request) return Error::WouldBlock;
    Writer open = message();
    open.put(i).put(kOpenFlags[u32(use)]);
    fid.phase = Phase::Opening;
    send(*request, open, {Purpose::Fid, Kind::Open, i, 0, 0, virtio_ninep::kMessageBytes}, {});
    return Error::WouldBlock;
  }
  return std::optional<u32>();
}

Error Host::walk(u64 node, Use use, u32 from, std::string_view name) {
  Result<u32> free = free_fid();
  if (!free) return free.error();
  u32 fid = *free;
  std::optional<u32> request = device_->next();
  if (!request) return Error::WouldBlock;
  fids_[fid] = {node, ++clock_, Phase::Walking, use, kSuccess};
  Writer walk = message();
  walk.put(from).put(fid).put(u16(name.empty() ? 0 : 1));
  if (!name.empty()) walk.text(name);
  send(*request, walk, {Purpose::Fid, Kind::Walk, fid, 0, 0, virtio_ninep::kMessageBytes}, {});
  return Error::WouldBlock;
}

void Host::forget(u64 node) {
  for (u32 i = 1; i < fids_end_; i++) {
    Phase phase = fids_[i].phase;
    if (fids_[i].node == node && phase != Phase::Free && phase != Phase::Scratch && phase != Phase::Clunking) {
      doom(fids_[i]);
      fids_[i].node = 0;
    }
  }
}

}  // namespace pith::host_folder
