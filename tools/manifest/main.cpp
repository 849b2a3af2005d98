// pith-manifest: checks a system's manifest, draws it, and packs it with its programs into a boot image.
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "tools/common/files.h"
#include "tools/manifest/checker.h"
#include "tools/manifest/graph.h"
#include "tools/manifest/image_writer.h"
#include "tools/manifest/reader.h"
#include "tools/manifest/symbol_table.h"

namespace pith::manifest {

namespace {

constexpr int kRefused = 1, kUsage = 2;
constexpr char kHelp[] =
    R"(usage: pith-manifest check MANIFEST [--json]
       pith-manifest graph MANIFEST [--json]
       pith-manifest pack MANIFEST --components DIR [--module NAME=FILE]... -o IMAGE

check   says whether the manifest can be granted; with --json prints it with defaults filled in
graph   prints who may talk to whom in the dot language, with --json as data
pack    writes the boot image from the manifest, the programs in DIR and the modules; the module
        `symbols` (functions of every component) is made, not given

Exit status: 0 done, 1 refused (file, line and reason on standard error), 2 wrong usage.
docs/guides/manifest.md describes the manifest.
)";

struct Options {
  std::string command, manifest, components, output;
  std::map<std::string, std::string> modules;
  bool wants_json = false;
};

std::optional<Options> parse_options(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> plain;
  for (usize i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    bool has_value = i + 1 < words.size();
    if (word == "--json") {
      options.wants_json = true;
    } else if (word == "--components" && has_value) {
      options.components = words[++i];
    } else if (word == "-o" && has_value) {
      options.output = words[++i];
    } else if (word == "--module" && has_value) {
      const std::string& module = words[++i];
      auto equals = module.find('=');
      if (equals == std::string::npos) return {};
      options.modules[module.substr(0, equals)] = module.substr(equals + 1);
    } else if (word.starts_with("-")) {
      return {};
    } else {
      plain.push_back(word);
    }
  }
  if (plain.size() != 2) return {};
  options.command = plain[0];
  options.manifest = plain[1];
  bool is_pack = options.command == "pack";
  if (!is_pack && options.command != "check" && options.command != "graph") return {};
  if (is_pack != !options.components.empty() || is_pack != !options.output.empty()) return {};
  return options;
}

/// The programs' bytes live as long as this, since Program refers to them.
class Packer {
 public:
  Packer(const Manifest& manifest, const Options& options, Problems& problems)
      : manifest_(manifest), options_(options), problems_(problems) {}

  bool pack() {
    parts_.root = load_program(manifest_.root.value, manifest_.root.line);
    for (const Component& component : manifest_.components) {
      parts_.programs.push_back(load_program(component.program.value, component.program.line));
    }
    for (usize i = 0; i < manifest_.components.size(); i++) {
      const Name& update = manifest_.components[i].update;
      if (!update.value.empty()) parts_.updates[i] = load_program(update.value, update.line);
    }
    for (const Component& component : manifest_.components) load_module(component.module);
    if (!problems_.is_empty()) return false;
    std::vector<u8> image = write_image(manifest_, parts_);
    check_memory(manifest_, program_pages(parts_), pages_for(image.size()), problems_);
    return problems_.is_empty() && save(image);
  }

 private:
  Program load_program(const std::string& name, u32 line) {
    Program program;
    std::string path = options_.components + "/" + name, reason;
    // Several components may be the same program: what the first one refers to stays where it is.
    auto file = files_.find(name);
    if (file == files_.end()) {
      auto bytes = read_file(path);
      if (!bytes) {
        problems_.add(line, "there is no program `", name, "` in ", options_.components);
        return program;
      }
      file = files_.emplace(name, std::move(*bytes)).first;
    }
    if (!read_program(file->second, program, reason)) problems_.add_for(path, "not a program for a component: ", reason);
    load_layout(path + ".layout", program);
    return program;
  }

  /// Lines `keeps HASH LAYOUT` and `migrates HASH LAYOUT`, then text for people. Programs without a vault of that kind have none.
  void load_layout(const std::string& path, Program& program) {
    auto bytes = read_file(path);
    if (!bytes) return;
    std::istringstream lines(std::string(bytes->begin(), bytes->end()));
    std::string what;
    image::VaultType type{};
    while (lines >> what >> std::hex >> type.hash >> std::dec >> type.layout) (what == "keeps" ? program.keeps : program.migrates) = type;
  }

  void load_module(const Name& name) {
    if (name.value.empty() || parts_.modules.contains(name.value)) return;
    if (name.value == "symbols") {
      std::string table = symbol_table(manifest_, parts_);
      parts_.modules[name.value] = {table.begin(), table.end()};
      return;
    }
    auto file = options_.modules.find(name.value);
    if (file == options_.modules.end()) {
      problems_.add(name.line, "module `", name.value, "` was not given (--module ", name.value, "=FILE)");
      return;
    }
    auto bytes = read_file(file->second);
    if (!bytes) {
      problems_.add_for(file->second, "module `", name.value, "` cannot be read");
    } else {
      parts_.modules[name.value] = std::move(*bytes);
    }
  }

  bool save(const std::vector<u8>& image) {
    if (write_file(options_.output, image)) return true;
    problems_.add_for(options_.output, "the image cannot be written");
    return false;
  }

  const Manifest& manifest_;
  const Options& options_;
  Problems& problems_;
  std::map<std::string, std::vector<u8>> files_;
  ImageParts parts_;
};

int run(const Options& options) {
  Problems problems(options.manifest);
  auto source = read_file(options.manifest);
  if (!source) {
    std::cerr << options.manifest << ": the manifest cannot be read\n";
    return kRefused;
  }
  Manifest manifest = read_manifest({reinterpret_cast<const char*>(source->data()), source->size()}, problems);
  if (problems.is_empty()) check_manifest(manifest, problems);
  if (problems.is_empty()) check_memory(manifest, 0, 0, problems);
  if (problems.is_empty() && options.command == "pack") Packer(manifest, options, problems).pack();
  if (!problems.is_empty()) {
    std::cerr << problems;
    return kRefused;
  }
  if (options.wants_json) {
    write_json(manifest, std::cout);
  } else if (options.command == "graph") {
    write_dot(manifest, std::cout);
  }
  return std::cout.flush() ? 0 : kRefused;
}

}  // namespace

}  // namespace pith::manifest

int main(int count, char** words) {
  using namespace pith::manifest;
  std::vector<std::string> arguments(words + 1, words + count);
  for (const std::string& word : arguments) {
    if (word == "--help" || word == "-h") {
      std::cout << kHelp;
      return 0;
    }
  }
  auto options = parse_options(arguments);
  if (!options) {
    std::cerr << kHelp;
    return kUsage;
  }
  return run(*options);
}
