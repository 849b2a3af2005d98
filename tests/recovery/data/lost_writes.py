"""Makes the states in which a power cut could leave a disk whose writes QEMU has logged, and checks what must be there in each.

usage: lost_writes.py FOLDER STATES SEED BARRIERS   FOLDER has `before`, the disk as it was; `log` of QEMU's blklogwrites; `acknowledged` with a
line NUMBER SIZE for each file /fNUMBER that was synced when the log had SIZE bytes. What was written since the last flush before the cut is
there, not there, or there in part. If the folder has a program `check` that is asked instead: its arguments are the disk, the last NUMBER, and
one above all. BARRIERS 0: what was flushed may be lost as well, which must be noticed. Prints how many states were wrong.
"""

import os
import random
import shutil
import struct
import subprocess
import sys

FOLDER, STATES, SEED, BARRIERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
MAGIC, FLUSH, FUA, DISCARD = 0x6A736677736872, 1, 2, 4
# What a disk writes whole or not at all: a superblock torn in its 1024 bytes is beyond e2fsck, as it is with Linux.
PIECE = 4096
ALL_LOST_AT_ONCE = 400  # writes, without barriers


def read_log(path):
    """Entries: where in the log they end, what they are, the place on the disk, and bytes."""
    with open(path, "rb") as log:
        data = log.read()
    magic, version, _, sector = struct.unpack_from("<QQQI", data)
    assert (magic, version) == (MAGIC, 1)
    entries, place = [], sector
    while place + sector <= len(data):
        start, count, flags, length = struct.unpack_from("<QQQQ", data, place)
        if (start, count, flags, length) == (0, 0, 0, 0):
            break
        place += sector
        size = 0 if flags & DISCARD else count * sector
        entries.append((place + size, flags, start * sector, data[place : place + size]))
        place += (size + sector - 1) // sector * sector
    return entries


def content(number):
    return b"".join(b"%d\n" % i for i in range(number, number + 3001))


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def problem_of(disk, synced):
    """What is wrong with a disk, or nothing."""
    replayed = run("e2fsck", "-fy", "-E", "journal_only", disk)
    if replayed.returncode > 1:
        return "the journal cannot be replayed: " + replayed.stdout.decode()
    checked = run("e2fsck", "-fn", disk)
    if checked.returncode:
        return checked.stdout.decode()
    check = os.path.join(FOLDER, "check")
    if os.path.exists(check):
        # What was acknowledged before the first one may be less than what the check needs.
        checked = run(check, disk, str(synced[-1]), str(1 << 30)) if synced else None
        return checked.stdout.decode() if checked and checked.returncode else None
    for number in synced[-8:]:
        result = subprocess.run(["debugfs", "-R", f"cat /f{number}", disk], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if result.stdout != content(number):
            return f"file {number} was synced and is not as it was"
    return None


def main():
    random.seed(SEED)
    entries = read_log(os.path.join(FOLDER, "log"))
    with open(os.path.join(FOLDER, "acknowledged"), encoding="ascii") as lines:
        acknowledged = [tuple(map(int, line.split())) for line in lines]
    durable, copy = os.path.join(FOLDER, "durable"), os.path.join(FOLDER, "copy")
    shutil.copyfile(os.path.join(FOLDER, "before"), durable)
    applied, wrong, lost = 0, 0, 0
    for cut in sorted(random.sample(range(len(entries) // 10, len(entries) + 1), STATES)):
        flush = max((i for i in range(cut) if entries[i][1] & FLUSH), default=0) if BARRIERS else max(0, cut - ALL_LOST_AT_ONCE)
        with open(durable, "r+b") as disk:
            for _, _, place, data in entries[applied : max(flush, applied)]:
                disk.seek(place)
                disk.write(data)
        applied = max(flush, applied)
        shutil.copyfile(durable, copy)
        with open(copy, "r+b") as disk:
            for _, flags, place, data in entries[flush:cut]:
                kept = len(data) if flags & FUA else random.choice((0, len(data), random.randrange(len(data) // PIECE + 1) * PIECE))
                lost += kept < len(data)
                disk.seek(place)
                disk.write(data[:kept])
        end = entries[cut - 1][0]
        found = problem_of(copy, [number for number, size in acknowledged if size <= end])
        if found:
            wrong += 1
            if BARRIERS:
                print(f"state after write {cut} of {len(entries)}: {found}")
    flushes = sum(bool(flags & FLUSH) for _, flags, _, _ in entries)
    print(f"{STATES} states of {len(entries)} writes and {flushes} flushes, {len(acknowledged)} times acknowledged, {lost} writes lost: {wrong} wrong")
    sys.exit(bool(wrong) if BARRIERS else not wrong)


main()
