"""What may be on a disk after the power fails, when only what was synced is promised?"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path, PurePosixPath

from tests.faults.recording import Name, Open, Step, SyncBegin, SyncEnd, Truncate, Write

SECTOR_BYTES = 512
PAGE_BYTES = 4_096


class Loss(Enum):
    """What becomes of the writes that were not synced; what was synced is always there."""

    ALL = auto()
    NONE = auto()
    ANY_WRITES = auto()
    ANY_PAGES = auto()
    ANY_SECTORS = auto()
    ALL_AFTER_ONE_TORN = auto()


@dataclass(eq=False)
class File:
    """
    One file, whatever its name.

    Attributes:
        durable: Its content as far as synced.
        pending: (offset, bytes), or (length, None) for a truncation, since then.
    """

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    is_directory: bool = False

    def length(self) -> int:
        """As the program sees it."""
        size = len(self.durable)
        for offset, data in self.pending:
            size = offset if data is None else max(size, offset + len(data))
        return size

    def sync(self, count: int) -> None:
        """The oldest so many pending writes are durable."""
        for offset, data in self.pending[:count]:
            _apply(self.durable, offset, data)
        del self.pending[:count]


class Disk:
    """
    Follows a recording; at any point makes the directory that a power cut may leave.

    Only names below the root are kept. A name is durable when its directory was
    synced, as POSIX has it; many file systems promise more.
    """

    def __init__(self, root: Path) -> None:
        self._root = PurePosixPath(root)
        self._names: dict[PurePosixPath, File] = {}
        self._durable_names: dict[PurePosixPath, File] = {}
        self._pending_names: list[tuple[PurePosixPath, File | None]] = []
        self._open: dict[int, list[int]] = {}
        self._syncing: dict[str, tuple[int, int]] = {}

    def apply(self, step: Step) -> None:
        """Take one step of the recording."""
        match step:
            case Open(path, descriptor, creates, truncates):
                self._open[descriptor] = [0]
                if creates and self._find(path) is None:
                    self._name(path, File())
                if truncates and (file := self._find(path)) is not None:
                    file.pending.append((0, None))
            case Write(path, data, offset, descriptor):
                if (file := self._find(path)) is not None:
                    if offset is None:
                        position = self._open[descriptor]
                        offset = position[0]
                        position[0] += len(data)
                    file.pending.append((offset, data))
            case Truncate(path, size):
                if (file := self._find(path)) is not None:
                    file.pending.append((size, None))
            case SyncBegin(path, thread):
                file = self._find(path)
                self._syncing[thread] = len(file.pending) if file else 0, len(self._pending_names)
            case SyncEnd(path, thread):
                self._synced(path, *self._syncing.pop(thread))
            case Name():
                self._rename(step)

    def make_image(self, target: Path, loss: Loss, rng: random.Random) -> None:
        """Write what a power cut now may leave into an empty directory."""
        names = dict(self._durable_names)
        kept = {Loss.ALL: 0, Loss.NONE: len(self._pending_names)}.get(
            loss, rng.randint(0, len(self._pending_names))
        )
        _set_names(names, self._pending_names[:kept])
        for path, file in sorted(names.items()):
            above = path.parent
            if above != self._root and above not in names:
                continue
            place = target / path.relative_to(self._root)
            if file.is_directory:
                place.mkdir()
            elif place.parent.is_dir() and not path.name.endswith("-shm"):
                place.write_bytes(survivors(file, loss, rng))

    def _find(self, path: str) -> File | None:
        return self._names.get(PurePosixPath(path))

    def _name(self, path: str, file: File | None) -> None:
        place = PurePosixPath(path)
        if self._root in place.parents:
            _set_names(self._names, [(place, file)])
            self._pending_names.append((place, file))

    def _rename(self, step: Name) -> None:
        file = File(is_directory=step.is_directory) if step.old is None else self._find(step.old)
        if step.new is not None:
            self._name(step.new, file)
        if step.old is not None and not step.keeps_old:
            self._name(step.old, None)

    def _synced(self, path: str, writes: int, names: int) -> None:
        place = PurePosixPath(path)
        if (file := self._names.get(place)) is not None:
            file.sync(writes)
        of_directory = [item for item in self._pending_names[:names] if item[0].parent == place]
        _set_names(self._durable_names, of_directory)
        self._pending_names = [item for item in self._pending_names if item not in of_directory]


def survivors(file: File, loss: Loss, rng: random.Random) -> bytes:
    """A content that the file may have after a power cut now."""
    content = bytearray(file.durable)
    fill = rng.choice([bytes, rng.randbytes])
    for offset, data in _PICKS[loss](file.pending, rng):
        if data is not None and offset > len(content):
            # Between its old end and what survived there is nothing, or anything.
            content += fill(offset - len(content))
        _apply(content, offset, data)
    return bytes(content)


Pending = list[tuple[int, bytes | None]]


def _any_writes(pending: Pending, rng: random.Random) -> Pending:
    return [item for item in pending if rng.random() < 0.5]


def _in_pieces(size: int) -> Callable[[Pending, random.Random], Pending]:
    """Cut writes where the file has its sectors or pages, and keep any of the pieces."""

    def pick(pending: Pending, rng: random.Random) -> Pending:
        pieces: Pending = []
        for offset, data in pending:
            if data is None:
                pieces.append((offset, None))
                continue
            start = offset
            while start < offset + len(data):
                end = min(start - start % size + size, offset + len(data))
                pieces.append((start, data[start - offset : end - offset]))
                start = end
        return _any_writes(pieces, rng)

    return pick


def _all_after_one_torn(pending: Pending, rng: random.Random) -> Pending:
    whole = rng.randint(0, len(pending))
    return pending[:whole] + _in_pieces(SECTOR_BYTES)(pending[whole : whole + 1], rng)


_PICKS: dict[Loss, Callable[[Pending, random.Random], Pending]] = {
    Loss.ALL: lambda pending, rng: [],
    Loss.NONE: lambda pending, rng: pending,
    Loss.ANY_WRITES: _any_writes,
    Loss.ANY_PAGES: _in_pieces(PAGE_BYTES),
    Loss.ANY_SECTORS: _in_pieces(SECTOR_BYTES),
    Loss.ALL_AFTER_ONE_TORN: _all_after_one_torn,
}


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data


def _set_names(names: dict[PurePosixPath, File], changes: list[tuple[PurePosixPath, File | None]]) -> None:
    for path, file in changes:
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file
