// Linux's own errors as values of the system's Error, and the one function that turns any Error into an errno.
#pragma once
#include "abi/error.h"
#include "base/result.h"

namespace pith::personality {

/// Errors that only Linux programs know live above this number: kLinuxErrors + errno.
inline constexpr u32 kLinuxErrors = 0x10000;

/// The Error that stands for a Linux errno.
constexpr Error linux_error(u32 number) { return Error(kLinuxErrors + number); }

/// The Linux errors by name. Handlers return them like any other Error.
struct LinuxError {
  static constexpr Error NotPermitted = linux_error(1);
  static constexpr Error NoEntry = linux_error(2);
  static constexpr Error NoProcess = linux_error(3);
  static constexpr Error Interrupted = linux_error(4);
  static constexpr Error InputOutput = linux_error(5);
  static constexpr Error NoDevice = linux_error(6);
  static constexpr Error TooLong = linux_error(7);
  static constexpr Error NotExecutable = linux_error(8);
  static constexpr Error BadDescriptor = linux_error(9);
  static constexpr Error NoChild = linux_error(10);
  static constexpr Error TryAgain = linux_error(11);
  static constexpr Error OutOfMemory = linux_error(12);
  static constexpr Error AccessDenied = linux_error(13);
  static constexpr Error BadPointer = linux_error(14);
  static constexpr Error Busy = linux_error(16);
  static constexpr Error Exists = linux_error(17);
  static constexpr Error CrossDevice = linux_error(18);
  static constexpr Error NoSuchDevice = linux_error(19);
  static constexpr Error NotDirectory = linux_error(20);
  static constexpr Error IsDirectory = linux_error(21);
  static constexpr Error Invalid = linux_error(22);
  static constexpr Error TooManyFiles = linux_error(24);
  static constexpr Error NotTerminal = linux_error(25);
  static constexpr Error TextBusy = linux_error(26);
  static constexpr Error FileTooBig = linux_error(27);
  static constexpr Error NoSpace = linux_error(28);
  static constexpr Error IllegalSeek = linux_error(29);
  static constexpr Error ReadOnlyFiles = linux_error(30);
  static constexpr Error TooManyLinks = linux_error(31);
  static constexpr Error BrokenPipe = linux_error(32);
  static constexpr Error DeadLock = linux_error(35);
  static constexpr Error OutOfRange = linux_error(34);
  static constexpr Error NameTooLong = linux_error(36);
  static constexpr Error NotImplemented = linux_error(38);
  static constexpr Error NotEmpty = linux_error(39);
  static constexpr Error Loop = linux_error(40);
  static constexpr Error NoData = linux_error(61);
  static constexpr Error Overflow = linux_error(75);
  static constexpr Error NotSocket = linux_error(88);
  static constexpr Error NotSupported = linux_error(95);
  static constexpr Error NoFamily = linux_error(97);
  static constexpr Error NoDestination = linux_error(89);
  static constexpr Error MessageTooLong = linux_error(90);
  static constexpr Error NoProtocolOption = linux_error(92);
  static constexpr Error NoProtocol = linux_error(93);
  static constexpr Error NoSocketType = linux_error(94);
  static constexpr Error AddressInUse = linux_error(98);
  static constexpr Error AddressNotAvailable = linux_error(99);
  static constexpr Error NetworkUnreachable = linux_error(101);
  static constexpr Error ConnectionReset = linux_error(104);
  static constexpr Error NoBuffers = linux_error(105);
  static constexpr Error IsConnected = linux_error(106);
  static constexpr Error NotConnected = linux_error(107);
  static constexpr Error TimedOut = linux_error(110);
  static constexpr Error ConnectionRefused = linux_error(111);
  static constexpr Error AlreadyConnecting = linux_error(114);
  static constexpr Error InProgress = linux_error(115);
  /// Never seen by programs: the call was broken off by a signal and is run again …
  static constexpr Error Restart = linux_error(512);           ///< … unless a handler without SA_RESTART runs
  static constexpr Error RestartNoHandler = linux_error(514);  ///< … unless any handler runs
  static constexpr Error RestartDeadline = linux_error(516);   ///< as RestartNoHandler, keeping the deadline of the first attempt
};

/// The number that a Linux program sees for `error`: positive.
u32 errno_of(Error error);

/// True for the three that ask for the call to be run again.
constexpr bool is_restart(Error error) {
  return error == LinuxError::Restart || error == LinuxError::RestartNoHandler || error == LinuxError::RestartDeadline;
}

}  // namespace pith::personality
