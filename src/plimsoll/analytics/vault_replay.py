"""The history of vaults computed from the journal alone, and the kept file compared with it.

Nothing is changed, and a node may be running on the directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from plimsoll.analytics.vault_recorder import CLOSED_MAX, Recorder
from plimsoll.analytics.vault_store import (
    MEMORY,
    STORE_NAME,
    Checkpoint,
    PointStore,
    Window,
    point_before,
    points_in,
)
from plimsoll.runtime import recovery
from plimsoll.runtime.local_pnl import LocalPnl
from plimsoll.runtime.pnl import RESOLUTIONS, Point
from plimsoll.runtime.publisher import Published

T = TypeVar("T")

_WORDS: Final = {length: word for word, length in RESOLUTIONS.items()}
_Points = Mapping[tuple[str, int, int], Point]


class ReplayedPnl(LocalPnl):
    """What a client says of PnL, at the end of a journal; also a `PnlReader` of it.

    ``compared`` is the record up to which the kept file was compared, None without one;
    ``problems`` says where it differs.
    """

    def __init__(
        self,
        state: Any,
        recorder: Recorder,
        store: PointStore,
        compared: int | None,
        problems: list[str],
    ) -> None:
        self.seq, self.ts = recorder.seq, recorder.ts
        self.compared = compared
        self.problems = problems
        self._state = state
        self._recorder = recorder
        self._store = store
        self._kept = self

    async def sources(self) -> list[str]:
        return self._recorder.sources()

    async def latest(self) -> dict[str, Point]:
        return {point.source: point for point in self._recorder.points()}

    async def before(self, source: str, ts: int) -> Point | None:
        return point_before(self._store, self._recorder.newer(), source, ts)

    async def points(
        self, source: str, resolution: int, since: int | None, until: int | None, limit: int
    ) -> list[Point]:
        window = Window(since, until, limit)
        return points_in(self._store, self._recorder.newer(), source, resolution, window)

    async def _ask(self, ask: Callable[[Any], T]) -> T:
        return ask(self._state)

    def close(self) -> None:
        """Forget it."""
        self._store.close()


class _Kept(NamedTuple):
    """What the kept file holds, of one moment."""

    checkpoint: Checkpoint | None
    points: _Points


def _read_kept(path: Path) -> _Kept:
    if not path.exists():
        return _Kept(None, {})
    file = PointStore.read(path)
    try:
        return _Kept(*file.everything())
    finally:
        file.close()


def replay(data_dir: Path, progress: recovery.Progress | None = None) -> ReplayedPnl:
    """Compute the history of a journal, and compare the kept file, if there is one.

    Errors: as `recovery.replay`; `sqlite3.Error` if the kept file cannot be read.
    """
    kept = _read_kept(data_dir / STORE_NAME)
    compared = None if kept.checkpoint is None else kept.checkpoint.seq
    recorder, store = Recorder(), PointStore.open(MEMORY)
    problems: list[str] = []

    def take(item: Published) -> None:
        recorder.take(item)
        if item.seq == compared or len(recorder.closed) >= CLOSED_MAX:
            store.write(recorder.newer(), recorder.checkpoint())
            recorder.closed.clear()
        if item.seq == compared:
            problems.extend(_differences(kept.points, store.everything()[1]))

    try:
        engine = recovery.replay_after(data_dir, 0, None, take, progress=progress)
    except BaseException:
        store.close()
        raise
    if compared is not None and recorder.seq < compared:
        problems.append(f"it goes to record {compared}, the journal to {recorder.seq}")
    return ReplayedPnl(engine.state, recorder, store, compared, problems)


def _differences(kept: _Points, found: _Points) -> list[str]:
    """Where the kept points are not those of the replay, a line each."""
    lines: list[str] = []
    for key in sorted(kept.keys() | found.keys()):
        source, resolution, bucket = key
        place = f"{source}, the {_WORDS.get(resolution, resolution)} from {bucket} ms on"
        if key not in kept or key not in found:
            lines.append(f"{place}: only in the {'replay' if key in found else 'file'}")
        elif kept[key] != found[key]:
            lines.append(f"{place}: kept {kept[key]}, should be {found[key]}")
    return lines
