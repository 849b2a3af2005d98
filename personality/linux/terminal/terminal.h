// The terminal: a line discipline on the console service, with a session and a foreground process group.
#pragma once
#include "personality/linux/files/file.h"
#include "personality/linux/terminal/byte_sink.h"
#include "personality/linux/terminal/line_discipline.h"

namespace pith::personality {

/// A terminal. Guarded by the environment's lock.
class Terminal final : public Counted {
 public:
  explicit Terminal(ByteSink::Send send) : output(std::move(send)) {}

  /// Takes bytes that were typed.
  void receive(std::string_view bytes);
  /// The session that owns it has ended.
  void lose_session(i32 session);

  LineDiscipline discipline;
  ByteSink output;
  WaitList readable;
  i32 session = 0;     ///< 0: nobody's controlling terminal
  i32 foreground = 0;  ///< process group
  u16 rows = 24, columns = 80;
};

/// An open terminal. Without OpenFlag::NoControl a session leader without terminal gets it as its own.
Result<Reference<File>> open_terminal(Task& task, Reference<Inode> inode, Terminal& terminal, u32 flags);

/// A stream that is not a terminal: standard input, output and error of a command that is run without one.
class StreamFile final : public File {
 public:
  enum class Source : u8 { Console, None };
  StreamFile(Reference<Inode> inode, ByteSink& sink, Source source) : File(std::move(inode)), sink_(sink), source_(source) {}
  Result<u64> read(Task& task, Transfer& to, u64) override;
  Result<u64> write(Task& task, Transfer& from, u64) override;

 private:
  ByteSink& sink_;
  Source source_;
};

/// What such a stream looks like to stat, and how /dev/stdin and its like open it again: a pipe.
class StreamInode final : public Inode {
 public:
  StreamInode(ByteSink& sink, StreamFile::Source source) : Inode(kPipefs, FileMode::Fifo | 0600), sink_(sink), source_(source) { links = 1; }
  Result<Reference<File>> open(Task&, u32) override { return Reference<File>(new StreamFile(Reference<Inode>(this), sink_, source_)); }

 private:
  ByteSink& sink_;
  StreamFile::Source source_;
};

/// Writes all of `from` through `sink`, as `prepare` makes it (identity for streams).
Result<u64> write_through(Task& task, ByteSink& sink, Transfer& from, const LineDiscipline* discipline, u32 nonblocking);

/// The thread that feeds the console's input to the terminal. Never returns.
void run_console_input();

}  // namespace pith::personality
