// Names by Microsoft's rules: long ones in UTF-16, aliases of eleven letters, case ignored but kept.
#include "servers/fat/names.h"

#include <algorithm>
#include <cstring>

namespace pith::fat {

namespace {

/// Letters 128 to 255 of code page 437, in which short names are read.
constexpr u16 kCodePage437[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
    0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
    0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
    0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
    0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

constexpr std::string_view kNever = "\"*/:<>?\\|", kNotShort = "+,;=[]";
constexpr u8 kReplacedFirst = 0x05;  // stands for a first letter 0xe5, which would mark the entry free

bool is_lower(u16 unit) { return unit >= 'a' && unit <= 'z'; }
bool is_upper(u16 unit) { return unit >= 'A' && unit <= 'Z'; }
bool is_among(std::string_view letters, u16 unit) { return unit < 128 && letters.find(char(unit)) != letters.npos; }

bool is_short_letter(u16 unit) { return unit > ' ' && unit < 127 && unit != '.' && !is_among(kNever, unit) && !is_among(kNotShort, unit); }

/// One character, or nothing where the text is not UTF-8.
std::optional<u32> take_character(std::string_view& text) {
  u8 first = u8(text[0]);
  u32 more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : 4;
  if (more == 4 || text.size() <= more) return {};
  u32 value = more == 0 ? first : first & (0x3f >> more);
  for (u32 i = 1; i <= more; i++) {
    if ((u8(text[i]) & 0xc0) != 0x80) return {};
    value = value << 6 | (u8(text[i]) & 0x3f);
  }
  constexpr u32 kLeast[] = {0, 0x80, 0x800, 0x10000};
  if (value < kLeast[more] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
  text.remove_prefix(more + 1);
  return value;
}

/// Whether units are letters of one case, or none: what case flags can say.
std::optional<u8> case_of(std::span<const u16> units, u8 flag) {
  bool has_lower = std::any_of(units.begin(), units.end(), is_lower), has_upper = std::any_of(units.begin(), units.end(), is_upper);
  if (has_lower && has_upper) return {};
  return has_lower ? flag : u8{0};
}

}  // namespace

std::optional<Name> name_of(std::string_view text) {
  Name name;
  while (!text.empty()) {
    std::optional<u32> character = take_character(text);
    if (!character || name.length + (*character > 0xffff ? 2 : 1) > Name::kMost) return {};
    if (*character > 0xffff) {
      name.units[name.length++] = u16(0xd800 + ((*character - 0x10000) >> 10));
      name.units[name.length++] = u16(0xdc00 + (*character & 0x3ff));
    } else {
      name.units[name.length++] = u16(*character);
    }
  }
  while (name.length > 0 && (name.units[name.length - 1] == '.' || name.units[name.length - 1] == ' ')) name.length--;
  return name;
}

bool is_valid(const Name& name) {
  return name.length > 0 &&
         std::none_of(name.units, name.units + name.length, [](u16 unit) { return unit < ' ' || is_among(kNever, unit); });
}

usize text_of(const Name& name, std::span<char> room) {
  usize size = 0;
  auto put = [&](u32 byte) {
    if (size < room.size()) room[size] = char(byte);
    size++;
  };
  for (u32 i = 0; i < name.length; i++) {
    u32 value = name.units[i];
    bool is_pair = value >> 10 == 0x36 && i + 1 < name.length && name.units[i + 1] >> 10 == 0x37;
    if (is_pair) value = 0x10000 + ((value & 0x3ff) << 10 | (name.units[++i] & 0x3ff));
    if (value >> 11 == 0x1b) value = 0xfffd;        // half of a pair
    if (value < 0x20 || value == '/') value = '?';  // a volume may have anything
    if (value < 0x80) {
      put(value);
      continue;
    }
    u32 more = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
    put((0xff00 >> (more + 1) & 0xff) | value >> 6 * more);
    while (more-- > 0) put(0x80 | (value >> 6 * more & 0x3f));
  }
  return size;
}

/// Latin, Greek and Cyrillic letters; others have one case here.
u16 to_upper(u16 unit) {
  if (unit < 0x80) return is_lower(unit) ? u16(unit - 32) : unit;
  if (unit >= 0xe0 && unit <= 0xfe && unit != 0xf7) return u16(unit - 32);
  if (unit == 0xff) return 0x178;
  bool is_even_upper =
      (unit >= 0x100 && unit <= 0x137 && unit != 0x131) || (unit >= 0x14a && unit <= 0x177) || (unit >= 0x460 && unit <= 0x481);
  if (is_even_upper) return u16(unit & ~1);
  bool is_odd_upper = (unit >= 0x139 && unit <= 0x148) || (unit >= 0x179 && unit <= 0x17e);
  if (is_odd_upper) return u16((unit & 1) != 0 ? unit : unit - 1);
  if (unit >= 0x3b1 && unit <= 0x3c9 && unit != 0x3c2) return u16(unit - 32);
  if (unit >= 0x430 && unit <= 0x44f) return u16(unit - 32);
  if (unit >= 0x450 && unit <= 0x45f) return u16(unit - 80);
  return unit;
}

bool is_same(const Name& one, const Name& other) {
  if (one.length != other.length) return false;
  for (u32 i = 0; i < one.length; i++) {
    if (to_upper(one.units[i]) != to_upper(other.units[i])) return false;
  }
  return true;
}

Name name_of(const DirectoryEntry& entry) {
  Name name;
  auto add = [&](u32 from, u32 to, u8 flag) {
    while (to > from && entry.name[to - 1] == ' ') to--;
    for (u32 i = from; i < to; i++) {
      u8 letter = i == 0 && entry.name[0] == kReplacedFirst ? DirectoryEntry::kFree : entry.name[i];
      bool is_lowered = (entry.case_flags & flag) != 0 && is_upper(letter);
      name.units[name.length++] = letter >= 128 ? kCodePage437[letter - 128] : is_lowered ? u16(letter + 32) : letter;
    }
  };
  add(0, 8, DirectoryEntry::kLowerBase);
  if (entry.name[8] != ' ') name.units[name.length++] = '.';
  add(8, 11, DirectoryEntry::kLowerExtension);
  return name;
}

std::optional<ShortName> as_short_name(const Name& name) {
  u32 dot = name.length;
  for (u32 i = 0; i < name.length; i++) {
    if (name.units[i] == '.') {
      if (dot != name.length) return {};
      dot = i;
    } else if (!is_short_letter(name.units[i])) {
      return {};
    }
  }
  u32 extension = name.length - std::min(dot + 1, name.length);
  if (dot == 0 || dot > 8 || extension > 3 || (dot != name.length && extension == 0)) return {};
  ShortName result;
  std::span<const u16> base(name.units, dot), rest(name.units + name.length - extension, extension);
  auto base_case = case_of(base, DirectoryEntry::kLowerBase), rest_case = case_of(rest, DirectoryEntry::kLowerExtension);
  if (!base_case || !rest_case) return {};
  result.case_flags = u8(*base_case | *rest_case);
  memset(result.letters, ' ', sizeof result.letters);
  for (u32 i = 0; i < dot; i++) result.letters[i] = u8(to_upper(base[i]));
  for (u32 i = 0; i < extension; i++) result.letters[8 + i] = u8(to_upper(rest[i]));
  return result;
}

Aliases::Aliases(const Name& name) {
  u32 dot = name.length;
  for (u32 i = 1; i < name.length; i++) {
    if (name.units[i] == '.') dot = i;
  }
  auto letter = [](u16 unit) { return is_short_letter(unit) ? u8(to_upper(unit)) : u8('_'); };
  for (u32 i = 0; i < dot && base_length_ < 6; i++) {
    if (name.units[i] != ' ' && name.units[i] != '.') base_[base_length_++] = letter(name.units[i]);
  }
  if (base_length_ == 0) base_[base_length_++] = '_';
  u32 length = 0;
  for (u32 i = dot + 1; i < name.length && length < 3; i++) {
    if (name.units[i] != ' ') extension_[length++] = letter(name.units[i]);
  }
  for (u16 unit : name.span()) hash_ = (hash_ ^ unit) * 0x01000193;
}

ShortName Aliases::at(u32 number) const {
  ShortName result;
  memset(result.letters, ' ', sizeof result.letters);
  memcpy(result.letters + 8, extension_, 3);
  u8 tail[6];
  u32 tail_length = 0, value = number < kNumbered ? number + 1 : 1;
  for (; value != 0; value /= 10) tail[tail_length++] = u8('0' + value % 10);
  tail[tail_length++] = '~';
  u8 stem[8];
  u32 stem_length = base_length_;
  memcpy(stem, base_, base_length_);
  if (number >= kNumbered) {
    u32 hash = (hash_ + number * 0x9e3779b1) >> 16;
    stem_length = std::min(stem_length, 2U);
    for (u32 i = 0; i < 4; i++) stem[stem_length++] = u8("0123456789ABCDEF"[hash >> 4 * i & 15]);
  }
  stem_length = std::min(stem_length, 8 - tail_length);
  memcpy(result.letters, stem, stem_length);
  for (u32 i = 0; i < tail_length; i++) result.letters[stem_length + i] = tail[tail_length - 1 - i];
  return result;
}

std::optional<u32> Aliases::number_of(const u8 (&letters)[11]) const {
  u32 tilde = 0;
  for (u32 i = 1; i < 8; i++) {
    if (letters[i] == '~') tilde = i;
  }
  u32 value = 0;
  for (u32 i = tilde + 1; tilde != 0 && i < 8 && letters[i] >= '0' && letters[i] <= '9'; i++) value = value * 10 + letters[i] - '0';
  if (value == 0 || value > kNumbered || memcmp(at(value - 1).letters, letters, sizeof letters) != 0) return {};
  return value - 1;
}

u8 checksum_of(const u8 (&letters)[11]) {
  u32 sum = 0;
  for (u8 letter : letters) sum = (((sum & 1) << 7) + (sum >> 1) + letter) & 0xff;
  return u8(sum);
}

}  // namespace pith::fat
