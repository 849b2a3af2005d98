// Figures in words.
#include "tools/torture/text.h"

#include <cstdarg>
#include <cstdio>

namespace pith::torture {

namespace {

using ull = unsigned long long;

[[gnu::format(printf, 1, 2)]] std::string format(const char* format, ...) {
  char text[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  return text;
}

double milliseconds(u64 nanoseconds) { return double(nanoseconds) / 1e6; }

/// What is counted of all faults, and of those of one service or kind.
struct Figures {
  u64 made, activated, recovered, stuck, lost, inside, committed;
  u64 p50, p99, longest;
};

template <class Predicate>
Figures figures_of(const Results& results, Predicate is_counted) {
  auto count = [&](auto is_so) { return results.count([&](const Fault& fault) { return is_counted(fault) && is_so(fault); }); };
  std::vector<u64> times = results.recovery_times(is_counted);
  return {count([](const Fault&) { return true; }),
          count([](const Fault& fault) { return fault.is_activated(); }),
          count([](const Fault& fault) { return fault.is_recovered(); }),
          count([](const Fault& fault) { return fault.outcome == "stuck"; }),
          count([](const Fault& fault) { return fault.outcome == "lost"; }),
          count([](const Fault& fault) { return fault.moment == "inside"; }),
          count([](const Fault& fault) { return fault.moment == "committed"; }),
          percentile(times, 50),
          percentile(times, 99),
          percentile(times, 100)};
}

Figures all(const Results& results) {
  return figures_of(results, [](const Fault&) { return true; });
}
Figures of_target(const Results& results, const std::string& name) {
  return figures_of(results, [&](const Fault& fault) { return fault.target == name; });
}
Figures of_kind(const Results& results, const std::string& name) {
  return figures_of(results, [&](const Fault& fault) { return fault.kind == name; });
}

Findings findings_of(const Results& results, const std::string& service) {
  auto found = results.findings().find(service);
  return found == results.findings().end() ? Findings() : found->second;
}

std::string recovery(const Figures& figures) {
  return format("{\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f}", milliseconds(figures.p50), milliseconds(figures.p99),
                milliseconds(figures.longest));
}

std::string counts(const Figures& figures, const Findings& findings) {
  return format(
             "\"injected\": %llu, \"activated\": %llu, \"recovered\": %llu, \"stuck\": %llu, \"gone\": %llu, \"lost\": %llu, \"doubled\": "
             "%llu, "
             "\"wrong\": %llu, \"inside_events\": %llu, \"between_commit_and_reply\": %llu, \"recovery_ms\": ",
             ull(figures.made), ull(figures.activated), ull(figures.recovered), ull(figures.stuck), ull(figures.lost), ull(findings.lost),
             ull(findings.doubled), ull(findings.wrong), ull(figures.inside), ull(figures.committed)) +
         recovery(figures);
}

std::string row(const std::string& name, const Figures& figures, const std::string& findings) {
  return format("| %s | %llu | %llu | %llu | %llu | %llu | %s | %.2f | %.2f | %.2f |\n", name.c_str(), ull(figures.made),
                ull(figures.activated), ull(figures.recovered), ull(figures.inside), ull(figures.committed), findings.c_str(),
                milliseconds(figures.p50), milliseconds(figures.p99), milliseconds(figures.longest));
}

std::string words_of(const Findings& findings) {
  return format("%llu, %llu, %llu", ull(findings.lost), ull(findings.doubled), ull(findings.wrong));
}

constexpr u64 kFindingsOfFault = 3;  // that are told

/// A fault that was not recovered from, or not without loss.
std::string exception(const Results& results, const Fault& fault) {
  std::string text = format("- fault %llu: %s of %s (%s), %s: %s\n", ull(fault.number), fault.kind.c_str(), fault.target.c_str(),
                            fault.moment.c_str(), fault.place.c_str(), fault.outcome.c_str());
  u64 count = 0;
  for (const Finding& finding : results.list()) {
    if (finding.fault == fault.number && count++ < kFindingsOfFault) text += "  - " + finding.text + "\n";
  }
  if (count > kFindingsOfFault) text += format("  - and %llu more\n", ull(count - kFindingsOfFault));
  return text;
}

}  // namespace

bool is_good(const Results& results, const Verdict& verdict) {
  Figures figures = all(results);
  return verdict.is_complete && !verdict.has_panicked && results.all_findings().total() == 0 && figures.activated == figures.recovered;
}

std::string summary(const Options& options, const Results& results, const Verdict& verdict) {
  Figures figures = all(results);
  Findings findings = results.all_findings();
  std::string text = format("seed %llu: %llu of %llu faults made, %llu activated, %llu recovered, %llu stuck, %llu gone\n",
                            ull(options.seed), ull(figures.made), ull(verdict.machines * options.faults), ull(figures.activated),
                            ull(figures.recovered), ull(figures.stuck), ull(figures.lost)) +
                     format("%llu inside events, %llu between commit and reply\n", ull(figures.inside), ull(figures.committed)) +
                     format("back after %.3f ms (p50), %.3f ms (p99), %.3f ms (longest)\n", milliseconds(figures.p50),
                            milliseconds(figures.p99), milliseconds(figures.longest)) +
                     format("results: %llu lost, %llu doubled, %llu wrong; kernel panics: %d\n", ull(findings.lost), ull(findings.doubled),
                            ull(findings.wrong), verdict.has_panicked);
  for (const auto& [client, operations] : results.operations())
    text += format("%s compared %llu operations\n", client.c_str(), ull(operations));
  if (verdict.machines > 1)
    text += format("%llu machines, of which %llu did not come to their end\n", ull(verdict.machines), ull(verdict.unfinished));
  else if (!verdict.is_complete)
    text += "the run did not come to its end\n";
  return text;
}

std::string json(const Options& options, const Results& results, const Verdict& verdict) {
  std::string text =
      format("{\"seed\": %llu, \"cpus\": %llu, \"panics\": %d, ", ull(options.seed), ull(options.cpus), verdict.has_panicked) +
      counts(all(results), results.all_findings()) + ", \"operations\": {";
  const char* separator = "";
  for (const auto& [client, operations] : results.operations()) {
    text += format("%s\"%s\": %llu", separator, client.c_str(), ull(operations));
    separator = ", ";
  }
  separator = "";
  text += "}, \"kinds\": {";
  for (const std::string& kind : pieces_of(options.kinds)) {
    text += format("%s\"%s\": {", separator, kind.c_str()) + counts(of_kind(results, kind), {}) + "}";
    separator = ", ";
  }
  separator = "";
  text += "}, \"services\": {";
  for (const std::string& name : pieces_of(options.targets)) {
    text += format("%s\"%s\": {", separator, name.c_str()) + counts(of_target(results, name), findings_of(results, name)) + "}";
    separator = ", ";
  }
  return text + "}}\n";
}

std::string page(const Options& options, const Results& results, const Verdict& verdict, const std::string& plot) {
  std::string text = "# Faults in running services\n\nMade by\n\n```\n" + command_of(options) +
                     "\n```\n\nwhat each word means: "
                     "[docs/guides/torture.md](../guides/torture.md). Times are milliseconds of the guest";
  text += !options.uses_host_time ? ", one for each million instructions" : ", which the host's processors share";
  text += ", from the fault to the next answer.\n\n```\n" + summary(options, results, verdict) + "```\n\n";
  if (!plot.empty()) text += "![each fault, and how long its service was away](" + plot + ")\n\n";
  text +=
      "| | made | activated | recovered | inside events | between commit and reply | results lost, doubled, wrong | p50 | p99 | longest |\n"
      "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
  for (const std::string& kind : pieces_of(options.kinds)) text += row("*" + kind + "*", of_kind(results, kind), "");
  for (const std::string& name : pieces_of(options.targets))
    text += row(name, of_target(results, name), words_of(findings_of(results, name)));
  text += row("all", all(results), words_of(results.all_findings()));
  std::string exceptions;
  for (const Fault& fault : results.faults()) {
    if (fault.is_activated() && (!fault.is_recovered() || fault.findings != 0)) exceptions += exception(results, fault);
  }
  if (!exceptions.empty()) text += "\n## What was not recovered from, and what was found\n\n" + exceptions;
  return text;
}

}  // namespace pith::torture
