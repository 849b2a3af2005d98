// pith-idl: reads the interface files and writes the C++ and the reference pages that follow from them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include "tools/idl/checker.h"
#include "tools/idl/emit.h"
#include "tools/idl/parser.h"

namespace pith::idl {
namespace {

constexpr const char* kHelp =
    "usage: pith-idl --output FOLDER [--docs FOLDER] FILE... [--specification FILE...]\n"
    "\n"
    "Reads all interface files together: one with `interface errors;`, one with `interface kernel;`, the others are services.\n"
    "  --output FOLDER  write abi/, kernel/ and protocols/ headers there\n"
    "  --docs FOLDER    write the reference pages there, as Markdown\n"
    "  --specification  the C++ files behind it define the kernel's operations: the reference shows them\n"
    "  --help           print this\n"
    "Files whose contents would not change are left alone. Exit status: 0 done, 1 mistakes in the input, 2 wrong usage.\n";

struct Arguments {
  std::string output;
  std::string docs;
  std::vector<std::string> files;
  std::vector<std::string> specification;
  bool help = false;
};

std::optional<Arguments> read_arguments(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    std::string_view word = values[i];
    if (word == "--help") {
      arguments.help = true;
    } else if (word == "--output" || word == "--docs") {
      if (++i == count) return std::nullopt;
      (word == "--output" ? arguments.output : arguments.docs) = values[i];
    } else if (word == "--specification") {
      while (i + 1 < count) arguments.specification.emplace_back(values[++i]);
    } else if (word.starts_with("-")) {
      return std::nullopt;
    } else {
      arguments.files.emplace_back(word);
    }
  }
  if (!arguments.help && (arguments.output.empty() || arguments.files.empty())) return std::nullopt;
  return arguments;
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// Writes beside the file and renames, so that no reader sees half of it.
bool write_file(const std::filesystem::path& path, const std::string& contents) {
  if (read_file(path) == contents) return true;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::filesystem::path unfinished = path;
  unfinished += ".new";
  std::ofstream stream(unfinished, std::ios::binary);
  stream << contents;
  stream.close();
  if (!stream) return false;
  std::filesystem::rename(unfinished, path, error);
  return !error;
}

/// Interface files name themselves by their last two path elements, so that the output does not depend on the machine.
std::string short_name(const std::filesystem::path& path) { return (path.parent_path().filename() / path.filename()).string(); }

/// Takes the functions that answer an Error out of a file: from their first line to the brace that closes them.
void read_specification(const std::filesystem::path& path, const std::string& text, Model& model) {
  std::istringstream lines(text);
  std::string line, name;
  while (std::getline(lines, line)) {
    size_t open = line.find('(');
    if (name.empty() && line.starts_with("Error ") && open != std::string::npos) {
      name = line.substr(6, open - 6);
      model.specification[name].file = short_name(path);
    }
    if (name.empty()) continue;
    model.specification[name].text += line + "\n";
    if (line == "}" || (line.starts_with("Error ") && line.ends_with("}"))) name.clear();
  }
}

void place(Interface file, Model& model, Diagnostics& diagnostics) {
  const Name& name = file.name;
  if (name.text == "errors" || name.text == "kernel") {
    Interface& target = name.text == "errors" ? model.errors : model.kernel;
    if (!target.name.text.empty()) return diagnostics.report(name.where, "interface " + name.text + " is there twice");
    target = std::move(file);
    return;
  }
  for (const Interface& other : model.services) {
    if (other.name.text == name.text) return diagnostics.report(name.where, "interface " + name.text + " is there twice");
  }
  if (std::filesystem::path(file.file).stem() != name.text) {
    diagnostics.report(name.where, "interface " + name.text + " must be in a file of that name");
  }
  model.services.push_back(std::move(file));
}

std::optional<Model> read_model(const Arguments& arguments, Diagnostics& diagnostics) {
  Model model;
  for (const std::string& path : arguments.files) {
    std::optional<std::string> text = read_file(path);
    if (!text) {
      std::fprintf(stderr, "pith-idl: cannot read %s\n", path.c_str());
      return std::nullopt;
    }
    Interface file = parse(path, *text, diagnostics);
    if (diagnostics.has_errors()) return std::nullopt;
    place(std::move(file), model, diagnostics);
  }
  for (const std::string& path : arguments.specification) {
    std::optional<std::string> text = read_file(path);
    if (!text) {
      std::fprintf(stderr, "pith-idl: cannot read %s\n", path.c_str());
      return std::nullopt;
    }
    read_specification(path, *text, model);
  }
  for (const Interface* needed : {&model.errors, &model.kernel}) {
    if (!needed->name.text.empty()) continue;
    std::fprintf(stderr, "pith-idl: no file holds interface %s\n", needed == &model.errors ? "errors" : "kernel");
    return std::nullopt;
  }
  check(model, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  model.errors.file = short_name(model.errors.file);
  model.kernel.file = short_name(model.kernel.file);
  for (Interface& file : model.services) file.file = short_name(file.file);
  return model;
}

bool write_all(const std::string& folder, const std::vector<GeneratedFile>& files) {
  for (const GeneratedFile& file : files) {
    std::filesystem::path path = std::filesystem::path(folder) / file.path;
    if (!write_file(path, file.contents)) {
      std::fprintf(stderr, "pith-idl: cannot write %s\n", path.c_str());
      return false;
    }
  }
  return true;
}

int run(int count, char** values) {
  std::optional<Arguments> arguments = read_arguments(count, values);
  if (!arguments) {
    std::fputs(kHelp, stderr);
    return 2;
  }
  if (arguments->help) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  Diagnostics diagnostics;
  std::optional<Model> model = read_model(*arguments, diagnostics);
  for (const std::string& message : diagnostics.messages()) std::fprintf(stderr, "%s\n", message.c_str());
  if (!model) return 1;
  if (!write_all(arguments->output, emit_all(*model))) return 1;
  if (!arguments->docs.empty() && !write_all(arguments->docs, emit_reference(*model))) return 1;
  return 0;
}

}  // namespace
}  // namespace pith::idl

int main(int count, char** values) { return pith::idl::run(count, values); }
