// A 16550 in memory for tests.
#pragma once
#include <deque>
#include <string>

#include "drivers/serial/ns16550/registers.h"

namespace pith::ns16550 {

/// Receives what a test puts into `input`, sends to `output`, and takes 16 bytes at a time while `is_sending` is true.
class FakeAccess final : public Access {
 public:
  std::deque<u8> input;
  std::string output;
  u32 queued = 0;          ///< bytes in the transmit queue
  bool is_sending = true;  ///< the queue empties itself
  u8 interrupt_enable = 0, line_control = 0, fifo_control = 0, modem_control = 0;
  u16 divisor = 0;

  u8 read(Register which) override {
    if (which == Register::LineStatus) {
      if (is_sending) queued = 0;
      u8 sent = queued == 0 ? LineStatus::HoldingEmpty | LineStatus::AllSent : 0;
      return u8((input.empty() ? 0 : LineStatus::DataReady) | sent);
    }
    if (which == Register::Data && !input.empty()) {
      u8 value = input.front();
      input.pop_front();
      return value;
    }
    return 0;
  }
  void read_and_commit(Register which, std::byte* place, Commit commit) override {
    *place = std::byte(read(which));
    *commit.address = commit.value;
  }
  void write_and_commit(Register which, u8 value, Commit commit) override {
    write(which, value);
    *commit.address = commit.value;
  }
  void write(Register which, u8 value) override {
    bool is_latched = line_control & LineControl::Latch;
    switch (which) {
      case Register::Data:
        if (is_latched) {
          divisor = u16((divisor & 0xff00) | value);
        } else {
          output.push_back(char(value));
          queued++;
        }
        break;
      case Register::InterruptEnable:
        if (is_latched) {
          divisor = u16((divisor & 0xff) | value << 8);
        } else {
          interrupt_enable = value;
        }
        break;
      case Register::FifoControl:
        fifo_control = value;
        if (value & FifoControl::ClearReceive) input.clear();
        break;
      case Register::LineControl:
        line_control = value;
        break;
      case Register::ModemControl:
        modem_control = value;
        break;
      case Register::LineStatus:
        break;
    }
  }
};

}  // namespace pith::ns16550
