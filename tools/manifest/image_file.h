// Whole boot images as bytes: checking one, and exchanging one of its modules.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/boot_image.h"

namespace pith::manifest {

/// The checksum of everything after the header of `image`, whose size is a multiple of 8.
u64 image_checksum(std::span<const u8> image);

/// Why `image` is damaged, or an empty text.
std::string find_damage(std::span<const u8> image);

/// The bytes of a module of an undamaged image; empty where it has none of that name.
std::span<const u8> module_of(std::span<const u8> image, std::string_view name);

/// The undamaged `image` with other bytes as its module `name`. The module must exist.
std::vector<u8> replace_module(std::span<const u8> image, std::string_view name, std::span<const u8> bytes);

}  // namespace pith::manifest
