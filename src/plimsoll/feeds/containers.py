"""Files to rows of text cells: plain CSV, ``.csv.gz``, the first CSV of a ``.zip``, Parquet.

Everything is streamed. Damage of any kind becomes ``UnreadableFileError``.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from plimsoll.feeds.base import MissingExtraError, UnreadableFileError

SUFFIXES: Final = (".csv", ".csv.gz", ".zip", ".parquet")
UNCOMPRESSED_BYTES_MAX: Final = 2 << 30
LINE_CHARACTERS_MAX: Final = 65_536
_CHUNK: Final = 1 << 20
_PARQUET_BATCH: Final = 131_072
_DAMAGE: Final = (
    OSError,
    EOFError,
    UnicodeDecodeError,
    NotImplementedError,  # a compression method zipfile does not know
    RuntimeError,  # an encrypted member
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    csv.Error,
)


def _unreadable(path: Path, error: Exception) -> UnreadableFileError:
    if isinstance(error, UnicodeDecodeError):
        return UnreadableFileError("not UTF-8 text", path=str(path))
    if isinstance(error, FileNotFoundError):
        return UnreadableFileError("no such file", path=str(path))
    return UnreadableFileError(f"cannot be read: {error}", path=str(path))


def _csv_member(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    for info in archive.infolist():
        if info.filename.lower().endswith(".csv") and "__MACOSX" not in info.filename:
            if info.file_size > UNCOMPRESSED_BYTES_MAX:
                size = f"{info.filename} unpacks to {info.file_size:,} bytes"
                limit = f"the limit is {UNCOMPRESSED_BYTES_MAX:,}"
                raise UnreadableFileError(f"{size}, {limit}", path=str(path))
            return info
    raise UnreadableFileError("the archive holds no .csv", path=str(path))


def csv_name(path: Path) -> str:
    """The name of the CSV inside ``path``: the archive's member, or the file's own name."""
    if path.suffix.lower() != ".zip":
        return path.name
    try:
        with zipfile.ZipFile(path) as archive:
            return _csv_member(archive, path).filename
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


def _open_binary(path: Path, stack: ExitStack) -> tuple[IO[bytes] | gzip.GzipFile, bool]:
    """The stream of the CSV, and whether it is compressed."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        archive = stack.enter_context(zipfile.ZipFile(path))
        return stack.enter_context(archive.open(_csv_member(archive, path))), True
    if suffix == ".gz":
        return stack.enter_context(gzip.open(path, "rb")), True
    return stack.enter_context(path.open("rb")), False


def _read_lines(path: Path) -> Iterator[list[str]]:
    """Lines by the chunk; a line longer than the limit is refused before it fills the memory."""
    with ExitStack() as stack:
        binary, packed = _open_binary(path, stack)
        # A byte-order mark is dropped; every kind of line end becomes "\n".
        text = stack.enter_context(io.TextIOWrapper(binary, encoding="utf-8-sig", newline=None))
        rest, total = "", 0
        while chunk := text.read(_CHUNK):
            total += len(chunk)
            if packed and total > UNCOMPRESSED_BYTES_MAX:
                limit = f"unpacks to more than {UNCOMPRESSED_BYTES_MAX:,} bytes"
                raise UnreadableFileError(limit, path=str(path))
            if "\0" in chunk:
                raise UnreadableFileError("not text: it holds NUL characters", path=str(path))
            lines = (rest + chunk).split("\n")
            rest = lines.pop()
            if len(rest) > LINE_CHARACTERS_MAX:
                limit = f"a line is longer than {LINE_CHARACTERS_MAX:,} characters"
                raise UnreadableFileError(limit, path=str(path))
            yield lines
        if rest:
            yield [rest]


def _split(line: str) -> list[str]:
    return line.split(",") if '"' not in line else next(csv.reader([line]))


def _read_csv(path: Path) -> Iterator[list[str]]:
    try:
        for lines in _read_lines(path):
            for line in lines:
                yield _split(line)
    except _DAMAGE as error:
        raise _unreadable(path, error) from error


def _polars(path: Path) -> Any:
    try:
        import polars as pl
    except ImportError as error:
        reason = "Parquet needs the polars package: pip install 'plimsoll[data]'"
        raise MissingExtraError(reason, path=str(path)) from error
    return pl


def _read_parquet(path: Path) -> Iterator[list[str]]:
    """The column names, then the rows; floats as their shortest exact text, times as epoch ms."""
    pl = _polars(path)
    if not path.is_file():
        raise UnreadableFileError("no such file", path=str(path))
    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
        times = [name for name, kind in schema.items() if kind in (pl.Date, pl.Datetime)]
        frame = frame.with_columns(pl.col(times).cast(pl.Datetime("ms")).dt.timestamp("ms"))
        yield list(schema.names())
        offset = 0
        while rows := frame.slice(offset, _PARQUET_BATCH).collect().rows():
            for row in rows:
                yield ["" if value is None else str(value) for value in row]
            offset += len(rows)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, error) from error


def read_cells(path: Path) -> Iterator[list[str]]:
    """Every line of the file as a list of cells, a blank line as ``[""]``.

    Of Parquet the column names come first, so row ``n`` counts as line ``n + 1``.
    Raises ``UnreadableFileError`` or ``MissingExtraError``, also while it is read.
    """
    return _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
