/* The compiler and the machine, as lwIP wants to know them. */
#pragma once
#include <sys/types.h>

#include "servers/network/port/hooks.h"

#define LWIP_RAND() network_random()
#define LWIP_PLATFORM_DIAG(text) ((void)0)
/* A stack that contradicts itself ends: its vault is rolled back. */
#define LWIP_PLATFORM_ASSERT(text) __builtin_trap()
#define LWIP_NO_UNISTD_H 1
