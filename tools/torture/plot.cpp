// Draws the timeline and the histogram. Times to recover are on a logarithmic scale, 10 µs to 1 s.
#include "tools/torture/plot.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace pith::torture {

namespace {

constexpr double kLeft = 90, kWidth = 980, kRight = kLeft + kWidth, kTop = 92;
constexpr double kRow = 62, kMark = 50;  // of one service
constexpr double kBars = 150;            // height of the histogram
constexpr double kShortest = 1e4, kDecades = 5, kBinsPerDecade = 10;

struct Kind {
  const char* name;
  const char* colour;
};
constexpr Kind kKinds[] = {
    {"kill", "#3b6fb6"}, {"hang", "#8a4fb0"}, {"bitflip", "#2f9c6a"}, {"instruction", "#d08a1d"}, {"garbage", "#7a6a58"},
};
constexpr char kDormantColour[] = "#c8c8c8", kBadColour[] = "#d02020";

const char* colour_of(const std::string& kind) {
  auto found = std::ranges::find(kKinds, kind, [](const Kind& one) { return std::string(one.name); });
  return found == std::end(kKinds) ? "#000000" : found->colour;
}

/// 0…1 on the scale of times.
double place_of(double nanoseconds) { return std::clamp(std::log10(std::max(nanoseconds, 1.0) / kShortest) / kDecades, 0.0, 1.0); }

std::string time_text(double nanoseconds) {
  char text[32];
  if (nanoseconds < 1e6) {
    snprintf(text, sizeof text, "%g µs", nanoseconds / 1e3);
  } else {
    snprintf(text, sizeof text, nanoseconds < 1e9 ? "%g ms" : "%g s", nanoseconds / (nanoseconds < 1e9 ? 1e6 : 1e9));
  }
  return text;
}

class Picture {
 public:
  [[gnu::format(printf, 2, 3)]] void add(const char* format, ...) {
    char piece[512];
    va_list values;
    va_start(values, format);
    vsnprintf(piece, sizeof piece, format, values);
    va_end(values);
    content_ += piece;
  }
  void line(double x1, double y1, double x2, double y2, const char* colour, double width = 1) {
    add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.1f\"/>\n", x1, y1, x2, y2, colour, width);
  }
  void text(double x, double y, const char* anchor, const std::string& words) {
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words.c_str());
  }
  std::string finish(double height) const {
    char head[256];
    snprintf(head, sizeof head,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"sans-serif\" font-size=\"12\">\n"
             "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
             kRight + 70, height);
    return head + content_ + "</svg>\n";
  }

 private:
  std::string content_;
};

/// From the first fault to the last.
struct Span {
  u64 first = 0, last = 1;
  explicit Span(const Results& results) {
    if (results.faults().empty()) return;
    first = results.faults().front().at;
    last = std::max(results.faults().back().at, first + 1);
  }
  double x(u64 at) const { return kLeft + kWidth * double(at - first) / double(last - first); }
};

void draw_legend(Picture& picture, const Options& options) {
  double x = kLeft;
  auto entry = [&](const char* colour, const std::string& words) {
    picture.add("<rect x=\"%.1f\" y=\"52\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", x, colour);
    picture.text(x + 14, 61, "start", words);
    x += 34 + 7 * double(words.size());
  };
  for (const std::string& kind : pieces_of(options.kinds)) entry(colour_of(kind), kind);
  entry(kDormantColour, "not activated");
  entry(kBadColour, "not recovered, or a result was wrong");
}

void draw_row(Picture& picture, const Results& results, const Span& span, const std::string& service, double base) {
  picture.line(kLeft, base, kRight, base, "#808080");
  picture.text(kLeft - 8, base - 4, "end", service);
  for (double time = 1e5; time <= 1e8; time *= 10) {
    double y = base - kMark * place_of(time);
    picture.line(kLeft, y, kRight, y, "#ececec");
    if (time == 1e6 || time == 1e8) picture.text(kRight + 6, y + 4, "start", time_text(time));
  }
  for (const Fault& fault : results.faults()) {
    if (fault.target != service) continue;
    double x = span.x(fault.at);
    if (fault.findings != 0 || (fault.is_activated() && !fault.is_recovered())) {
      picture.line(x, base, x, base - kMark, kBadColour, 2);
    } else if (!fault.is_activated()) {
      picture.line(x, base, x, base - 4, kDormantColour);
    } else {
      picture.line(x, base, x, base - std::max(2.0, kMark * place_of(double(fault.away))), colour_of(fault.kind));
    }
  }
}

/// Bars by kind, one on the other.
void draw_histogram(Picture& picture, const Options& options, const Results& results, double top) {
  constexpr usize kBins = usize(kDecades * kBinsPerDecade);
  std::vector<std::string> kinds = pieces_of(options.kinds);
  std::vector<std::vector<u64>> bars(kBins, std::vector<u64>(kinds.size()));
  u64 highest = 1;
  for (const Fault& fault : results.faults()) {
    auto kind = std::ranges::find(kinds, fault.kind);
    if (!fault.is_recovered() || kind == kinds.end()) continue;
    auto& bar = bars[std::min(usize(place_of(double(fault.away)) * kBins), kBins - 1)];
    bar[usize(kind - kinds.begin())]++;
    u64 sum = 0;
    for (u64 one : bar) sum += one;
    highest = std::max(highest, sum);
  }
  double base = top + kBars;
  for (usize bin = 0; bin < kBins; bin++) {
    double x = kLeft + kWidth * double(bin) / kBins, y = base;
    for (usize kind = 0; kind < kinds.size(); kind++) {
      double height = kBars * double(bars[bin][kind]) / double(highest);
      y -= height;
      if (height > 0)
        picture.add("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x + 0.5, y, kWidth / kBins - 1, height,
                    colour_of(kinds[kind]));
    }
  }
  picture.line(kLeft, base, kRight, base, "#808080");
  picture.text(kLeft - 8, top + 10, "end", std::to_string(highest));
  picture.text(kLeft - 8, base, "end", "0");
  double time = kShortest;
  for (u32 decade = 0; decade <= u32(kDecades); decade++, time *= 10) {
    double x = kLeft + kWidth * decade / kDecades;
    picture.line(x, base, x, base + 5, "#808080");
    picture.text(x, base + 18, "middle", time_text(time));
  }
}

}  // namespace

std::string plot(const Options& options, const Results& results) {
  Picture picture;
  Span span(results);
  picture.text(kLeft, 22, "start", std::to_string(results.faults().size()) + " faults in running services, " + command_of(options));
  picture.text(kLeft, 40, "start",
               "Each mark is a fault; its height is how long the service was away (grey lines: 100 µs, 1 ms, 10 ms, 100 ms).");
  draw_legend(picture, options);
  double base = kTop;
  for (const std::string& service : pieces_of(options.targets)) {
    base += kRow;
    draw_row(picture, results, span, service, base);
  }
  for (u32 tick = 0; tick <= 10; tick++) {
    double x = kLeft + kWidth * tick / 10;
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.2f s", double(span.first + (span.last - span.first) / 10 * tick) / 1e9);
    picture.line(x, base, x, base + 5, "#808080");
    picture.text(x, base + 18, "middle", seconds);
  }
  picture.text((kLeft + kRight) / 2, base + 36, "middle", "time since boot, in the guest");
  double top = base + 80;
  picture.text(kLeft, top - 14, "start", "How many were back after how long");
  draw_histogram(picture, options, results, top);
  picture.text((kLeft + kRight) / 2, top + kBars + 36, "middle", "from the fault to the next answer, in the guest");
  return picture.finish(top + kBars + 50);
}

}  // namespace pith::torture
