"""The lock of a data directory: one node at a time.

An OS lock (``flock``) on the file ``node.lock``, which the system releases when the process ends,
however it ends; the text in the file only names the holder. The journal's epoch stands behind it,
should the lock file be deleted under a running node.
"""

from __future__ import annotations

import fcntl
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from plimsoll.errors import JournalLocked

LOCK_NAME = "node.lock"
_TEXT_BYTES_MAX = 512


class DataDirLock:
    """Sole ownership of a data directory until `release` or the end of the process.

    A context manager. Children made by ``fork`` without ``exec`` share the lock.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd: int | None = fd

    @classmethod
    def acquire(cls, directory: Path | str) -> Self:
        """Take the lock at once or not at all; the directory must exist.

        Errors: `JournalLocked`, naming the holder, or the cause if the file cannot be locked.
        """
        path = Path(directory) / LOCK_NAME
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _cannot_lock(path, error) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_holder(fd)
        except BlockingIOError as error:
            holder = _read_holder(fd)
            os.close(fd)
            raise JournalLocked(f"the data directory {directory} is in use by {holder}") from error
        except OSError as error:
            os.close(fd)
            raise _cannot_lock(path, error) from error
        return cls(path, fd)

    def release(self) -> None:
        """Give the lock back; the file stays, empty. Releasing twice does nothing."""
        fd, self._fd = self._fd, None
        if fd is None:
            return
        try:
            os.ftruncate(fd, 0)
        finally:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _cannot_lock(path: Path, error: OSError) -> JournalLocked:
    return JournalLocked(
        f"{path} cannot be locked: {error}",
        remedy="Check that the data directory exists, is writable and lies on a local disk.",
    )


def _write_holder(fd: int) -> None:
    started = datetime.now(UTC).isoformat(timespec="seconds")
    text = f"process {os.getpid()} on {socket.gethostname()}, started {started}\n"
    os.ftruncate(fd, 0)
    os.pwrite(fd, text.encode()[:_TEXT_BYTES_MAX], 0)


def _read_holder(fd: int) -> str:
    text = os.pread(fd, _TEXT_BYTES_MAX, 0).decode(errors="replace").strip()
    return text or "a process that has not written its name yet"
