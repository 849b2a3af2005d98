// Signals that wait: one of a number for the old ones, queues for real-time ones; and how a program sees what is known of one.
#include "personality/linux/signal/signals.h"

namespace pith::personality {

u64 PendingSignals::queued_ = 0;

bool PendingSignals::add(const SignalInformation& item) {
  bool waits = set_.has(item.signal);
  set_.add(item.signal);
  if (item.signal < Signal::FirstRealTime) {
    if (!waits) {
      information_[item.signal - 1] = item;
      return true;
    }
    if (!item.timer) return false;  // a timer's own is always kept: the timer goes on when it is taken
  }
  queue_.push_back(item);
  queued_++;
  return true;
}

SignalInformation PendingSignals::take(u32 signal) {
  SignalInformation item;
  bool is_real_time = signal >= Signal::FirstRealTime;
  if (!is_real_time) item = information_[signal - 1];
  set_.remove(signal);
  u32 wanted = is_real_time ? 2 : 1;
  for (auto it = queue_.begin(); it != queue_.end() && wanted;) {
    if (it->signal != signal) {
      ++it;
      continue;
    }
    if (wanted-- == 2) {
      item = *it;
      it = queue_.erase(it);
      queued_--;
      continue;
    }
    set_.add(signal);  // one more
    if (is_real_time) break;
    information_[signal - 1] = *it;
    it = queue_.erase(it);
    queued_--;
  }
  return item;
}

void PendingSignals::discard(SignalSet signals) {
  set_ = set_ & ~signals;
  queued_ -= std::erase_if(queue_, [&](const SignalInformation& item) { return signals.has(item.signal); });
}

RawSignalInformation raw_information(const SignalInformation& information) {
  RawSignalInformation raw = {};
  raw.signal = i32(information.signal);
  raw.code = information.code;
  if (kSynchronous.has(information.signal) && information.code > 0) {
    raw.words[0] = information.address;
    return raw;
  }
  raw.words[0] = u32(information.pid) | u64{information.uid} << 32;
  raw.words[1] = information.signal == Signal::Child && information.code > 0 ? u64(u32(information.status)) : information.address;
  return raw;
}

}  // namespace pith::personality
