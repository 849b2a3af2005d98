// What a run of the torture has shown, read from the lines that the system writes.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace pith::torture {

/// How results were wrong, and how often.
struct Findings {
  u64 lost = 0, doubled = 0, wrong = 0;

  u64 total() const { return lost + doubled + wrong; }
  void add(std::string_view kind, u64 count = 1);
};

/// One fault, as tests/fault/main.cpp writes it down. Times are nanoseconds of the guest.
struct Fault {
  u64 number = 0;
  std::string target, kind, moment, outcome;
  u64 at = 0, away = 0;
  std::string place;  ///< instance, and where what was changed
  u64 findings = 0;   ///< that came after it, before the next one of the same target
  bool is_activated() const { return outcome != "dormant" || findings != 0; }
  bool is_recovered() const { return outcome == "recovered"; }
};

/// Of the values, the smallest that at least `percent` of them do not exceed (nearest rank); 0 of none.
u64 percentile(std::vector<u64> values, double percent);

/// Takes crash records out of the stream: the supervisor writes them through the kernel, whatever line the log is at.
class CrashFilter {
 public:
  /// The line without them, if it is at its end: true.
  bool take(std::string_view line, std::string& whole);

 private:
  std::string held_;
  bool is_in_record_ = false;
};

/// One that was found.
struct Finding {
  std::string service, text;
  u64 time;
  u64 fault = 0;  ///< number of the one that it came after, of that service if there was one
};

class Results {
 public:
  /// One line of the system's diagnostics.
  void take_line(std::string_view line);
  /// What was found at `time`, nanoseconds of the guest; by whoever does not know that (the dialogue with the Linux environment), now.
  void add_finding(const std::string& service, std::string_view kind, const std::string& text, u64 time = ~u64{0});
  /// After the last line: says which fault each finding came after, and finds clients that came no further. `answers`: operations of the
  /// dialogue.
  void finish(u64 answers = 0);

  /// Another machine's, as if it had gone on with this one. Both are finished.
  void add(const Results& more);

  const std::vector<Fault>& faults() const { return faults_; }
  /// By service; those of the Linux environment are its own.
  const std::map<std::string, Findings>& findings() const { return findings_; }
  /// In words.
  const std::vector<Finding>& list() const { return list_; }
  /// Operations that were compared, by client.
  const std::map<std::string, u64>& operations() const { return operations_; }
  Findings all_findings() const;
  /// Times to recover of those that satisfy `is_counted`.
  template <class Predicate>
  std::vector<u64> recovery_times(Predicate is_counted) const {
    std::vector<u64> times;
    for (const Fault& fault : faults_) {
      if (fault.is_recovered() && is_counted(fault)) times.push_back(fault.away);
    }
    return times;
  }
  template <class Predicate>
  u64 count(Predicate is_counted) const {
    u64 count = 0;
    for (const Fault& fault : faults_) count += is_counted(fault);
    return count;
  }
  /// The torture has said that it is at its end.
  bool has_ended() const { return has_ended_; }

 private:
  void take_fault(std::string_view text);
  void take_check(std::string_view text, u64 time);
  void find_idle_clients();

  CrashFilter filter_;
  std::vector<Fault> faults_;
  std::map<std::string, Findings> findings_, counted_;  // by service from their lines; by client, what it counts
  std::vector<Finding> list_;
  std::map<std::string, u64> operations_, heard_;  // by client; when it was heard of last
  bool has_ended_ = false;
};

}  // namespace pith::torture
