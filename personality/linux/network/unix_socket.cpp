// AF_UNIX streams: two pipes between two sockets of the environment, with descriptors that travel beside the bytes.
#include <deque>
#include <map>

#include "personality/linux/environment.h"
#include "personality/linux/files/names.h"
#include "personality/linux/files/path.h"
#include "personality/linux/files/pipe.h"
#include "personality/linux/network/socket.h"

namespace pith::personality {

namespace {

class UnixSocket;

/// struct ucred.
struct PeerCredentials {
  i32 pid;
  u32 uid, gid;
};

/// One direction of a connection: bytes, and files that go with the byte at a position.
struct Direction final : Counted {
  struct Passed {
    u64 start, end;  ///< of the bytes that were sent with the files
    std::vector<Reference<File>> files;
  };
  Reference<Pipe> pipe{new Pipe};
  std::deque<Passed> passed;
  u64 written = 0, read = 0;
};

/// Who listens where: by the inode of the name, or by an abstract name. Guarded by the environment's lock.
std::map<const Inode*, UnixSocket*>& bound_inodes() {
  [[clang::no_destroy]] static std::map<const Inode*, UnixSocket*> map;
  return map;
}
std::map<std::string, UnixSocket*>& bound_names() {
  [[clang::no_destroy]] static std::map<std::string, UnixSocket*> map;
  return map;
}

/// The path of an address, up to its zero; an abstract name with its zero in front.
std::string path_of_address(const SocketAddress& address) {
  constexpr u32 kPathPlace = 2;
  if (address.length <= kPathPlace) return {};
  std::string path(reinterpret_cast<const char*>(address.bytes) + kPathPlace, address.length - kPathPlace);
  return path[0] == 0 ? path : std::string(path.c_str());
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress address;
  u16 family = SocketFamily::Unix;
  memcpy(address.bytes, &family, sizeof family);
  u64 length = path.size() < 108 ? path.size() : 108;
  memcpy(address.bytes + sizeof family, path.data(), length);
  bool ends = !path.empty() && path[0];
  address.length = u32(sizeof family + length + (ends ? 1 : 0));
  return address;
}

class UnixSocket final : public SocketFile {
 public:
  UnixSocket() : SocketFile(SocketFamily::Unix, SocketType::Stream, 0) {}
  ~UnixSocket() override { unbind(); }

  void join(Reference<Direction> in, Reference<Direction> out, const PeerCredentials& partner) {
    in_ = in;
    out_ = out;
    in_->pipe->readers++;
    out_->pipe->writers++;
    partner_ = partner;
  }

  Result<void> bind(Task& task, const SocketAddress& address) override {
    std::string path = TRY(checked_path(address));
    if (!name_.empty()) return LinuxError::Invalid;
    if (path.empty()) path = std::string(1, 0) + std::to_string(environment().next_inode++);
    if (path[0] == 0) {
      if (!bound_names().emplace(path, this).second) return LinuxError::AddressInUse;
      name_ = path;
      return {};
    }
    Place place = TRY(place_at(task, AtFlag::CurrentDirectory, path, LastLink::Keep));
    if (place.inode) return LinuxError::AddressInUse;
    if (place.wants_directory) return LinuxError::NoEntry;
    Result<Reference<Inode>> made = create_name(task, place, FileMode::Socket | (0777 & ~task.context->umask));
    if (!made) return made.error() == LinuxError::Exists ? LinuxError::AddressInUse : made.error();
    node_ = *made;
    bound_inodes()[node_.get()] = this;
    name_ = path;
    return {};
  }

  Result<void> listen(u32 backlog) override {
    if (name_.empty() || in_) return LinuxError::Invalid;
    listens_ = true;
    backlog_ = backlog ? backlog : 1;
    return {};
  }

  Result<void> connect(Task& task, const SocketAddress& address) override {
    std::string path = TRY(checked_path(address));
    if (in_) return LinuxError::IsConnected;
    if (listens_) return LinuxError::Invalid;
    for (;;) {
      UnixSocket* found = TRY(find(task, path));
      if (in_) return LinuxError::IsConnected;
      Reference<UnixSocket> listener(found);
      if (listener->waiting_.size() < listener->backlog_) {
        listener->admit(task, *this);
        return {};
      }
      if (is_nonblocking()) return LinuxError::TryAgain;
      TRY(task.wait_on(listener->changed_));
    }
  }

  Result<Reference<SocketFile>> accept(Task& task, SocketAddress& partner) override {
    if (!listens_) return LinuxError::Invalid;
    while (waiting_.empty()) {
      if (is_nonblocking()) return LinuxError::TryAgain;
      TRY(task.wait_on(changed_));
    }
    Reference<UnixSocket> accepted = waiting_.front();
    waiting_.pop_front();
    changed_.wake_all();
    partner = unix_address(accepted->partner_name_);
    return Reference<SocketFile>(accepted);
  }

  Result<u64> send(Task& task, Transfer& from, MessageParts& parts, u32 message_flags) override {
    if (parts.address.length) return in_ || out_ ? LinuxError::IsConnected : LinuxError::NotSupported;
    if (message_flags & MessageFlag::OutOfBand) return LinuxError::NotSupported;
    if (!was_connected()) return LinuxError::NotConnected;
    Reference<Direction> out = out_;
    u64 done = 0;
    while (from.left() && out) {
      Pipe& pipe = *out->pipe;
      if (has_sent_all_ || pipe.readers == 0) break;
      if (!pipe.buffer.room()) {
        Result<void> waited = may_wait(message_flags) ? task.wait_on(pipe.writable) : Result<void>(LinuxError::TryAgain);
        if (waited) continue;
        return done ? Result<u64>(done) : Result<u64>(waited.error());
      }
      Result<u64> taken = pipe.buffer.write(from);
      pipe.readable.wake_all();
      if (!taken) return done ? Result<u64>(done) : taken;
      if (!parts.files.empty()) out->passed.push_back({out->written, out->written + *taken, std::exchange(parts.files, {})});
      done += *taken;
      out->written += *taken;
    }
    if (done || !from.left()) return done;
    return LinuxError::BrokenPipe;
  }

  Result<u64> receive(Task& task, Transfer& to, MessageParts& parts, u32 message_flags) override {
    if (!was_connected()) return LinuxError::Invalid;
    Reference<Direction> in = in_;
    u64 deadline = receive_timeout ? now() + receive_timeout : 0;
    u64 done = 0;
    while (in && to.left()) {
      Pipe& pipe = *in->pipe;
      if (pipe.buffer.used() && !has_received_all_) {
        if (message_flags & MessageFlag::Peek) return pipe.buffer.peek(to);
        Result<u64> got = read_until_passed(*in, to);
        pipe.writable.wake_all();
        if (!got) return done ? Result<u64>(done) : got;
        done += *got;
        if (!in->passed.empty() && in->read > in->passed.front().start) {
          parts.files = std::move(in->passed.front().files);
          in->passed.pop_front();
          return done;
        }
        if (!(message_flags & MessageFlag::WaitAll)) return done;
        continue;
      }
      if (has_received_all_ || pipe.writers == 0) return done;
      Result<void> waited = may_wait(message_flags) ? task.wait_on(pipe.readable, deadline) : Result<void>(LinuxError::TryAgain);
      if (waited) continue;
      if (done) return done;
      return waited.error() == LinuxError::TimedOut ? LinuxError::TryAgain : waited.error();
    }
    return done;
  }

  Result<void> shutdown(ShutdownSide side) override {
    if (!was_connected()) return LinuxError::NotConnected;
    if (side != ShutdownSide::Send && !std::exchange(has_received_all_, true)) leave_in();
    if (side != ShutdownSide::Receive && !std::exchange(has_sent_all_, true)) leave_out();
    return {};
  }

  Result<SocketAddress> own_address() override { return unix_address(name_); }
  Result<SocketAddress> partner_address() override {
    if (!was_connected()) return LinuxError::NotConnected;
    return unix_address(partner_name_);
  }
  u64 bytes_ready() override { return in_ ? in_->pipe->buffer.used() : 0; }
  bool is_listening() const override { return listens_; }

  Result<OptionValue> option(u32 level, u32 name) override {
    constexpr u32 kSocket = 1, kPeerCredentials = 17;
    if (level != kSocket || name != kPeerCredentials) return LinuxError::NoProtocolOption;
    OptionValue value;
    value.set(&partner_, sizeof partner_);
    return value;
  }

  u32 poll(Task&, Poller* poller) override {
    if (!was_connected()) {
      if (poller) poller->wait_on(changed_);
      if (listens_) return waiting_.empty() ? 0 : PollEvent::In | PollEvent::ReadNormal;
      return PollEvent::Out | PollEvent::HangUp;
    }
    Pipe &in = *in_->pipe, &out = *out_->pipe;
    if (poller) {
      poller->wait_on(in.readable);
      poller->wait_on(out.writable);
    }
    u32 events = 0;
    bool ended = has_received_all_ || in.writers == 0;
    if (in.buffer.used() || ended) events |= PollEvent::In | PollEvent::ReadNormal;
    if (ended) events |= PollEvent::ReadHangUp;
    if (ended && (has_sent_all_ || out.readers == 0)) events |= PollEvent::HangUp;
    if (out.buffer.room() >= PipeBuffer::kAtomic || out.readers == 0 || has_sent_all_) events |= PollEvent::Out | PollEvent::WriteNormal;
    return events;
  }

 private:
  bool was_connected() const { return bool(in_); }

  static Result<std::string> checked_path(const SocketAddress& address) {
    constexpr u32 kLongest = 110;
    if (address.length < 2 || address.length > kLongest || address.family() != SocketFamily::Unix) return LinuxError::Invalid;
    return path_of_address(address);
  }

  /// The socket that listens under a path or an abstract name.
  Result<UnixSocket*> find(Task& task, const std::string& path) {
    UnixSocket* found = nullptr;
    if (path.empty()) return LinuxError::Invalid;
    if (path[0] == 0) {
      auto it = bound_names().find(path);
      if (it != bound_names().end()) found = it->second;
    } else {
      Reference<Inode> inode = TRY(find_inode(task, path));
      TRY(check_access(task.process.credentials, *inode, 2));
      auto it = bound_inodes().find(inode.get());
      if (it != bound_inodes().end()) found = it->second;
    }
    if (!found || !found->listens_) return LinuxError::ConnectionRefused;
    return found;
  }

  /// Connects `client`, and puts the other end where accept finds it.
  void admit(Task& task, UnixSocket& client) {
    Reference<Direction> forth(new Direction), back(new Direction);
    const Credentials& who = task.process.credentials;
    client.join(back, forth, {});
    client.partner_name_ = name_;
    Reference<UnixSocket> end(new UnixSocket);
    end->join(forth, back, {task.process.pid, who.effective_uid, who.effective_gid});
    end->partner_name_ = client.name_;
    end->name_ = name_;
    end->is_end_ = true;
    waiting_.push_back(end);
    changed_.wake_all();
    client.changed_.wake_all();
  }

  /// Reads at most up to the end of what was sent with the next passed files.
  static Result<u64> read_until_passed(Direction& in, Transfer& to) {
    u64 most = in.passed.empty() ? ~u64{0} : in.passed.front().end - in.read;
    Result<u64> got = u64{0};
    if (most >= to.left()) {
      got = in.pipe->buffer.read(to);
    } else {
      std::vector<u8> bytes(most < in.pipe->buffer.used() ? most : in.pipe->buffer.used());
      Transfer part(bytes.data(), bytes.size());
      got = in.pipe->buffer.read(part);
      if (got) got = to.put(bytes.data(), *got);
    }
    if (got) in.read += *got;
    return got;
  }

  void leave_in() {
    if (--in_->pipe->readers == 0) in_->pipe->writable.wake_all();
    in_->pipe->readable.wake_all();
  }
  void leave_out() {
    if (--out_->pipe->writers == 0) out_->pipe->readable.wake_all();
    out_->pipe->writable.wake_all();
  }
  void unbind() {
    if (in_ && !has_received_all_) leave_in();
    if (out_ && !has_sent_all_) leave_out();
    if (node_) bound_inodes().erase(node_.get());
    if (!name_.empty() && name_[0] == 0 && !is_end_) bound_names().erase(name_);
    // Those who wait to be admitted look again, and are refused.
    listens_ = false;
    changed_.wake_all();
  }

  Reference<Direction> in_, out_;
  bool has_received_all_ = false, has_sent_all_ = false;
  PeerCredentials partner_ = {0, ~0u, ~0u};
  std::string name_, partner_name_;
  Reference<Inode> node_;
  bool listens_ = false;
  bool is_end_ = false;  ///< made by a listening socket, whose name it tells
  u32 backlog_ = 0;
  std::deque<Reference<UnixSocket>> waiting_;
  WaitList changed_;
};

}  // namespace

Reference<SocketFile> make_unix_socket() { return Reference<SocketFile>(new UnixSocket); }

SocketPair make_unix_pair(Task& task) {
  Reference<Direction> forth(new Direction), back(new Direction);
  const Credentials& who = task.process.credentials;
  PeerCredentials credentials{task.process.pid, who.effective_uid, who.effective_gid};
  auto *first = new UnixSocket, *second = new UnixSocket;
  first->join(back, forth, credentials);
  second->join(forth, back, credentials);
  return {{Reference<SocketFile>(first), Reference<SocketFile>(second)}};
}

}  // namespace pith::personality
