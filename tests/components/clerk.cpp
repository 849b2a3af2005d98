// Keeps a file system busy and knows what must be in it: files in two directories are made, written, renamed, cut, removed, synced and read
// back, each answer and each byte compared with a copy in memory. Arguments: the service's name, which is the end of its memory's name,
// too.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "abi/error.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/random.h"
#include "lib/shared_memory.h"
#include "lib/start.h"
#include "protocols/files.h"
#include "protocols/files_layout.h"
#include "tests/components/wait.h"
#include "tests/fault/findings.h"

namespace {

using namespace pith;
using torture::Finding;

constexpr u32 kFiles = 12, kNames = 16, kDirectories = 2, kMostBytes = 32 * 1024;
constexpr u64 kFile = 0100644, kFolder = 0040755;  // types and permissions as Linux numbers them
/// Where names of a rename and lists lie in the shared memory; contents are in front of that.
constexpr u64 kTexts = 128 * 1024;
constexpr u64 kPatience = 5 * kSecond;

/// One file as it should be.
struct File {
  bool is_there;
  u32 directory, name, size;
  std::byte content[kMostBytes];
};
File files[kFiles];

class Clerk {
 public:
  Clerk(const char* service, protocols::FilesClient server, const SharedMemory& memory)
      : service_(service), server_(server), memory_(memory), findings_(service) {}

  /// Waits until the file system is there, and makes the directories. Errors: what the service says.
  Result<void> open() {
    u64 end = now() + kPatience;
    auto root = server_.root();
    for (; !root && now() < end; root = server_.root()) wait_for(10 * kMillisecond);
    if (!root) return root.error();
    u64 top = attributes_in(*root).node;
    for (u32 i = 0; i < kDirectories; i++) {
      char name[] = {'d', char('0' + i)};
      directories_[i] = attributes_in(TRY(server_.create(top, kFolder, 0, 0, std::as_bytes(std::span(name))))).node;
      TRY(server_.hold(directories_[i]));
    }
    return {};
  }

  /// One random operation.
  void operate() {
    File& file = files[random_.below(kFiles)];
    u64 which = random_.below(16);
    if (!file.is_there) {
      create(file);
    } else if (which < 5) {
      write(file);
    } else if (which < 10) {
      read(file);
    } else if (which < 12) {
      rename(file);
    } else if (which == 12) {
      resize(file);
    } else if (which == 13) {
      remove(file);
    } else if (which == 14) {
      sync();
    } else {
      list(u32(random_.below(kDirectories)));
    }
    findings_.count_operation();
  }

 private:
  /// Short ones, and ones that take several entries of a FAT directory.
  struct Name {
    explicit Name(u32 number) {
      length = usize(snprintf(text, sizeof text, number % 2 == 0 ? "file%02u" : "file of a longer name, number %02u", unsigned(number)));
    }
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text, length)); }
    char text[48];
    usize length;
  };

  static files::Attributes attributes_in(const Bytes& bytes) {
    files::Attributes is{};
    if (bytes.size() == sizeof is) memcpy(&is, bytes.data.data(), sizeof is);
    return is;
  }

  void find(Finding finding, const char* what, u32 name, Error error = kSuccess) {
    char text[120];
    snprintf(text, sizeof text, "%s, name %u: %s", what, unsigned(name), error == kSuccess ? "differs" : error_name(error));
    findings_.add(service_, finding, text);
  }

  /// The file that has the name; null: none.
  static File* holder(u32 directory, u32 name) {
    for (File& file : files) {
      if (file.is_there && file.directory == directory && file.name == name) return &file;
    }
    return nullptr;
  }

  /// Its node, found by its name. Where it is not found the file counts as gone from then on.
  Result<u64> node_of(File& file) {
    auto found = server_.lookup(directories_[file.directory], Name(file.name).bytes());
    if (!found) {
      find(found.error() == Error::NotFound ? Finding::Lost : Finding::Wrong, "lookup", file.name, found.error());
      file.is_there = false;
      return found.error();
    }
    files::Attributes is = attributes_in(*found);
    if (is.size != file.size) find(Finding::Lost, "size", file.name);
    return is.node;
  }

  void create(File& file) {
    u32 directory = u32(random_.below(kDirectories)), name = u32(random_.below(kNames));
    auto made = server_.create(directories_[directory], kFile, 0, 0, Name(name).bytes());
    if (holder(directory, name) != nullptr) {
      if (made.error() != Error::AlreadyExists) find(Finding::Wrong, "create of what is there", name, made.error());
      return;
    }
    if (!made) return find(made.error() == Error::AlreadyExists ? Finding::Doubled : Finding::Wrong, "create", name, made.error());
    file.is_there = true;
    file.directory = directory;
    file.name = name;
    file.size = 0;
    write(file);
  }

  void write(File& file) {
    auto node = node_of(file);
    if (!node) return;
    u32 offset = u32(random_.below(std::min(file.size + 4000, kMostBytes))), length = u32(1 + random_.below(9000));
    if (random_.below(3) == 0) offset &= ~u32{4095};
    length = std::min(length, kMostBytes - offset);
    u64 seed = random_.below(~u64{0}), place = random_.below(2) * random_.below(1000);
    for (u32 i = 0; i < length; i++) {
      if (i % 8 == 0) seed = seed * 0x5851f42d4c957f2d + 1;
      memory_.bytes[place + i] = std::byte(seed >> (8 * (i % 8)));
    }
    // What lies between the old end and the new beginning reads as zero.
    if (offset > file.size) memset(file.content + file.size, 0, offset - file.size);
    memcpy(file.content + offset, memory_.bytes.data() + place, length);
    for (u32 done = 0; done < length;) {
      auto written = server_.write(*node, offset + done, length - done, place + done);
      if (!written || written->length == 0 || written->length > length - done)
        return find(Finding::Wrong, "write", file.name, written.error());
      done += u32(written->length);
      file.size = std::max(file.size, offset + done);
      if (written->size != file.size) find(Finding::Wrong, "size after write", file.name);
    }
  }

  void read(File& file) {
    auto node = node_of(file);
    if (!node) return;
    u32 offset = u32(random_.below(file.size + 1)), length = u32(1 + random_.below(kMostBytes));
    if (random_.below(3) == 0) offset = 0;
    u32 expected = std::min(length, file.size - offset);
    u64 place = random_.below(2) * random_.below(1000);
    memset(memory_.bytes.data() + place, 0xa5, length);
    for (u32 done = 0; done < expected;) {
      auto got = server_.read(*node, offset + done, length - done, place + done);
      if (!got || *got == 0 || *got > expected - done) return find(Finding::Wrong, "read", file.name, got.error());
      done += u32(*got);
    }
    if (memcmp(memory_.bytes.data() + place, file.content + offset, expected) != 0) find(Finding::Lost, "content", file.name);
  }

  void rename(File& file) {
    u32 directory = u32(random_.below(kDirectories)), name = u32(random_.below(kNames));
    File* replaced = holder(directory, name);
    if (replaced == &file) return;
    Name from(file.name), to(name);
    memcpy(memory_.bytes.data() + kTexts, from.text, from.length);
    memcpy(memory_.bytes.data() + kTexts + from.length, to.text, to.length);
    auto done = server_.rename(directories_[file.directory], directories_[directory], 0, kTexts, from.length | u64{to.length} << 32);
    if (!done) return find(done.error() == Error::NotFound ? Finding::Lost : Finding::Wrong, "rename", file.name, done.error());
    if (replaced != nullptr) replaced->is_there = false;
    if (auto old = server_.lookup(directories_[file.directory], from.bytes()); old || old.error() != Error::NotFound)
      find(Finding::Doubled, "the old name", file.name, old.error());
    file.directory = directory;
    file.name = name;
    (void)node_of(file);
  }

  void resize(File& file) {
    auto node = node_of(file);
    if (!node) return;
    files::Attributes to{};
    u32 size = u32(random_.below(random_.below(2) == 0 ? file.size + 1 : kMostBytes));
    to.size = size;
    auto done = server_.set_attributes(*node, files::Change::Size, std::as_bytes(std::span(&to, 1)));
    if (!done) return find(Finding::Wrong, "resize", file.name, done.error());
    if (attributes_in(*done).size != size) find(Finding::Wrong, "size after resize", file.name);
    if (size > file.size) memset(file.content + file.size, 0, size - file.size);
    file.size = size;
  }

  void remove(File& file) {
    auto done = server_.remove(directories_[file.directory], 0, Name(file.name).bytes());
    file.is_there = false;
    if (!done) return find(done.error() == Error::NotFound ? Finding::Doubled : Finding::Wrong, "remove", file.name, done.error());
    if (auto old = server_.lookup(directories_[file.directory], Name(file.name).bytes()); old || old.error() != Error::NotFound)
      find(Finding::Lost, "a removal", file.name, old.error());
  }

  void sync() {
    if (auto done = server_.sync(0); !done) find(Finding::Wrong, "sync", 0, done.error());
  }

  /// Each file of the directory is in its list once, and nothing else is.
  void list(u32 directory) {
    u32 seen = 0, count = 0;
    u64 cookie = 0;
    for (u32 parts = 0; parts < 100; parts++) {
      auto part = server_.list(directories_[directory], cookie, kTexts, 1024);
      if (!part) return find(Finding::Wrong, "list", directory, part.error());
      if (part->length == 0) break;
      for (u64 done = 0; done + sizeof(files::Entry) <= part->length;) {
        files::Entry entry;
        memcpy(&entry, memory_.bytes.data() + kTexts + done, sizeof entry);
        const auto* text = reinterpret_cast<const char*>(memory_.bytes.data()) + kTexts + done + sizeof entry;
        done += (sizeof entry + entry.length + 7) / 8 * 8;
        if (text[0] == '.') continue;
        u32 name = 0;
        while (name < kNames && std::string_view(Name(name).text, Name(name).length) != std::string_view(text, entry.length)) name++;
        if (name == kNames || (seen >> name & 1) != 0 || holder(directory, name) == nullptr) {
          find(Finding::Doubled, "list", name);
          continue;
        }
        seen |= u32{1} << name;
      }
      cookie = part->next;
    }
    for (const File& file : files) count += file.is_there && file.directory == directory ? 1 : 0;
    if (u32(__builtin_popcount(seen)) != count) find(Finding::Lost, "list", directory);
  }

  const char* service_;
  protocols::FilesClient server_;
  SharedMemory memory_;
  torture::Findings findings_;
  Random random_{start_information().seed[0]};
  u64 directories_[kDirectories] = {};
};

Result<void> run() {
  static char service[16], memory[24];
  snprintf(service, sizeof service, "%.*s", int(arguments().size()), arguments().data());
  snprintf(memory, sizeof memory, "desk-%s", service);
  static Clerk clerk(service, protocols::FilesClient{TRY(find_slot(service))}, TRY(find_memory(memory)));
  TRY(clerk.open());
  for (;;) clerk.operate();
}

}  // namespace

int main() {
  Result<void> failed = run();
  log_line(LogLevel::Error, "check: clerk wrong: cannot begin: %s", error_name(failed.error()));
  for (;;) wait_until(0);
}
