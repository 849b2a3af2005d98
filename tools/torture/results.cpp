// Reads the lines of torture, teller and checker.
#include "tools/torture/results.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace pith::torture {

namespace {

u64 number_in(std::string_view text) {
  u64 value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The value of `NAME=VALUE` in a text of such words.
std::string_view value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') return word.substr(name.size() + 1);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return {};
}

/// What follows `mark`, which stands somewhere in the line; nothing where it does not.
std::string_view behind(std::string_view line, std::string_view mark) {
  usize at = line.find(mark);
  return at == line.npos ? std::string_view() : line.substr(at + mark.size());
}

/// The end of the millisecond that the line begins with, as in `[    1.234] `.
u64 time_of(std::string_view line) {
  usize start = line.find_first_not_of(" [");
  usize dot = line.find('.');
  if (start == line.npos || dot == line.npos || dot < start) return 0;
  return (number_in(line.substr(start)) * 1000 + number_in(line.substr(dot + 1)) + 1) * 1'000'000 - 1;
}

/// Where a crash record begins: `crash NAME instance `.
usize start_of_record(std::string_view line) {
  for (usize at = line.find("crash "); at != line.npos; at = line.find("crash ", at + 1)) {
    std::string_view rest = line.substr(at + 6);
    if (rest.substr(std::min(rest.find(' '), rest.size())).starts_with(" instance ")) return at;
  }
  return line.npos;
}

bool continues_record(std::string_view line) {
  return line.starts_with("  fault ") || line.starts_with("  hang ") || line.starts_with("  event ") || line.starts_with("  #") ||
         (line.starts_with("  r") && line.size() > 9 && line[8] == ' ');
}

}  // namespace

void Findings::add(std::string_view kind, u64 count) { (kind == "lost" ? lost : kind == "doubled" ? doubled : wrong) += count; }

u64 percentile(std::vector<u64> values, double percent) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  auto rank = usize(std::ceil(percent / 100 * double(values.size())));
  return values[std::clamp<usize>(rank, 1, values.size()) - 1];
}

bool CrashFilter::take(std::string_view line, std::string& whole) {
  if (is_in_record_ && continues_record(line)) return false;
  is_in_record_ = false;
  if (usize start = start_of_record(line); start != line.npos) {
    held_ += line.substr(0, start);
    is_in_record_ = true;
    return false;
  }
  whole = held_ + std::string(line);
  held_.clear();
  return true;
}

void Results::take_line(std::string_view line) {
  std::string whole;
  if (!filter_.take(line, whole)) return;
  if (auto text = behind(whole, "torture: fault: "); !text.empty()) return take_fault(text);
  if (auto text = behind(whole, ": check: "); !text.empty()) return take_check(text, time_of(whole));
  if (auto text = behind(whole, "torture: torture: "); !text.empty()) has_ended_ = true;
  // It was given up.
  if (whole.find("has failed and is not started again") != whole.npos) add_finding("supervisor", "wrong", whole);
}

void Results::take_fault(std::string_view text) {
  auto word = [&](const char* name) { return std::string(value_of(text, name)); };
  Fault fault;
  fault.number = number_in(value_of(text, "number"));
  fault.target = word("target");
  fault.kind = word("kind");
  fault.moment = word("moment");
  fault.outcome = word("outcome");
  fault.at = number_in(value_of(text, "at"));
  fault.away = number_in(value_of(text, "away"));
  fault.place = "instance " + word("instance") + ", " + word("address") + ": " + word("before") + " → " + word("after");
  u64 expected = faults_.empty() ? 1 : faults_.back().number + 1;
  if (fault.number != expected) add_finding("log", fault.number > expected ? "lost" : "doubled", "line of fault " + word("number"));
  if (fault.number >= expected) faults_.push_back(fault);
}

void Results::take_check(std::string_view text, u64 time) {
  std::string name(text.substr(0, text.find(' ')));
  if (std::string_view operations = value_of(text, "operations"); !operations.empty()) {
    operations_[name] = number_in(operations);
    heard_[name] = time;
    counted_[name] = {number_in(value_of(text, "lost")), number_in(value_of(text, "doubled")), number_in(value_of(text, "wrong"))};
    return;
  }
  std::string_view kind = text.substr(std::min(name.size() + 1, text.size()));
  add_finding(name, kind.substr(0, kind.find(':')), std::string(text), time);
}

void Results::add_finding(const std::string& service, std::string_view kind, const std::string& text, u64 time) {
  findings_[service].add(kind);
  if (time == ~u64{0} && !faults_.empty()) time = faults_.back().at;
  list_.push_back({service, text, time});
}

/// A client that waits for ever finds nothing: that is a finding. Who hears nothing for half of the run, and longer than a connection may
/// take to repeat what was lost, waits for ever.
void Results::find_idle_clients() {
  if (!has_ended_ || faults_.empty()) return;
  constexpr u64 kLongestSilence = 2'000'000'000;
  constexpr std::pair<const char*, const char*> kServices[] = {{"checker", "log"}, {"echo", "network"},     {"ext4", "ext4"},
                                                               {"fat", "fat"},     {"loopback", "network"}, {"pings", "netcard"},
                                                               {"scribe", "disk"}, {"teller", "bank"}};
  u64 begin = faults_.front().at, end = faults_.back().at;
  for (auto [client, service] : kServices) {
    u64 last = std::max(heard_[client], begin);
    if (end < last || end - last <= std::max(kLongestSilence, (end - begin) / 2)) continue;
    add_finding(service, "lost", std::string(client) + " has come no further", last);
  }
}

void Results::finish(u64 answers) {
  if (answers != 0) operations_["linux"] = answers;
  find_idle_clients();
  for (Finding& finding : list_) {
    Fault* cause = nullptr;
    for (Fault& fault : faults_) {
      if (fault.at > finding.time) continue;
      if (!cause || fault.target == finding.service || cause->target != finding.service) cause = &fault;
    }
    if (!cause) continue;
    finding.fault = cause->number;
    cause->findings++;
  }
}

void Results::add(const Results& more) {
  auto add_all = [](std::map<std::string, Findings>& sum, const std::map<std::string, Findings>& other) {
    for (const auto& [name, some] : other) {
      sum[name].lost += some.lost;
      sum[name].doubled += some.doubled;
      sum[name].wrong += some.wrong;
    }
  };
  u64 number = faults_.empty() ? 0 : faults_.back().number, time = faults_.empty() ? 0 : faults_.back().at;
  for (Fault fault : more.faults_) {
    fault.number += number;
    fault.at += time;
    faults_.push_back(fault);
  }
  for (Finding finding : more.list_) {
    if (finding.fault != 0) finding.fault += number;
    finding.time += time;
    list_.push_back(finding);
  }
  add_all(findings_, more.findings_);
  add_all(counted_, more.counted_);
  for (const auto& [client, count] : more.operations_) operations_[client] += count;
}

/// A client that has found much no longer writes a line for each.
Findings Results::all_findings() const {
  Findings by_line, by_count;
  auto add = [](Findings& sum, const Findings& more) {
    sum.lost += more.lost;
    sum.doubled += more.doubled;
    sum.wrong += more.wrong;
  };
  for (const auto& [service, some] : findings_) add(by_line, some);
  for (const auto& [client, some] : counted_) add(by_count, some);
  return {std::max(by_line.lost, by_count.lost), std::max(by_line.doubled, by_count.doubled), std::max(by_line.wrong, by_count.wrong)};
}

}  // namespace pith::torture
