/* What lwIP calls of ours, and the types for it: plain C. Defined in memory.cpp and stack.cpp. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pbuf;
struct netif;
struct ip_addr;

/* At most 64 KiB and some headers. NULL: there is no memory left. */
void* network_allocate(size_t size);
void* network_allocate_zeroed(size_t count, size_t size);
void network_free(void* place);
/* As memcpy; see UnloggedCopies. */
void network_copy(void* destination, const void* source, size_t length);

uint32_t network_random(void);
/* An initial sequence number that strangers cannot guess. [rfc6528 3] */
uint32_t network_initial_sequence_number(const struct ip_addr* local, uint16_t local_port, const struct ip_addr* remote,
                                         uint16_t remote_port);
/* 1: the packet was not let in, and is freed. */
int network_filter4(struct pbuf* packet, struct netif* from);
int network_filter6(struct pbuf* packet, struct netif* from);

#ifdef __cplusplus
}
#endif
