// Host tool: writes docs/linux-calls.md, the list of all Linux calls and what of them works here, from the table of calls.
#include <cstdio>

#include "personality/linux/calls/table.h"

using namespace pith::personality;

int main() {
  unsigned done = 0, partly = 0, missing = 0;
  for (const Call& call : calls()) (call.support == Support::Done ? done : call.support == Support::Partly ? partly : missing)++;
  printf(
      "# Linux calls\n\nGenerated from `personality/linux/calls/table.cpp`; do not edit. %u done, %u partly (with what is missing), %u not "
      "(with the reason).\n",
      done, partly, missing);
  printf(
      "Calls that are not there answer ENOSYS and are logged once each. Numbers: x86-64; AArch64 and RISC-V share the second column.\n\n");
  printf("| x86-64 | generic | call | arguments | state | note |\n|--:|--:|---|---|---|---|\n");
  for (const Call& call : calls()) {
    const char* state = call.support == Support::Done ? "done" : call.support == Support::Partly ? "partly" : "not";
    printf("| %d | ", call.number);
    if (call.generic_number >= 0)
      printf("%d", call.generic_number);
    else
      printf("–");
    printf(" | %s | %s | %s | %s |\n", call.name, call.arguments, state, call.note);
  }
}
