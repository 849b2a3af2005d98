// A Linux program that does one forbidden thing, named by its argument.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int read_only = 1;

static void on_fault(int signal, siginfo_t* information, void* context) {
  (void)signal;
  (void)context;
  printf("handled at %p\n", information->si_addr);
  fflush(stdout);
  _exit(0);
}

static int overflow(volatile char* below) {
  volatile char room[65536];
  room[0] = below[0];
  return overflow(room) + room[0];
}

int main(int count, char** words) {
  const char* crime = count > 1 ? words[1] : "";
  volatile uintptr_t nowhere = 0x10;
  volatile int zero = 0;
  if (!strcmp(crime, "jump")) ((void (*)(void))nowhere)();
  if (!strcmp(crime, "read")) return *(volatile int*)nowhere;
  if (!strcmp(crime, "write")) *(volatile int*)(uintptr_t)&read_only = 2;
  if (!strcmp(crime, "text")) *(volatile int*)(uintptr_t)&main = 2;
  if (!strcmp(crime, "divide")) __asm__ volatile("xorl %%edx, %%edx; divl %0" : : "r"(zero) : "eax", "edx");
  if (!strcmp(crime, "stack")) return overflow((char*)&zero);
  if (!strcmp(crime, "illegal")) __asm__ volatile("ud2");
  if (!strcmp(crime, "handler")) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    return *(volatile int*)nowhere;
  }
  if (!strcmp(crime, "unknown-call")) {
    long result = syscall(9999);
    printf("unknown call: %s\n", result == -1 ? strerror(errno) : "it works");
    return 0;
  }
  fprintf(stderr, "usage: misbehave CRIME\n");
  return 2;
}
