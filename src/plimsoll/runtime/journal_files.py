"""Two files beside the journal: the mark of acknowledged records, and SQLite's write-ahead log.

SQLite alone cuts its write-ahead log at the first bad frame and goes on without a word. That is
right for a torn tail and wrong for a damaged middle. The mark and the scan tell them apart.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

# magic, sequence number, chain hash, CRC-32 of all before it
_SLOT = struct.Struct(">8sQ32sI")
_SLOT_MAGIC = b"PLMACK\0\1"
_SLOT_SPACING = 512  # one disk sector each: a torn write cannot spoil both

_WAL_HEADER = struct.Struct(">8I")
_FRAME_HEADER = struct.Struct(">6I")
_WAL_MAGIC_LITTLE = 0x377F0682
_WAL_MAGIC_BIG = 0x377F0683
_MASK = 0xFFFFFFFF


class Mark(NamedTuple):
    """The last acknowledged record and its chain hash."""

    seq: int
    chain: bytes


class AckMark:
    """Writer of the mark: two alternating slots, written after each commit, without fsync.

    It may lag behind the journal (after a loss of power) but never runs ahead of it, so a journal
    that ends before its mark has lost acknowledged records.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file. Errors: OSError."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        # Taken now, so that a full disk cannot stop the mark later.
        if os.fstat(self._fd).st_size < 2 * _SLOT_SPACING:
            os.pwrite(self._fd, bytes(_SLOT_SPACING), _SLOT_SPACING)
        first, second = _read_slots(os.pread(self._fd, 2 * _SLOT_SPACING, 0))
        # Overwrite the older slot first: a torn write must leave the newest mark standing.
        self._slot = int((first.seq if first else -1) > (second.seq if second else -1))

    @staticmethod
    def read(path: Path) -> Mark | None:
        """The newest intact mark, or None if there is no file or no intact slot."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        marks = [mark for mark in _read_slots(data) if mark]
        return max(marks, key=lambda mark: mark.seq, default=None)

    def write(self, seq: int, chain: bytes) -> None:
        """Advance the mark. Errors: OSError, also on a short write."""
        raw = _SLOT.pack(_SLOT_MAGIC, seq, chain, 0)
        raw = raw[:-4] + zlib.crc32(raw[:-4]).to_bytes(4, "big")
        if os.pwrite(self._fd, raw, self._slot * _SLOT_SPACING) != len(raw):
            raise OSError("short write to the acknowledgement mark")
        self._slot ^= 1

    def close(self) -> None:
        """Close the file. Errors: OSError."""
        os.close(self._fd)


def _read_slots(data: bytes) -> list[Mark | None]:
    slots: list[Mark | None] = []
    for offset in (0, _SLOT_SPACING):
        raw = data[offset : offset + _SLOT.size]
        slots.append(None)
        if len(raw) == _SLOT.size:
            magic, seq, chain, crc = _SLOT.unpack(raw)
            if magic == _SLOT_MAGIC and crc == zlib.crc32(raw[:-4]):
                slots[-1] = Mark(seq, chain)
    return slots


class WalScan(NamedTuple):
    """What a write-ahead log holds, in frames (one database page each).

    ``torn`` frames follow the last intact commit and belong to the current log; SQLite drops
    them. ``later_commits`` counts commit frames among them.
    """

    committed: int
    torn: int
    later_commits: int

    @property
    def is_damaged(self) -> bool:
        """Whether frames were lost that had been synced.

        A transaction is written only after the one before it is on disk. One commit frame after
        the break may be that of the torn transaction itself; two mean that a synced one is broken.
        """
        return self.later_commits >= 2


def scan_wal(path: Path) -> WalScan:
    """Scan a write-ahead log before SQLite recovers it; a missing or unusable one is empty.

    Errors: OSError.
    """
    try:
        data = memoryview(path.read_bytes())
    except FileNotFoundError:
        return WalScan(0, 0, 0)
    if len(data) < _WAL_HEADER.size:
        return WalScan(0, 0, 0)
    magic, _, page_size, _, salt1, salt2, sum1, sum2 = _WAL_HEADER.unpack_from(data)
    order = {_WAL_MAGIC_LITTLE: "<", _WAL_MAGIC_BIG: ">"}.get(magic)
    if order is None or _checksum(data[:24], order, 0, 0) != (sum1, sum2):
        return WalScan(0, 0, 0)
    step = _FRAME_HEADER.size + page_size
    intact, committed, torn, later_commits = True, 0, 0, 0
    for index, start in enumerate(range(_WAL_HEADER.size, len(data) - step + 1, step)):
        frame = data[start : start + step]
        page, commit, frame_salt1, frame_salt2, *stored = _FRAME_HEADER.unpack_from(frame)
        current = (frame_salt1, frame_salt2) == (salt1, salt2) and page > 0
        if intact and current:
            sum1, sum2 = _checksum(frame[:8], order, sum1, sum2)
            sum1, sum2 = _checksum(frame[_FRAME_HEADER.size :], order, sum1, sum2)
            intact = stored == [sum1, sum2]
        else:
            intact = False
        if intact and commit:
            committed, torn, later_commits = index + 1, 0, 0
        elif current:
            torn += 1
            later_commits += commit > 0
    return WalScan(committed, torn, later_commits)


def _checksum(data: memoryview, order: str, sum1: int, sum2: int) -> tuple[int, int]:
    """The log's running checksum, as the SQLite file format defines it."""
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        sum1 = (sum1 + even + sum2) & _MASK
        sum2 = (sum2 + odd + sum1) & _MASK
    return sum1, sum2


def sync_dir(path: Path) -> None:
    """Make creations and renames in a directory durable. Errors: OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
