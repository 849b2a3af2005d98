// Mapping, noting and comparing the kernel's memory.
#include "verify/replay/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "verify/prover/modelled.h"

namespace pith::replay {

namespace {

constexpr std::size_t kMostDifferences = 8;

verify::ObjectKind kind_of(const ReplayObject* object) { return verify::ObjectKind(object->kind); }

int sparse_file(std::uint64_t size) {
  int file = memfd_create("pith", 0);
  if (file < 0 || ftruncate(file, off_t(size)) != 0) throw std::runtime_error("no memory for the kernel's arrays");
  return file;
}

std::byte* map(int file, std::uint64_t address, std::uint64_t size, int protection) {
  void* wanted = reinterpret_cast<void*>(address);
  void* place = mmap(wanted, size, protection, MAP_SHARED | MAP_NORESERVE | (address != 0 ? MAP_FIXED_NOREPLACE : 0), file, 0);
  if (place == MAP_FAILED) throw std::runtime_error("the kernel's arrays cannot be mapped");
  return static_cast<std::byte*>(place);
}

std::uint64_t word_at(const std::byte* place, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, place, size);
  return value;
}

}  // namespace

Memory::Memory(Unread unread) : unread_(unread) {
  int views = -1;
  std::byte* window_of_views = nullptr;
  for (const ReplayObject* object = replay_objects; object->name != nullptr; object++) {
    if (object->element == 0) continue;
    bool is_view = kind_of(object) == verify::ObjectKind::View;
    int file = is_view && views >= 0 ? views : sparse_file(object->size);
    std::byte* window = is_view && window_of_views != nullptr ? window_of_views : map(file, 0, object->size, PROT_READ | PROT_WRITE);
    map(file, object->address, object->size, PROT_NONE);
    if (is_view) views = file, window_of_views = window;
    arrays_.push_back({object, window});
  }
}

const Memory::Array* Memory::array_at(std::uint64_t address) const {
  for (const Array& array : arrays_) {
    if (address >= array.object->address && address - array.object->address < array.object->size) return &array;
  }
  return nullptr;
}

const Memory::Array* Memory::array_of(const ReplayObject* object) const {
  return object->element != 0 ? array_at(object->address) : nullptr;
}

std::byte* Memory::place_of(const ReplayObject* object, std::uint64_t offset) const {
  const Array* array = array_of(object);
  return array != nullptr ? array->window + offset : reinterpret_cast<std::byte*>(object->address + offset);
}

std::byte* Memory::expected_at(const ReplayObject* object, std::uint64_t offset) {
  if (array_of(object) == nullptr) return kept_.at(object).data() + offset;
  return page_at(place_of(object, offset) - offset % kPage).data() + offset % kPage;
}

Memory::Page& Memory::page_at(std::byte* page) {
  auto [known, is_new] = expected_.try_emplace(page);
  if (is_new && unread_ == Unread::Anything) {
    auto* words = reinterpret_cast<std::uint64_t*>(page);
    std::generate(words, words + kPage / sizeof *words, [this] { return random_ = random_ * 6364136223846793005u + 1442695040888963407u; });
  }
  if (is_new) std::memcpy(known->second.data(), page, kPage);
  return known->second;
}

std::uint64_t Memory::type_of(std::uint64_t frame) const {
  for (const Array& array : arrays_) {
    if (std::string_view(array.object->name) == "frames") return word_at(array.window + frame * array.object->element, replay_type_bytes);
  }
  return 0;
}

std::uint64_t Memory::frame_count() {
  const ReplayObject* object = object_named("frame_count");
  return object == nullptr ? verify::kFrames : word_at(reinterpret_cast<const std::byte*>(object->address), object->size);
}

void Memory::write(const Cell& cell) {
  if (array_of(cell.object) != nullptr) expect(cell);
  std::memcpy(place_of(cell.object, cell.offset), &cell.value, cell.size);
}

std::uint64_t Memory::value_of(const Cell& cell) const { return word_at(place_of(cell.object, cell.offset), cell.size); }

void Memory::begin() {
  for (const ReplayObject* object = replay_objects; object->name != nullptr; object++) {
    if (kind_of(object) != verify::ObjectKind::Plain) continue;
    const auto* bytes = reinterpret_cast<const std::byte*>(object->address);
    kept_[object].assign(bytes, bytes + object->size);
  }
}

void Memory::expect(const Cell& cell) { std::memcpy(expected_at(cell.object, cell.offset), &cell.value, cell.size); }

void Memory::expect_clear(std::uint64_t frame) {
  for (const Array& array : arrays_) {
    if (kind_of(array.object) == verify::ObjectKind::View) std::memset(expected_at(array.object, frame * kPage), 0, kPage);
  }
}

bool Memory::touch(std::uint64_t address) {
  const Array* array = array_at(address);
  if (array == nullptr) return false;
  std::uint64_t offset = (address - array->object->address) & ~std::uint64_t(kPage - 1), frame = offset / kPage;
  bool is_view = kind_of(array->object) == verify::ObjectKind::View || kind_of(array->object) == verify::ObjectKind::User;
  bool is_allowed = !is_view || type_of(frame) == array->object->frame_type || (frame == 0 && verify::reads_frame_0(array->object->name));
  bool is_frame =
      kind_of(array->object) != verify::ObjectKind::PerFrame || (address - array->object->address) / array->object->element < frame_count();
  if (!is_frame && complaint_.empty())
    complaint_ = std::string("frame that does not exist: ") + array->object->name + "+" + std::to_string(offset);
  if (!is_allowed && complaint_.empty())
    complaint_ = std::string("view of a frame of another type: ") + array->object->name + "[" + std::to_string(frame) +
                 "], which is of type " + std::to_string(type_of(frame));
  if (kind_of(array->object) != verify::ObjectKind::User) page_at(array->window + offset);
  return mprotect(reinterpret_cast<void*>(array->object->address + offset), kPage, PROT_READ | PROT_WRITE) == 0;
}

void Memory::exchange() {
  // Nothing is expected any more of a run that is compared with its own beginning.
  if (!is_exchanged_) before_ = expected_;
  is_exchanged_ = !is_exchanged_;
  for (auto& [page, bytes] : before_) std::swap_ranges(bytes.begin(), bytes.end(), page);
  for (auto& [object, bytes] : kept_) std::swap_ranges(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(object->address));
}

void Memory::clear_frame(std::uint32_t frame) {
  for (const Array& array : arrays_) {
    if (kind_of(array.object) != verify::ObjectKind::View) continue;
    page_at(array.window + frame * kPage);
    std::memset(array.window + frame * kPage, 0, kPage);
    return;
  }
}

std::string Memory::name_of(const std::byte* place, std::size_t size, const std::vector<Cell>& known) const {
  std::string name;
  for (const Cell& cell : known) {
    const std::byte* from = place_of(cell.object, cell.offset);
    if (from < place + size && place < from + cell.size) name = cell.label;
  }
  if (!name.empty()) return name;
  for (const Array& array : arrays_) {
    if (place < array.window || place >= array.window + array.object->size) continue;
    if (kind_of(array.object) == verify::ObjectKind::View)
      return "frame " + std::to_string((place - array.window) / kPage) + " at " + std::to_string((place - array.window) % kPage);
    return array.object->name + ("+" + std::to_string(place - array.window));
  }
  auto address = reinterpret_cast<std::uint64_t>(place);
  for (const ReplayObject* object = replay_objects; object->name != nullptr; object++) {
    if (address >= object->address && address < object->address + object->size)
      return object->name + ("+" + std::to_string(address - object->address));
  }
  return "?";
}

void Memory::compare(const std::byte* is, const std::byte* should, std::size_t size, const std::vector<Cell>& known,
                     std::vector<std::string>& found) const {
  if (std::memcmp(is, should, size) == 0) return;
  for (std::size_t at = 0; at < size && found.size() < kMostDifferences; at += 8) {
    std::size_t bytes = std::min<std::size_t>(8, size - at);
    std::uint64_t native = word_at(is + at, bytes), said = word_at(should + at, bytes);
    if (native != said)
      found.push_back(name_of(is + at, bytes, known) + " is " + std::to_string(native) + ", the prover says " + std::to_string(said));
  }
}

std::vector<std::string> Memory::differences(const std::vector<Cell>& known) {
  std::vector<std::string> found;
  for (const auto& [page, should] : expected_) compare(page, should.data(), kPage, known, found);
  for (const auto& [object, should] : kept_)
    compare(reinterpret_cast<const std::byte*>(object->address), should.data(), should.size(), known, found);
  return found;
}

}  // namespace pith::replay
