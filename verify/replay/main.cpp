// pith-replay: runs cases that the prover wrote (pith-prove --sample, --replay) natively and says where the kernel does otherwise than the
// prover says.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <set>

#include "verify/replay/verdict.h"

namespace {

using namespace pith::replay;

constexpr const char* kUsage = R"(usage: pith-replay [--quiet] FILE...
       pith-replay --addresses

Runs each case of the files in a process of its own. Of a case that ends well, all memory is compared with what the prover says; of a counterexample it is
said whether the kernel's own code fails, too.
  --quiet      prints only differences and the counts
  --addresses  prints where the kernel's globals are in this program, for pith-prove --addresses: an address that the kernel keeps as a number is then the same
Exit status: 0 no differences and every counterexample is reproduced, 1 otherwise, 2 wrong usage.
)";

/// Runs a case in this process; prints what it finds. The exit status of a process that does nothing else.
int replay(const Case& one) {
  if (one.is_counterexample()) {
    Reproduction found = reproduce(one);
    std::cout << found.text << "\n";
    return found.is_reproduced ? 0 : 1;
  }
  std::vector<std::string> found = differences_of(one);
  for (const std::string& difference : found) std::cout << one.name << ": " << difference << "\n";
  return found.empty() ? 0 : 1;
}

/// True when the case is as the prover says.
bool replay_apart(const Case& one) {
  std::cout.flush();
  pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      status = replay(one);
    } catch (const std::exception& problem) {
      std::cout << one.name << ": " << problem.what() << "\n";
    }
    std::cout.flush();
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) std::cout << one.name << ": the run itself failed\n";
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int run_all(int count, char** words) {
  std::set<std::string> entries;
  long paths = 0, different = 0, counterexamples = 0;
  bool is_quiet = false;
  for (int i = 1; i < count; i++) {
    std::string word = words[i];
    if (word == "--quiet") {
      is_quiet = true;
      continue;
    }
    if (word == "--addresses") {
      for (const ReplayObject* object = replay_objects; object->name != nullptr; object++)
        std::printf("%s %llu\n", object->name, static_cast<unsigned long long>(object->address));
      return 0;
    }
    if (word.starts_with("-")) return std::cerr << kUsage, 2;
    std::ifstream file(word);
    if (!file) return std::cerr << "pith-replay: there is no " << word << "\n", 2;
    long here = 0, wrong = 0;
    while (std::optional<Case> one = read_case(file)) {
      bool is_right = replay_apart(*one);
      wrong += !is_right;
      counterexamples += one->is_counterexample();
      if (one->is_counterexample()) continue;
      entries.insert(one->name.substr(0, one->name.find('#')));
      here++;
    }
    if (!is_quiet && here != 0)
      std::cout << word.substr(word.rfind('/') + 1) << ": " << here << " paths, " << wrong << " with differences\n";
    paths += here;
    different += wrong;
  }
  if (paths != 0 || counterexamples == 0)
    std::printf("%zu entries, %ld paths compared, %ld differences\n", entries.size(), paths, different);
  return different != 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run_all(count, words);
  } catch (const std::exception& problem) {
    std::cerr << "pith-replay: " << problem.what() << "\n";
    return 2;
  }
}
