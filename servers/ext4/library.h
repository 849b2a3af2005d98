// libext2fs, as the service sees it.
#pragma once
#include <sys/types.h>

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
extern "C" {
#include "ext2fs/ext2_fs.h"

#include "ext2fs/ext2fs.h"

#include "ext2fs/ext2_ext_attr.h"
#include "ext2fs/ext3_extents.h"

// Of its own headers only.
int ext2fs_file_block_offset_too_big(ext2_filsys fs, struct ext2_inode* inode, blk64_t offset);
}
#pragma clang diagnostic pop
