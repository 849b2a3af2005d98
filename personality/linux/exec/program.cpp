// Building a program's address space: segments from the file, stack from the strings.
#include "personality/linux/exec/program.h"

#include <cstring>

#include "personality/linux/environment.h"
#include "personality/linux/files/path.h"
#include "personality/linux/misc/random.h"
#include "personality/linux/x86_64/machine.h"

namespace pith::personality {

namespace {

constexpr u64 kProgramBase = 0x5555'5555'4000, kStackTop = 0x7fff'ffff'e000;
constexpr u64 kFirstStackPages = 34;

class InodeSource final : public ElfSource {
 public:
  explicit InodeSource(Inode& inode) : inode_(inode) {}
  u64 size() const override { return inode_.size(); }
  Result<void> read(u64 offset, std::span<u8> buffer) override {
    if (offset > inode_.size() || buffer.size() > inode_.size() - offset) return LinuxError::NotExecutable;
    PageStore& store = environment().pages;
    u64 done = 0;
    while (done < buffer.size()) {
      u64 in_page = (offset + done) % kPageSize;
      u64 length = kPageSize - in_page < buffer.size() - done ? kPageSize - in_page : buffer.size() - done;
      TRY(inode_.load_page((offset + done) / kPageSize, PageUse::Read));
      PageIndex page = inode_.page_for_reading((offset + done) / kPageSize);
      if (page == kNoPage)
        memset(buffer.data() + done, 0, length);
      else
        memcpy(buffer.data() + done, store.data(page) + in_page, length);
      done += length;
    }
    return {};
  }

 private:
  Inode& inode_;
};

Result<void> map_segment(AddressSpace& space, Inode& inode, const ElfSegment& segment, u64 bias) {
  u64 start = segment.address + bias;
  u64 end = start + segment.size;
  u64 file_end = segment.file_end + bias;
  u64 file_pages_end = pages_for(file_end) << kPageShift;
  if (file_end <= start) file_pages_end = start;
  if (file_pages_end > start)
    TRY(space.map({.start = start,
                   .end = file_pages_end,
                   .protection = segment.protection,
                   .backing = Reference<Inode>(&inode),
                   .offset = segment.file_offset}));
  if (end > file_pages_end) TRY(space.map({.start = file_pages_end, .end = end, .protection = segment.protection}));
  // The rest of the last page of file bytes is zero where memory goes on behind it.
  u64 tail = file_pages_end - file_end;
  if (file_pages_end > start && tail && segment.protection & Protection::Write) TRY(clear_guest(space, GuestAddress(file_end), tail));
  return {};
}

Result<void> map_image(AddressSpace& space, Inode& inode, const ElfImage& image, u64 bias) {
  for (const ElfSegment& segment : image.segments) TRY(map_segment(space, inode, segment, bias));
  return {};
}

/// Entries of the auxiliary vector.
struct Auxiliary {
  enum Type : u64 {
    End = 0,
    ProgramHeaders = 3,
    HeaderSize = 4,
    HeaderCount = 5,
    PageSize = 6,
    Base = 7,
    Flags = 8,
    Entry = 9,
    Uid = 11,
    EffectiveUid = 12,
    Gid = 13,
    EffectiveGid = 14,
    Platform = 15,
    HardwareCapabilities = 16,
    ClockTick = 17,
    Secure = 23,
    Random = 25,
    ExecutableName = 31,
    MinimumSignalStack = 51
  };
};

class StackBuilder {
 public:
  StackBuilder(AddressSpace& space, u64 top) : space_(space), top_(top) {}
  Result<u64> push(const void* data, u64 size) {
    top_ -= size;
    TRY(copy_to_guest(space_, GuestAddress(top_), data, size));
    return top_;
  }
  Result<u64> push_string(const std::string& text) { return push(text.c_str(), text.size() + 1); }
  void align(u64 to) { top_ &= ~(to - 1); }
  u64 top() const { return top_; }

 private:
  AddressSpace& space_;
  u64 top_;
};

Result<u64> build_stack(AddressSpace& space, const std::string& path, const ProgramStrings& strings, const Credentials& who,
                        std::vector<u64> auxiliary) {
  u64 top = space.stack_top;
  TRY(space.map({.start = top - kFirstStackPages * kPageSize,
                 .end = top,
                 .protection = Protection::Read | Protection::Write,
                 .growth = Growth::Down}));
  StackBuilder stack(space, top - 8);
  u64 name = TRY(stack.push_string(path));
  // Strings lie in order, upwards: the environment above the arguments.
  std::vector<u64> environment_pointers(strings.environment.size()), argument_pointers(strings.arguments.size());
  space.environment_end = name;
  for (usize index = strings.environment.size(); index-- > 0;)
    environment_pointers[index] = TRY(stack.push_string(strings.environment[index]));
  space.arguments_end = stack.top();
  for (usize index = strings.arguments.size(); index-- > 0;) argument_pointers[index] = TRY(stack.push_string(strings.arguments[index]));
  space.arguments_start = stack.top();
  u64 platform = TRY(stack.push_string(machine::kName));
  u8 seed[16];
  fill_random(seed);
  stack.align(16);
  u64 random = TRY(stack.push(seed, sizeof seed));
  auxiliary.insert(auxiliary.end(), {Auxiliary::PageSize,
                                     kPageSize,
                                     Auxiliary::Flags,
                                     0,
                                     Auxiliary::Uid,
                                     who.uid,
                                     Auxiliary::EffectiveUid,
                                     who.effective_uid,
                                     Auxiliary::Gid,
                                     who.gid,
                                     Auxiliary::EffectiveGid,
                                     who.effective_gid,
                                     Auxiliary::Platform,
                                     platform,
                                     Auxiliary::HardwareCapabilities,
                                     machine::hardware_capabilities(),
                                     Auxiliary::ClockTick,
                                     100,
                                     Auxiliary::Secure,
                                     0,
                                     Auxiliary::Random,
                                     random,
                                     Auxiliary::ExecutableName,
                                     name,
                                     Auxiliary::MinimumSignalStack,
                                     4096,
                                     Auxiliary::End,
                                     0});
  std::vector<u64> words;
  words.push_back(strings.arguments.size());
  words.insert(words.end(), argument_pointers.begin(), argument_pointers.end());
  words.push_back(0);
  words.insert(words.end(), environment_pointers.begin(), environment_pointers.end());
  words.push_back(0);
  words.insert(words.end(), auxiliary.begin(), auxiliary.end());
  stack.align(16);
  if (words.size() % 2) TRY(stack.push("\0\0\0\0\0\0\0", 8));
  return stack.push(words.data(), words.size() * 8);
}

}  // namespace

Result<LoadedProgram> load_program(Task& task, Inode& inode, const std::string& path, const ProgramStrings& strings,
                                   const Credentials& credentials) {
  InodeSource source(inode);
  ElfImage image = TRY(parse_elf(source, machine::kElfMachine));
  LoadedProgram program{.space = TRY(AddressSpace::create())};
  AddressSpace& space = *program.space;
  space.stack_limit = task.process.limits[Resource::Stack].current;
  space.stack_top = kStackTop - (random_word() & 0x3ff) * kPageSize;
  u64 bias = image.is_position_independent ? kProgramBase - image.lowest : 0;
  if (image.highest + bias > space.stack_top - (64 << 20)) return LinuxError::NotExecutable;
  TRY(map_image(space, inode, image, bias));
  space.break_start = space.break_end = (image.highest + bias + (random_word() & 0xfff) * kPageSize);
  program.entry = image.entry + bias;
  std::vector<u64> auxiliary{Auxiliary::ProgramHeaders, image.program_headers ? image.program_headers + bias : 0,
                             Auxiliary::HeaderSize,     56,
                             Auxiliary::HeaderCount,    image.program_header_count,
                             Auxiliary::Entry,          program.entry};
  if (!image.interpreter.empty()) {
    Reference<Inode> interpreter = TRY(find_inode(task, image.interpreter));
    if (!interpreter->is_regular()) return LinuxError::AccessDenied;
    InodeSource interpreter_source(*interpreter);
    ElfImage loader = TRY(parse_elf(interpreter_source, machine::kElfMachine));
    if (!loader.is_position_independent || !loader.interpreter.empty()) return LinuxError::NotExecutable;
    u64 base = TRY(space.find_hole(0, loader.highest - loader.lowest));
    TRY(map_image(space, *interpreter, loader, base - loader.lowest));
    program.entry = loader.entry + base - loader.lowest;
    auxiliary.insert(auxiliary.end(), {Auxiliary::Base, base});
  }
  program.stack = TRY(build_stack(space, path, strings, credentials, std::move(auxiliary)));
  return program;
}

}  // namespace pith::personality
