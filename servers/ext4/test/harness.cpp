// The kernel's and the vault's part, played by the test.
#include "servers/ext4/test/harness.h"

#include <sys/mman.h>

#include <cstring>

#include "lib/vault/event.h"
#include "lib/vault/parking.h"

namespace pith {

MessageBuffer& ipc::message_buffer() {
  static MessageBuffer buffer;
  return buffer;
}

namespace {

std::jmp_buf here;
bool is_parked = false;
Error reason = Error(0);
std::map<u32, Words> answers;

}  // namespace

void vault::park() {
  is_parked = true;
  std::longjmp(here, 1);
}
void vault::abort_event(Error why) {
  is_parked = false;
  reason = why;
  std::longjmp(here, 1);
}
void vault::answer_call(Token token, const ipc::Answer& answer) { answers[token.raw] = answer.words; }

namespace ext4 {

Harness::Harness(Image image, u32 partition) : disk(std::make_unique<TestDisk>(std::move(image))), partition_(partition) {
  state_ = static_cast<State*>(mmap(nullptr, sizeof(State), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  EXPECT_NE(static_cast<void*>(state_), MAP_FAILED);
  before_.resize(sizeof(State));
  answers.clear();
  service = std::make_unique<TestService>(*state_, *disk, partition_);
  turns();
}

Harness::~Harness() { munmap(state_, sizeof(State)); }

void Harness::restart() {
  u64 time = now();
  service.reset();
  service = std::make_unique<TestService>(*state_, *disk, partition_);
  now() = time;
  turns();
}

[[gnu::noinline]] bool Harness::run(const std::function<Error()>& event) {
  memcpy(before_.data(), state_, sizeof(State));
  is_parked = false;
  aborted_ = Error(0);
  if (setjmp(here) == 0) {
    Error error = event();
    if (error != Error(0)) memcpy(static_cast<void*>(state_), before_.data(), sizeof(State));
    return false;
  }
  memcpy(static_cast<void*>(state_), before_.data(), sizeof(State));
  aborted_ = reason;
  return is_parked;
}

void Harness::turns() {
  for (u32 i = 0; i < 20000; i++) {
    bool is_any = service->look();
    is_any |= disk->work();
    if (service->is_due()) {
      run([&] {
        service->advance();
        return Error(0);
      });
      is_any = true;
    }
    if (!is_any && service->deadline() != 1) return;
  }
  has_failed_to_rest = true;
  ADD_FAILURE() << "the service does not come to rest";
}

namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

files::Attributes attributes_in(const std::byte* room) {
  files::Attributes is;
  memcpy(&is, room, sizeof is);
  return is;
}

}  // namespace

#define ATTRIBUTES(expression)                                                      \
  std::array<std::byte, 104> room;                                                  \
  Result<Bytes> bytes = call<Bytes>([&]() -> Result<Bytes> { return expression; }); \
  if (!bytes) return bytes.error();                                                 \
  return attributes_in(room.data())

Result<files::Attributes> Harness::root() { ATTRIBUTES(service->root(kClient, room)); }
Result<files::Attributes> Harness::lookup(u64 directory, std::string_view name) {
  ATTRIBUTES(service->lookup(kClient, directory, bytes_of(name), room));
}
Result<files::Attributes> Harness::attributes(u64 node) { ATTRIBUTES(service->attributes(kClient, node, room)); }
Result<files::Attributes> Harness::set_attributes(u64 node, u64 changes, const files::Attributes& to) {
  ATTRIBUTES(service->set_attributes(kClient, node, changes, std::as_bytes(std::span(&to, 1)), room));
}
Result<files::Attributes> Harness::create(u64 directory, u64 mode, std::string_view name, u64 device) {
  ATTRIBUTES(service->create(kClient, directory, mode, u64{1000} | u64{100} << 32, device, bytes_of(name), room));
}
Result<files::Attributes> Harness::link(u64 directory, u64 node, std::string_view name) {
  ATTRIBUTES(service->link(kClient, directory, node, bytes_of(name), room));
}
Result<files::Attributes> Harness::symlink(u64 directory, std::string_view text, std::string_view name) {
  memcpy(disk->client.data() + 100, text.data(), text.size());
  ATTRIBUTES(service->symlink(kClient, directory, 0, 100, text.size(), bytes_of(name), room));
}

Result<std::string> Harness::read_link(u64 node) {
  u64 length = TRY(call<u64>([&] { return service->read_link(kClient, node, 512); }));
  return std::string(reinterpret_cast<const char*>(disk->client.data()) + 512, length);
}

Result<void> Harness::remove(u64 directory, bool is_directory, std::string_view name) {
  return call<void>([&] { return service->remove(kClient, directory, is_directory, bytes_of(name)); });
}

Result<void> Harness::rename(u64 from, std::string_view old_name, u64 to, std::string_view new_name, u64 flags) {
  std::string both = std::string(old_name) + std::string(new_name);
  memcpy(disk->client.data(), both.data(), both.size());
  return call<void>([&] { return service->rename(kClient, from, to, flags, 0, old_name.size() | u64{new_name.size()} << 32); });
}

Result<std::map<std::string, u64>> Harness::list(u64 directory) {
  std::map<std::string, u64> names;
  for (u64 cookie = 0;;) {
    auto part = TRY(call<protocols::FilesListResult>([&] { return service->list(kClient, directory, cookie, 64, 1024); }));
    if (part.length == 0) return names;
    for (u64 done = 0; done < part.length;) {
      files::Entry entry;
      memcpy(&entry, disk->client.data() + 64 + done, sizeof entry);
      std::string name(reinterpret_cast<const char*>(disk->client.data()) + 64 + done + sizeof entry, entry.length);
      EXPECT_TRUE(names.emplace(name, entry.node).second) << name << " twice";
      done += (sizeof entry + entry.length + 7) / 8 * 8;
    }
    cookie = part.next;
  }
}

template <class T>
Result<T> Harness::deferred(const std::function<Result<void>(Token)>& method, const std::function<T(const Words&)>& answer) {
  Token token(++tokens_);
  TRY(call<void>([&] { return method(token); }));
  for (u32 i = 0; i < 1000 && answers.find(token.raw) == answers.end(); i++) turns();
  auto found = answers.find(token.raw);
  if (found == answers.end()) {
    ADD_FAILURE() << "a call has no answer";
    return Error::TimedOut;
  }
  Words words = found->second;
  answers.erase(found);
  if (words.w[0] != 0) return Error(words.w[0]);
  return answer(words);
}

bool Harness::is_answered() const { return answers.find(tokens_) != answers.end(); }

Result<std::string> Harness::read(u64 node, u64 offset, u64 length, u64 place) {
  memset(disk->client.data() + place, 0xa5, length);
  u64 got = TRY(deferred<u64>([&](Token token) { return service->read(kClient, token, node, offset, length, place); },
                              [](const Words& words) { return words.w[1]; }));
  EXPECT_LE(got, length);
  return std::string(reinterpret_cast<const char*>(disk->client.data()) + place, got);
}

Result<u64> Harness::write(u64 node, u64 offset, std::string_view data, u64 place) {
  memcpy(disk->client.data() + place, data.data(), data.size());
  return deferred<u64>([&](Token token) { return service->write(kClient, token, node, offset, data.size(), place); },
                       [](const Words& words) { return words.w[1]; });
}

Result<void> Harness::sync() {
  Result<u64> done = deferred<u64>([&](Token token) { return service->sync(kClient, token, 0); }, [](const Words&) { return u64{0}; });
  if (!done) return done.error();
  return {};
}

Result<void> Harness::hold(u64 node) {
  return call<void>([&] { return service->hold(kClient, node); });
}
Result<void> Harness::release(u64 node) {
  return call<void>([&] { return service->release(kClient, node); });
}
Result<u64> Harness::allocate(u64 node, u64 offset, u64 length, u64 flags) {
  return call<u64>([&] { return service->allocate(kClient, node, offset, length, flags); });
}

void Harness::close() {
  ASSERT_TRUE(sync());
  turns();
  Result<void> closed = call<void>([&] { return service->volume().close(); });
  ASSERT_TRUE(closed) << u32(closed.error());
  turns();
  ASSERT_TRUE(service->volume().is_closed());
}

}  // namespace ext4
}  // namespace pith
