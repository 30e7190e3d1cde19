"""What was acknowledged survives: processes killed at any moment, and disks that fail."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from plimsoll.errors import JournalError
from plimsoll.runtime.journal import Journal, JournalReader
from tests.runtime import journal_child
from tests.runtime.journal_child import BIRTH, make_answers, make_record

KILLS = 36
CHILD = Path(journal_child.__file__)
SOURCE = Path(__file__).parents[2] / "src"


def _start(path: Path, seed: int, batches: int, *prefix: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*prefix, sys.executable, str(CHILD), str(path), str(seed), str(batches)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )


def _acknowledged(lines: list[str]) -> int:
    """The last sequence number the child acknowledged, or found at its start."""
    return max((int(line.split()[-1]) for line in lines if line != "opening\n"), default=0)


def _expect_intact(journal: Journal | JournalReader, from_seq: int, acknowledged: int) -> int:
    """Check every record from ``from_seq`` on and that no acknowledged one is missing."""
    head = journal.head().seq
    assert head >= acknowledged
    if head:
        expected = [make_record(seq) for seq in range(from_seq, head + 1)]
        assert list(journal.read(from_seq)) == expected
        kept = [record for record in expected if record.seq >= journal.answers_from()]
        assert journal.answers(from_seq, head) == make_answers(kept)
    return head


def test_kill_at_random_moments(tmp_path: Path) -> None:
    """Killed again and again on one journal, nothing acknowledged is lost and nothing changes."""
    chance = random.Random(20)
    path = tmp_path / "journal.db"
    acknowledged, head, killed_in_work = 0, 0, 0
    for turn in range(KILLS):
        child = _start(path, turn, 0)
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.choice((1, 2, 3, 10, 30, 60)))]
        child.kill()
        rest, errors = child.communicate()
        assert child.returncode == -signal.SIGKILL, errors
        lines += rest.splitlines(keepends=True)
        acknowledged = max(acknowledged, _acknowledged(lines))
        killed_in_work += len(lines) > 2
        if turn % 2:  # else the next child does the recovery
            with Journal.open(path, create=True, birth=BIRTH) as journal:
                head = _expect_intact(journal, head + 1 if head else 1, acknowledged)
    with JournalReader.open(path) as reader:
        report = reader.verify()
        assert report.ok, report.problems
        assert _expect_intact(reader, 1, acknowledged) == report.records
    assert killed_in_work >= KILLS // 2
    assert acknowledged > KILLS


def _strace(tmp_path: Path, inject: str) -> tuple[str, ...]:
    """Command that makes the n-th system call of a kind fail; skips where it cannot."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    probe = subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, check=False)
    if probe.returncode != 0:
        pytest.skip("strace may not trace here")
    name = inject.split(":", 1)[0]
    return (strace, "-f", "-qq", "-o", str(tmp_path / "trace"), "-e", f"trace={name}",
            "-e", f"inject={inject}")  # fmt: skip


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "ftruncate", "unlink"])
def test_kill_at_system_call(tmp_path: Path, call: str) -> None:
    """Killed exactly at the n-th write, sync or removal of a file, a journal recovers whole."""
    path = tmp_path / "journal.db"
    acknowledged = 0
    for n in (1, 2, 3, 5, 8, 14, 25, 60, 1000):
        tracer = _strace(tmp_path, f"{call}:signal=SIGKILL:when={n}")
        child = _start(path, n, 12, *tracer)
        out, errors = child.communicate()
        assert child.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), errors
        acknowledged = max(acknowledged, _acknowledged(out.splitlines(keepends=True)))
        with Journal.open(path, create=True, birth=BIRTH) as journal:
            _expect_intact(journal, 1, acknowledged)
        if child.returncode == 0:
            break  # the program ended before its n-th call
    assert acknowledged > 0


@pytest.mark.parametrize(
    ("fault", "moments"),
    [
        ("fdatasync:error=EIO", (1, 2, 3, 4, 5, 7)),
        ("pwrite64:error=ENOSPC", (1, 6, 10, 12, 15, 20, 30)),
        ("pwrite64:error=EIO", (1, 6, 10, 12, 15, 20, 30)),
        # The disk claims a short write and wrote nothing.
        ("pwrite64:retval=5", (1, 9, 12, 15, 20, 30)),
    ],
)
def test_disk_fault(tmp_path: Path, fault: str, moments: tuple[int, ...]) -> None:
    """A failing disk gives a typed error or is survived; it never makes a false acknowledgement."""
    path = tmp_path / "journal.db"
    failed_at_work = acknowledged = 0
    for n in moments:
        child = _start(path, n, 12, *_strace(tmp_path, f"{fault}:when={n}"))
        out, errors = child.communicate()
        assert child.returncode in (0, journal_child.REFUSED), errors
        failed_at_work += child.returncode == journal_child.REFUSED and "ready" in out
        acknowledged = max(acknowledged, _acknowledged(out.splitlines(keepends=True)))
        try:
            with Journal.open(path, create=True, birth=BIRTH) as journal:
                _expect_intact(journal, 1, acknowledged)
        except JournalError:
            # Only a lying disk may leave something that must be refused.
            assert "retval" in fault
            break
    assert failed_at_work > 0 or "retval" in fault
