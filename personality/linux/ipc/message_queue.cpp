// POSIX message queues: named queues of messages with priorities, open like files.
#include <deque>
#include <map>

#include "personality/linux/calls/handlers.h"
#include "personality/linux/environment.h"
#include "personality/linux/files/file.h"
#include "personality/linux/time/clock.h"

namespace pith::personality {

namespace {

constexpr FilesystemKind kQueues{0x17, 0x19800202};

/// struct mq_attr.
struct QueueAttributes {
  i64 flags, most_messages, message_size, messages, reserved[4];
};
static_assert(sizeof(QueueAttributes) == 64);

constexpr QueueAttributes kDefault{0, 10, 8192, 0, {}};
constexpr i64 kMostMessages = 10, kMostSize = 8192;  // without privilege
constexpr i64 kMostMessagesOfRoot = 65536, kMostSizeOfRoot = 16 << 20;
constexpr u32 kPriorities = 32768;
constexpr usize kMostQueues = 256;

/// What a queue is charged to RLIMIT_MSGQUEUE with, as on Linux: its messages and what the kernel would remember of each.
u64 charge_of(const QueueAttributes& attributes) {
  constexpr u64 kMessageHeader = 48, kTreeNode = 48;
  u64 count = u64(attributes.most_messages);
  u64 tree = count < kPriorities ? count : kPriorities;
  return count * kMessageHeader + tree * kTreeNode + count * u64(attributes.message_size);
}

std::map<u32, u64>& charged_by_user() {
  [[clang::no_destroy]] static std::map<u32, u64> charged;
  return charged;
}

/// Who is told of a message in an empty queue.
struct Registration {
  i32 pid = 0;     ///< 0: nobody
  u32 signal = 0;  ///< 0: registered to be told nothing
  u64 value = 0;
};

class MessageQueue final : public Inode {
 public:
  MessageQueue(const QueueAttributes& attributes, u32 mode, u32 user)
      : Inode(kQueues, FileMode::Regular | mode), attributes(attributes), user_(user) {
    charged_by_user()[user] += charge_of(attributes);
  }
  ~MessageQueue() override { charged_by_user()[user_] -= charge_of(attributes); }
  Result<Reference<File>> open(Task&, u32) override;

  bool is_full() const { return count_ >= u64(attributes.most_messages); }
  u64 count() const { return count_; }
  void put(u32 priority, std::string message) {
    messages_[priority].push_back(std::move(message));
    count_++;
  }
  std::pair<u32, std::string> take() {
    auto highest = std::prev(messages_.end());
    std::pair<u32, std::string> taken{highest->first, std::move(highest->second.front())};
    highest->second.pop_front();
    if (highest->second.empty()) messages_.erase(highest);
    count_--;
    return taken;
  }

  const QueueAttributes attributes;
  Registration registration;
  WaitList readable, writable;  ///< tasks in mq_timedreceive and mq_timedsend
  WaitList changed;             ///< polls

 private:
  std::map<u32, std::deque<std::string>> messages_;  // by priority
  u64 count_ = 0;
  const u32 user_;
};

class QueueFile final : public File {
 public:
  using File::File;
  ~QueueFile() override {
    if (queue().registration.pid == registered_by) queue().registration = {};
  }
  MessageQueue& queue() { return static_cast<MessageQueue&>(*inode); }
  u32 poll(Task&, Poller* poller) override {
    if (poller) poller->wait_on(queue().changed);
    return (queue().count() ? PollEvent::In | PollEvent::ReadNormal : 0) |
           (queue().is_full() ? 0 : PollEvent::Out | PollEvent::WriteNormal);
  }
  i32 registered_by = -1;  ///< process that asked through this file to be told
};

Result<Reference<File>> MessageQueue::open(Task&, u32) { return Reference<File>(new QueueFile(Reference<Inode>(this))); }

std::map<std::string, Reference<MessageQueue>>& queues() {
  [[clang::no_destroy]] static std::map<std::string, Reference<MessageQueue>> all;
  return all;
}

Result<std::string> read_name(Task& task, GuestAddress address) {
  char name[kNameLimit + 1];
  u64 length = TRY(copy_string(task.memory(), name, address, kNameLimit + 1));
  if (length == 0) return LinuxError::NoEntry;
  std::string text(name, length);
  if (text.find('/') != std::string::npos || text == "." || text == "..") return LinuxError::AccessDenied;
  return text;
}

Result<void> check_attributes(const Task& task, const QueueAttributes& wanted) {
  bool root = task.process.credentials.is_root();
  if (wanted.most_messages <= 0 || wanted.message_size <= 0) return LinuxError::Invalid;
  if (wanted.most_messages > (root ? kMostMessagesOfRoot : kMostMessages)) return LinuxError::Invalid;
  if (wanted.message_size > (root ? kMostSizeOfRoot : kMostSize)) return LinuxError::Invalid;
  return {};
}

Result<Reference<MessageQueue>> make_queue(Task& task, u32 mode, const QueueAttributes& wanted) {
  TRY(check_attributes(task, wanted));
  const Credentials& who = task.process.credentials;
  if (queues().size() >= kMostQueues && !who.is_root()) return LinuxError::NoSpace;
  if (charged_by_user()[who.uid] + charge_of(wanted) > task.process.limits[Resource::MessageBytes].current) return LinuxError::TooManyFiles;
  Reference<MessageQueue> queue(new MessageQueue(wanted, mode & 0777 & ~task.context->umask, who.uid));
  queue->uid = who.effective_uid;
  queue->gid = who.effective_gid;
  queue->links = 1;
  return queue;
}

/// The open queue of a descriptor; BadDescriptor for anything else.
Result<Reference<QueueFile>> find_queue(Task& task, i32 descriptor) {
  File* file = TRY(task.files->find(descriptor));
  if (file->inode->filesystem.magic != kQueues.magic) return LinuxError::BadDescriptor;
  return Reference<QueueFile>(static_cast<QueueFile*>(file));
}

/// The instant since boot of an absolute time of the wall clock; 0 where there is none.
Result<u64> read_deadline(Task& task, GuestAddress address) {
  if (!address.raw) return u64{0};
  return deadline_of(Clock::Realtime, TRY(read_duration(task, address)));
}

/// A message has come into an empty queue where nobody waits for one.
void notify(Task& task, MessageQueue& queue) {
  Registration told = std::exchange(queue.registration, {});
  Process* process = told.pid ? environment().processes.find(told.pid) : nullptr;
  if (!process || !told.signal) return;
  send_signal(*process, {.signal = told.signal,
                         .code = SignalInformation::kMessageQueue,
                         .pid = task.process.pid,
                         .uid = task.process.credentials.uid,
                         .address = told.value});
}

/// Waits for room or for a message.
Result<void> wait_on(Task& task, const File& file, WaitList& list, u64 deadline) {
  if (file.is_nonblocking()) return LinuxError::TryAgain;
  if (deadline && now() >= deadline) return LinuxError::TimedOut;
  return task.wait_on(list, deadline);
}

}  // namespace

Result<u64> call_mq_open(Task& task, GuestAddress name_address, u32 flags, u32 mode, GuestAddress attributes) {
  QueueAttributes wanted = kDefault;
  if (attributes.raw) wanted = TRY(read_guest<QueueAttributes>(task.memory(), attributes));
  std::string name = TRY(read_name(task, name_address));
  u32 access = flags & OpenFlag::AccessMask;
  Reference<MessageQueue> queue;
  auto found = queues().find(name);
  if (found == queues().end()) {
    if (!(flags & OpenFlag::Create)) return LinuxError::NoEntry;
    queue = TRY(make_queue(task, mode, wanted));
    queues()[name] = queue;
  } else {
    if (flags & OpenFlag::Create && flags & OpenFlag::Exclusive) return LinuxError::Exists;
    if (access == OpenFlag::AccessMask) return LinuxError::Invalid;
    queue = found->second;
    u32 wants = access == OpenFlag::ReadOnly ? 4 : access == OpenFlag::WriteOnly ? 2 : 6;
    TRY(check_access(task.process.credentials, *queue, wants));
  }
  Reference<File> file = TRY(queue->open(task, flags));
  file->flags = flags & (OpenFlag::AccessMask | OpenFlag::NonBlocking);
  return u64(TRY(task.files->add(std::move(file), OnExec::Close, task.process.limits[Resource::Files].current)));
}

Result<u64> call_mq_unlink(Task& task, GuestAddress name_address) {
  std::string name = TRY(read_name(task, name_address));
  auto found = queues().find(name);
  if (found == queues().end()) return LinuxError::NoEntry;
  const Credentials& who = task.process.credentials;
  if (!who.is_root() && who.effective_uid != found->second->uid) return LinuxError::NotPermitted;  // the folder is sticky
  queues().erase(found);
  return u64{0};
}

Result<u64> call_mq_timedsend(Task& task, i32 descriptor, GuestAddress message, u64 size, u32 priority, GuestAddress timeout) {
  u64 deadline = TRY(read_deadline(task, timeout));
  if (priority >= kPriorities) return LinuxError::Invalid;
  Reference<QueueFile> file = TRY(find_queue(task, descriptor));
  if (!file->can_write()) return LinuxError::BadDescriptor;
  MessageQueue& queue = file->queue();
  if (size > u64(queue.attributes.message_size)) return LinuxError::MessageTooLong;
  std::string text(size, 0);
  TRY(copy_from_guest(task.memory(), text.data(), message, size));
  while (queue.is_full()) TRY(wait_on(task, *file, queue.writable, deadline));
  bool was_empty = !queue.count();
  queue.put(priority, std::move(text));
  queue.changed.wake_all();
  if (!queue.readable.wake_one() && was_empty) notify(task, queue);
  return u64{0};
}

Result<u64> call_mq_timedreceive(Task& task, i32 descriptor, GuestAddress message, u64 size, GuestAddress priority, GuestAddress timeout) {
  u64 deadline = TRY(read_deadline(task, timeout));
  Reference<QueueFile> file = TRY(find_queue(task, descriptor));
  if (!file->can_read()) return LinuxError::BadDescriptor;
  MessageQueue& queue = file->queue();
  if (size < u64(queue.attributes.message_size)) return LinuxError::MessageTooLong;
  while (!queue.count()) TRY(wait_on(task, *file, queue.readable, deadline));
  auto [urgency, text] = queue.take();
  queue.changed.wake_all();
  queue.writable.wake_one();
  if (priority.raw) TRY(write_guest(task.memory(), priority, urgency));
  TRY(copy_to_guest(task.memory(), message, text.data(), text.size()));
  return text.size();
}

Result<u64> call_mq_notify(Task& task, i32 descriptor, GuestAddress event) {
  constexpr i32 kSignal = 0, kNone = 1;
  struct {
    u64 value;
    i32 signal, notify;
    i32 rest[12];
  } wanted = {};
  static_assert(sizeof wanted == 64);
  if (event.raw) {
    TRY(copy_from_guest(task.memory(), &wanted, event, sizeof wanted));
    if (wanted.notify != kSignal && wanted.notify != kNone) return LinuxError::Invalid;
    if (wanted.notify == kSignal && u32(wanted.signal) > Signal::Last) return LinuxError::Invalid;
  }
  Reference<QueueFile> file = TRY(find_queue(task, descriptor));
  Registration& registration = file->queue().registration;
  if (registration.pid && !environment().processes.find(registration.pid)) registration = {};
  if (!event.raw) {
    if (registration.pid == task.process.pid) registration = {};
    return u64{0};
  }
  if (registration.pid) return LinuxError::Busy;
  registration = {task.process.pid, wanted.notify == kSignal ? u32(wanted.signal) : 0, wanted.value};
  file->registered_by = task.process.pid;
  return u64{0};
}

Result<u64> call_mq_getsetattr(Task& task, i32 descriptor, GuestAddress fresh, GuestAddress old) {
  QueueAttributes wanted = {};
  if (fresh.raw) {
    wanted = TRY(read_guest<QueueAttributes>(task.memory(), fresh));
    if (wanted.flags & ~i64{OpenFlag::NonBlocking}) return LinuxError::Invalid;
  }
  Reference<QueueFile> file = TRY(find_queue(task, descriptor));
  QueueAttributes told = file->queue().attributes;
  told.flags = file->flags & OpenFlag::NonBlocking;
  told.messages = i64(file->queue().count());
  for (i64& word : told.reserved) word = 0;
  if (fresh.raw) file->flags = (file->flags & ~OpenFlag::NonBlocking) | u32(wanted.flags);
  if (old.raw) TRY(write_guest(task.memory(), old, told));
  return u64{0};
}

}  // namespace pith::personality
