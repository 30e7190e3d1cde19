"""Snapshots of the node's state: one file each, checked end to end, the newest valid one wins.

File layout, all numbers big-endian: magic (8 bytes), length of the header (4), header, length of
the body (8), body, SHA-256 of everything before it (32). Header: format (2), sequence number (8),
time in ms (8), then state hash, chain hash and code version, each after its length (2).

A snapshot only saves time: the journal holds the truth. So a damaged one is skipped and reported,
never repaired.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from plimsoll.errors import SnapshotError
from plimsoll.runtime.journal_files import sync_dir

FORMAT_VERSION = 1
KEEP_MIN = 2

_MAGIC = b"PLMSNAP\0"
_PREFIX = struct.Struct(">8sI")
_FIXED = struct.Struct(">HQq")
_LENGTH = struct.Struct(">H")
_BODY_LENGTH = struct.Struct(">Q")
_HEADER_BYTES_MAX = 4096
_DIGEST_BYTES = 32
_GLOB = "snapshot-*.bin"
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """Which state a snapshot holds: after record ``seq`` of the journal whose chain hash there is
    ``chain``, at ``ts`` ms, written by ``code_version``; ``state_hash`` is what the state loaded
    from the body must give.
    """

    seq: int
    ts: int
    state_hash: bytes
    chain: bytes
    code_version: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot whose checksum was right."""

    header: SnapshotHeader
    body: bytes
    path: Path


class Skipped(NamedTuple):
    """A snapshot that could not be used, and why."""

    path: Path
    reason: str


class Loaded(NamedTuple):
    """The newest usable snapshot, if any, and the newer ones skipped on the way to it."""

    snapshot: Snapshot | None
    skipped: tuple[Skipped, ...]


class SnapshotStore:
    """The snapshots of one node, in a directory of their own."""

    def __init__(self, directory: Path | str, *, keep: int = KEEP_MIN) -> None:
        """Errors: `SnapshotError` if ``keep`` < 2 or the directory cannot be made."""
        if keep < KEEP_MIN:
            raise SnapshotError(
                f"at least {KEEP_MIN} snapshots must be kept, not {keep}",
                remedy=f"Set the number of snapshots to {KEEP_MIN} or more.",
            )
        self.directory = Path(directory)
        self.keep = keep
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SnapshotError(f"{self.directory} cannot be used: {error}") from error

    def write(self, header: SnapshotHeader, body: bytes) -> Path:
        """Write a snapshot durably and remove those no longer needed; return its path.

        It appears complete or not at all. The newest ``keep`` valid ones stay, and every damaged
        one newer than the oldest of these, for inspection. Errors: `SnapshotError`.
        """
        path = self.directory / f"snapshot-{header.seq:016d}.bin"
        partial = path.with_name(path.name + _PARTIAL)
        head = _encode_header(header) + _BODY_LENGTH.pack(len(body))
        digest = sha256(head)
        digest.update(body)
        try:
            self._remove_partial()
            with partial.open("wb") as file:
                for part in (head, body, digest.digest()):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
            sync_dir(self.directory)
        except OSError as error:
            self._remove_partial()
            raise SnapshotError(f"the snapshot {path} could not be written: {error}") from error
        self._remove_old()
        return path

    def list(self) -> tuple[Path, ...]:
        """The snapshot files, newest first, valid or not. Errors: `SnapshotError`."""
        try:
            return tuple(sorted(self.directory.glob(_GLOB), reverse=True))
        except OSError as error:
            raise SnapshotError(f"{self.directory} cannot be read: {error}") from error

    def load(self, path: Path) -> Snapshot:
        """Read one snapshot and verify its checksum. Errors: `SnapshotError`."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SnapshotError(f"the snapshot {path} could not be read: {error}") from error
        header, start = _decode_header(data, path)
        end = start + _BODY_LENGTH.size
        length = int.from_bytes(data[start:end], "big")
        if len(data) != end + length + _DIGEST_BYTES:
            raise SnapshotError(f"the snapshot {path} is cut short or too long")
        body = data[end : end + length]
        if sha256(memoryview(data)[: end + length]).digest() != data[end + length :]:
            raise SnapshotError(f"the snapshot {path} does not match its checksum")
        if path.name != f"snapshot-{header.seq:016d}.bin":
            raise SnapshotError(f"the snapshot {path} is of record {header.seq}, not of its name")
        return Snapshot(header, body, path)

    def load_newest(self, valid: Callable[[Snapshot], bool]) -> Loaded:
        """The newest snapshot that is intact and that ``valid`` accepts.

        ``valid`` compares chain and state hash; it may raise `SnapshotError` to give its reason.
        Damaged and refused ones are skipped and listed in the result.
        """
        skipped: list[Skipped] = []
        for path in self.list():
            try:
                snapshot = self.load(path)
                if valid(snapshot):
                    return Loaded(snapshot, tuple(skipped))
                skipped.append(Skipped(path, "it does not belong to this journal or state"))
            except SnapshotError as error:
                skipped.append(Skipped(path, error.message))
        return Loaded(None, tuple(skipped))

    def _remove_partial(self) -> None:
        """Free the space of a write that was cut short."""
        for leftover in self.directory.glob(f"*{_PARTIAL}"):
            leftover.unlink(missing_ok=True)

    def _remove_old(self) -> None:
        intact = 0
        for path in self.list():
            if intact >= self.keep:
                try:
                    path.unlink()
                except OSError as error:
                    raise SnapshotError(f"{path} could not be removed: {error}") from error
            elif self._is_intact(path):
                intact += 1

    def _is_intact(self, path: Path) -> bool:
        try:
            self.load(path)
        except SnapshotError:
            return False  # `load_newest` reports it
        return True


def _encode_header(header: SnapshotHeader) -> bytes:
    try:
        fields = [_FIXED.pack(FORMAT_VERSION, header.seq, header.ts)]
        for value in (header.state_hash, header.chain, header.code_version.encode()):
            fields += [_LENGTH.pack(len(value)), value]
    except (struct.error, UnicodeEncodeError) as error:
        raise SnapshotError(f"the snapshot of record {header.seq} is refused: {error}") from error
    encoded = b"".join(fields)
    if len(encoded) > _HEADER_BYTES_MAX:
        raise SnapshotError(f"the snapshot header of record {header.seq} is too long")
    return _PREFIX.pack(_MAGIC, len(encoded)) + encoded


def _decode_header(data: bytes, path: Path) -> tuple[SnapshotHeader, int]:
    """Header and the offset after it. The checksum is not verified here."""
    damaged = SnapshotError(f"the snapshot {path} has a damaged header")
    if len(data) < _PREFIX.size or data[: len(_MAGIC)] != _MAGIC:
        raise SnapshotError(f"{path} is not a snapshot")
    length = _PREFIX.unpack_from(data)[1]
    end = _PREFIX.size + length
    if not _FIXED.size <= length <= _HEADER_BYTES_MAX or end > len(data):
        raise damaged
    version, seq, ts = _FIXED.unpack_from(data, _PREFIX.size)
    if version != FORMAT_VERSION:
        raise SnapshotError(f"the snapshot {path} has format {version}, not {FORMAT_VERSION}")
    offset = _PREFIX.size + _FIXED.size
    fields = []
    for _ in range(3):
        if offset + _LENGTH.size > end:
            raise damaged
        size = _LENGTH.unpack_from(data, offset)[0]
        fields.append(data[offset + _LENGTH.size : offset + _LENGTH.size + size])
        offset += _LENGTH.size + size
    if offset != end:
        raise damaged
    try:
        header = SnapshotHeader(seq, ts, fields[0], fields[1], fields[2].decode())
    except UnicodeDecodeError:
        raise damaged from None
    return header, end
