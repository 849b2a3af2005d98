// The conversation with the folder's host: what an instance knows of it, and what has been asked and answered. Gone with the instance.
//
// Whoever asks is a *script*: code that runs from its beginning each time that an answer has come. Answers it has had are kept, so it
// comes one question farther each time. It ends with WouldBlock until look() has said that something has moved.
#pragma once
#include "base/result.h"
#include "drivers/virtio/ninep/device.h"
#include "lib/vault/exchange.h"
#include "servers/host_folder/message.h"
#include "servers/host_folder/sizes.h"

namespace pith::host_folder {

/// What a fid is for.
enum class Use : u8 { Walk, Read, Write, Directory };

/// A reply's fields, behind its header. Valid until the script goes on.
struct Reply {
  std::span<const std::byte> body;
  u32 length;  ///< of the whole message, wherever its end was put
  Reader reader() const { return Reader(body); }
};

class Host {
 public:
  /// `device`: null where there is none.
  explicit Host(virtio_ninep::Device* device);

  /// Takes replies, and begins the conversation if need be. Whether something has moved.
  bool look();
  /// Errors: NotFound: there is no folder; Damaged: its host does not answer any more, or not as it should; WouldBlock.
  Result<void> check() const;
  /// Whether check() is going to say something else than WouldBlock.
  bool is_settled() const { return stage_ != Stage::Begin && stage_ != Stage::Version && stage_ != Stage::Attach; }
  const Qid& root() const { return root_; }
  /// The folder's name says that nothing may be changed there.
  bool is_read_only() const { return is_read_only_; }
  /// Bytes that a read or write moves at most.
  u32 most_data() const { return most_data_; }
  /// Another one: everything that the host was asked before is done or never will be, and whose answers did not come, nobody knows.
  u64 epoch() const { return epoch_; }

  // Scripts.
  void begin(u32 script);
  void begin_call(const vault::CallName& call);
  /// Forgets its answers.
  void end();
  /// A number that the script may keep beside its answers; 0 at its beginning.
  u64& note() { return script().note; }
  void forget_answers() { script().count = position_ = 0; }
  /// Whether the script has asked something again, as other things have changed meanwhile.
  bool has_asked_again() { return script().has_asked_again; }
  /// The draft of the next question.
  Writer message() { return Writer(draft_); }
  /// Errors: what the host answers; Damaged when it makes no sense; WouldBlock until it has answered.
  Result<Reply> ask(Kind kind, Writer& message, virtio::Piece data = {}, u32 reply_length = virtio_ninep::kMessageBytes);
  /// A fid of the script's own, 0 or 1. It is given up at the end, unless it is kept for a file.
  Result<u32> scratch(u32 which);
  void keep_scratch(u32 which, u64 node);

  // Fids of files, by the files' numbers.
  /// Nothing: there is none. Errors: why it cannot be made; WouldBlock until it is.
  Result<std::optional<u32>> find(u64 node, Use use);
  /// Makes one: from `from` to the file called `name` there, or another one for the same file when that is empty.
  /// Answers WouldBlock.
  Error walk(u64 node, Use use, u32 from, std::string_view name);
  /// Gives up all of a file that it does not have any more.
  void forget(u64 node);

 private:
  static constexpr u32 kShortBytes = 168, kMostAsks = 10, kMostRestarts = 4;
  enum class Stage : u8 { Absent, Begin, Version, Attach, Ready, Failed };
  enum class Answer : u8 { Pending, Good, Bad };
  struct Kept {
    u64 question;  ///< a hash of it
    Answer state;
    Error error;
    u32 length, size;  ///< of the body as kept, of the message
    std::byte bytes[kShortBytes];
  };
  struct Script {
    vault::CallName call;
    u64 used, note;
    u32 count;
    u32 life;  ///< replies to the script that was here before are nobody's
    u32 scratch[2];
    bool has_asked_again;
    Kept kept[kMostAsks];
    std::byte bulk[virtio_ninep::kMessageBytes];  ///< the last long body
  };
  enum class Phase : u8 { Free, Walking, Walked, Opening, Ready, Bad, Scratch, Doomed, Clunking };
  struct Fid {
    u64 node, used;
    Phase phase;
    Use use;
    Error error;
  };
  enum class Purpose : u8 { None, Setup, Ask, Fid };
  struct Question {
    Purpose purpose;
    Kind kind;
    u32 index;  ///< of the script or fid
    u32 life, position;
    u32 reply_length;
  };

  Script& script() { return scripts_[current_]; }
  void reset_script(Script& script);
  void reset();
  void begin_conversation();
  bool take_all();
  void take(const Question& question, Error error, std::span<const std::byte> body, u32 size);
  void take_setup(Kind kind, Error error, Reader reader);
  void take_fid(Fid& fid, Kind kind, Error error, Reader reader);
  void clunk_doomed();
  void doom(Fid& fid);
  void send(u32 request, const Writer& message, const Question& question, virtio::Piece data);
  Result<u32> free_fid();

  virtio_ninep::Device* device_;
  Stage stage_;
  bool is_read_only_ = false;
  u32 restarts_ = 0, most_data_ = 0;
  u64 epoch_ = 0, clock_ = 0;
  Qid root_ = {};
  u32 current_ = 0, position_ = 0;
  Question questions_[virtio_ninep::kRequests] = {};
  Fid fids_[kFids] = {};  // number 0 is the folder itself
  u32 fids_end_ = 1;      // no fid from there on is used
  bool has_doomed_ = false;
  Script scripts_[kScripts] = {};
  std::byte draft_[virtio_ninep::kMessageBytes];
};

/// What a number that Linux calls an error means here.
Error error_of(u32 number);

}  // namespace pith::host_folder
