// What lasts of the service of a host's folder: all of it lies in the vault.
#pragma once
#include <string_view>

#include "lib/vault/exchange.h"
#include "protocols/files_layout.h"
#include "servers/host_folder/message.h"
#include "servers/host_folder/sizes.h"

namespace pith::host_folder {

inline constexpr u32 kNowhere = ~u32{0};

/// A file or directory that is known by number, and the way to it.
struct Node {
  static constexpr u32 kUsed = 1, kRecent = 2;
  static constexpr u32 kHidden = 4;  ///< it has lost its name to its client, and has one in the folder itself that nobody is shown
  u64 number;                        ///< as the host tells files apart
  u64 changed;                       ///< number of the change that is not known to be on the medium; 0: none
  u32 parent;                        ///< place of the directory; kNowhere: it has no name any more
  u32 children, holds, flags;
  u32 next;  ///< place + 1 of the next one in its bucket
  u32 name_length;
  char name[kMostNameBytes + 1];

  std::string_view text() const { return {name, name_length}; }
  bool is_to_be_purged() const { return (flags & kHidden) != 0 && holds == 0; }
};

/// Of a session, as long as its component is the same instance.
struct Hold {
  u64 number;
  u32 session, instance, count, reserved;
};

/// A change of names or attributes. There is one at a time, and it goes on whoever dies meanwhile: what it has seen before it asked the
/// host tells afterwards whether the host has done it.
struct Job {
  enum class Kind : u32 { None, Make, Link, Remove, Rename, Change, Purge };
  enum class Step : u32 { Look, Hide, Do };
  Kind kind;
  Step step;
  vault::CallName caller;
  u64 directory, node;  ///< numbers; of a rename `node` is the directory of the new name
  u64 mode, changes, flags;
  u64 seen;        ///< what had the name
  u64 target;      ///< what had the new name
  u32 lengths[3];  ///< of both names, of a symbolic link's text
  u32 reserved;
  char names[2][kMostNameBytes + 1];
  files::Attributes wanted;

  std::string_view name(u32 which) const { return {names[which], lengths[which]}; }
};

/// What has become of a job.
struct Outcome {
  vault::CallName caller;
  u32 is_used;
  u32 error;
  files::Attributes attributes;
};

/// A call that is answered later: of contents, or for the medium.
struct Transfer {
  enum class Kind : u32 { None, Read, Write, Sync };
  Kind kind;
  u32 session;
  Token token;
  u32 reserved;
  u64 order;  ///< transfers are numbered
  u64 node, offset, length, place, done;
};

struct State {
  static constexpr u64 kLayout = 1;

  u32 nodes, to_be_purged, hand, next_outcome;
  u32 changed_nodes, reserved;
  u64 orders, changes;
  u32 buckets[kNodes];
  Node table[kNodes];
  Hold holds[kHolds];
  Job job;
  char text[kMostTextBytes + 1];  ///< of the symbolic link that the job makes
  Outcome outcomes[kOutcomes];
  Transfer transfers[kTransfers];

  void begin() {}
};

}  // namespace pith::host_folder
