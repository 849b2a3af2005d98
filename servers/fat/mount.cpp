// What a volume is like, by its first sector. Everything there may be wrong.
#include <bit>
#include <cstring>

#include "lib/partitions.h"
#include "servers/fat/volume.h"

namespace pith::fat {

/// Where the table of partitions is read: nothing else of the disk is in memory yet.
class Volume::WholeDisk final : public partitions::Sectors {
 public:
  explicit WholeDisk(Volume& volume) : volume_(volume) {}
  u64 count() override { return volume_.client_.sectors(); }
  Result<void> read(u64 sector, std::span<std::byte, partitions::kSectorBytes> to) override {
    memcpy(to.data(), volume_.bytes_of(volume_.need(sector)), to.size());
    return {};
  }

 private:
  Volume& volume_;
};

void Volume::mount_step() {
  is_mount_waiting_ = true;  // unless this comes back
  has_missed_ = false;
  if (state_.mount == Mount::Counting) {
    count_step();
    is_mount_waiting_ = has_missed_;
    return;
  }
  Result<void> done = client_.is_present() ? Result<void>() : Error::Damaged;
  if (done && state_.sectors_of_partition == 0) {
    done = find_partition();
  } else if (done) {
    done = open_volume();
  }
  if (!done) {
    state_.mount = Mount::Failed;
    state_.mount_error = Error::Damaged;
  }
  is_mount_waiting_ = false;
}

/// From then on sectors are counted from its beginning, and those that were read are others.
Result<void> Volume::find_partition() {
  partitions::Range range{0, client_.sectors()};
  if (partition_ != 0) {
    WholeDisk disk(*this);
    range = TRY(partitions::find(disk, partition_));
  }
  if (range.count == 0 || range.first > client_.sectors() || range.count > client_.sectors() - range.first) return Error::Damaged;
  state_.first_sector = range.first;
  state_.sectors_of_partition = range.count;
  for (Frame& frame : state_.frames) {
    if ((frame.flags & Frame::kInUse) != 0) drop_frame(frame);
  }
  for (Read& read : reads_) read.is_void = 1;
  return {};
}

Result<void> Volume::open_volume() {
  const Frame& first = need(0);
  TRY(read_geometry(bytes_of(first)));
  memcpy(state_.boot, bytes_of(first), kSector);
  read_information();
  Node& root = state_.nodes[0];
  root = {};
  root.number = 1;
  root.flags = Node::kUsed | Node::kRoot;
  root.entry.attributes = DirectoryEntry::kDirectory;
  state_.node_by_number.add(root.number, 0);
  state_.node_by_position.add(root.position, 0);
  return {};
}

/// Errors: Damaged where the numbers contradict each other, or the disk.
Result<void> Volume::read_geometry(const std::byte* boot) {
  Geometry where{};
  u32 sector_bytes = get16(boot + BootSector::kSectorBytes), of_cluster = u32(boot[BootSector::kClusterSectors]);
  u32 reserved = get16(boot + BootSector::kReservedSectors), root_entries = get16(boot + BootSector::kRootEntries);
  u32 sectors16 = get16(boot + BootSector::kSectors16), table_sectors16 = get16(boot + BootSector::kTableSectors16);
  u64 sectors = sectors16 != 0 ? sectors16 : get32(boot + BootSector::kSectors32);
  u64 table_sectors = table_sectors16 != 0 ? table_sectors16 : get32(boot + BootSector::kTableSectors32);
  where.tables = u32(boot[BootSector::kTables]);
  bool is_marked = get16(boot + BootSector::kSignature) == 0xaa55;
  bool has_sizes = std::has_single_bit(sector_bytes) && sector_bytes >= 512 && sector_bytes <= 4096 && std::has_single_bit(of_cluster);
  if (!is_marked || !has_sizes || reserved == 0 || where.tables == 0 || where.tables > 4 || table_sectors == 0) return Error::Damaged;
  u32 scale = sector_bytes / kSector;
  where.cluster_sectors = of_cluster * scale;
  if (where.cluster_bytes() > 64 * 1024) return Error::Damaged;
  where.table_start = u64{reserved} * scale;
  where.table_sectors = table_sectors * scale;
  where.root_start = where.table_start + where.tables * where.table_sectors;
  where.root_sectors = (u64{root_entries} * sizeof(DirectoryEntry) + sector_bytes - 1) / sector_bytes * scale;
  where.data_start = where.root_start + where.root_sectors;
  u64 end = sectors * scale;
  if (end > sectors_of_disk() || where.data_start >= end) return Error::Damaged;
  u64 clusters = (end - where.data_start) / where.cluster_sectors;
  bool is_fat32 = table_sectors16 == 0;
  where.width = is_fat32 ? Width::Fat32 : clusters < 4085 ? Width::Fat12 : Width::Fat16;
  u64 room = where.table_sectors * kSector * 8 / (is_fat32 ? 32 : u32(where.width));
  u64 most = is_fat32 ? 0x0ffffff5 : where.width == Width::Fat16 ? 65525 : 4085;
  if (clusters == 0 || clusters > most || room < clusters + kFirstCluster) return Error::Damaged;
  where.end = u32(clusters) + kFirstCluster;
  where.state_byte = is_fat32 ? BootSector::kState32 : BootSector::kState16;
  if (is_fat32) {
    u32 flags = get16(boot + BootSector::kFlags32), information = get16(boot + BootSector::kInformation);
    where.root_cluster = get32(boot + BootSector::kRootCluster);
    if (root_entries != 0 || !where.is_cluster(where.root_cluster) || get16(boot + BootSector::kVersion32) != 0) return Error::Damaged;
    // One table may be in use alone.
    if ((flags & 0x80) != 0) {
      if ((flags & 15) >= where.tables) return Error::Damaged;
      where.table_start += (flags & 15) * where.table_sectors;
      where.tables = 1;
    }
    where.information = information != 0 && information < reserved ? information * scale : 0;
  } else if (root_entries == 0) {
    return Error::Damaged;
  }
  state_.geometry = where;
  return {};
}

/// How many clusters are free, where the volume says so and was not left in use; otherwise they are counted.
void Volume::read_information() {
  const Geometry& where = state_.geometry;
  state_.next_free = kFirstCluster;
  state_.mount = Mount::Counting;
  state_.counted = kFirstCluster;
  state_.is_marked = 0;
  if (where.information == 0) return;
  const std::byte* sector = bytes_of(need(where.information));
  bool is_good = get32(sector + InformationSector::kLead) == InformationSector::kLeadSignature &&
                 get32(sector + InformationSector::kMiddle) == InformationSector::kMiddleSignature;
  if (!is_good) {
    state_.geometry.information = 0;
    return;
  }
  memcpy(state_.information, sector, kSector);
  u32 free = get32(sector + InformationSector::kFree), next = get32(sector + InformationSector::kNext);
  if (where.is_cluster(next)) state_.next_free = next;
  bool was_in_use = (state_.boot[where.state_byte] & std::byte(BootSector::kInUse)) != std::byte{0};
  if (was_in_use || free > where.end - kFirstCluster) return;
  state_.free_clusters = free;
  state_.mount = Mount::Ready;
}

void Volume::count_step() {
  u32 cluster = state_.counted, free = 0;
  for (u32 i = 0; i < kEventSteps && cluster < state_.geometry.end; i++, cluster++) {
    std::optional<u32> next = try_entry(cluster);
    if (!next) break;
    if (*next == 0) free++;
  }
  state_.counted = cluster;
  state_.free_clusters += free;
  if (cluster == state_.geometry.end) state_.mount = Mount::Ready;
}

}  // namespace pith::fat
