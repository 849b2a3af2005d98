/* What libext2fs's configure script would find out about the places that it is compiled for: a component, and the host of the tests. */
#ifndef PITH_EXT4_CONFIG_H
#define PITH_EXT4_CONFIG_H

#define HAVE_ERRNO_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_STDLIB_H 1
#define HAVE_STRDUP 1
#define HAVE_STRNLEN 1
#define HAVE_SYS_STAT_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_UNISTD_H 1
#define HAVE_TYPE_SSIZE_T 1
#define HAVE_INTPTR_T 1
#define HAVE_EXT2_IOCTLS 0
#define ENABLE_HTREE 1
#define OMIT_COM_ERR 1
#define SIZEOF_INT 4
#define SIZEOF_LONG 8
#define SIZEOF_LONG_LONG 8
#define SIZEOF_OFF_T 8
#define SIZEOF_SHORT 2
#define SIZEOF_TIME_T 8

/* Its memory is in the vault, or gone after the event (servers/ext4/heap.cpp). */
#include <stdlib.h>
void* pith_ext4_malloc(size_t size);
void* pith_ext4_calloc(size_t count, size_t size);
void* pith_ext4_realloc(void* place, size_t size);
void pith_ext4_free(void* place);
#define malloc pith_ext4_malloc
#define calloc pith_ext4_calloc
#define realloc pith_ext4_realloc
#define free pith_ext4_free

#endif
