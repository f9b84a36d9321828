"""What did the real server do to its files, and when did it answer? Read from strace's record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = (
    "openat,creat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,ftruncate,fallocate,fsync,fdatasync,"
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir"
)
OPTIONS = ("-yy", "-xx", "-s", "1000000", "-e", f"trace={CALLS}")


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes were handed to the system; offset None is where the file's descriptor stood."""

    path: str
    data: bytes
    offset: int | None
    descriptor: int


@dataclass(frozen=True, slots=True)
class Open:
    """A file got a descriptor, and exists from now on when it did not before."""

    path: str
    descriptor: int
    creates: bool
    truncates: bool


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file got another length."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class SyncBegin:
    """The system was asked to make a file, or a directory's names, durable."""

    path: str
    thread: str


@dataclass(frozen=True, slots=True)
class SyncEnd:
    """The system says that what was there at the beginning is durable now."""

    path: str
    thread: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name was made (``new``), taken away (``old``), or both: a rename. A link keeps its old name."""

    old: str | None
    new: str | None
    is_directory: bool = False
    keeps_old: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes went out to a client."""

    data: bytes


Step = Write | Open | Truncate | SyncBegin | SyncEnd | Name | Sent

_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((.*?)(?:\) += (-?\d+|\?)(.*)| <unfinished \.\.\.>)$", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_DESCRIPTOR = re.compile(r"(\d+)<(.*?)>(?:,|$)")
_HEX = re.compile(r"\\x([0-9a-f]{2})")


def read_recording(log: Path) -> Iterator[Step]:
    """All steps in their order; what can't be understood is an error, never left out."""
    begun: dict[str, str] = {}
    with log.open() as lines:
        for line in lines:
            thread, text = _split(line)
            if text.startswith(("+++", "---")):
                continue
            if (resumed := _RESUMED.match(text)) is not None:
                whole = begun.pop(thread) + resumed[2]
                yield from _ended(thread, *_parse(whole))
                continue
            name, arguments, result, rest = _parse(text)
            if result is None:
                begun[thread] = text.removesuffix(" <unfinished ...>")
            yield from _begun(thread, name, arguments)
            if result is not None:
                yield from _ended(thread, name, arguments, result, rest)


def _split(line: str) -> tuple[str, str]:
    found = _LINE.match(line.rstrip("\n"))
    assert found is not None, f"not a line of strace: {line[:200]}"
    return found[1], found[2]


def _parse(text: str) -> tuple[str, str, int | None, str]:
    found = _CALL.match(text)
    assert found is not None, f"not a call: {text[:300]}"
    result = None if found[3] is None else (-1 if found[3] == "?" else int(found[3]))
    return found[1], found[2], result, found[4] or ""


def _begun(thread: str, name: str, arguments: str) -> Iterator[Step]:
    """What may take effect as soon as the call is made."""
    if name in ("write", "pwrite64", "sendto"):
        descriptor, path = _file(arguments)
        parts = arguments.split('"')
        data = _bytes(parts[1])
        if path.startswith(("TCP", "UNIX")):
            yield Sent(data)
        elif path.startswith("/"):
            offset = int(parts[2].rpartition(", ")[2]) if name == "pwrite64" else None
            yield Write(path, data, offset, descriptor)
    elif name in ("writev", "sendmsg"):
        _, path = _file(arguments)
        assert not path.startswith("/"), f"{name} on a file is not understood: {path}"
        yield Sent(b"".join(_bytes(part) for part in arguments.split('"')[1::2]))
    elif name in ("fsync", "fdatasync"):
        yield SyncBegin(_file(arguments)[1], thread)


def _ended(thread: str, name: str, arguments: str, result: int | None, rest: str) -> Iterator[Step]:
    """What is so only when the call has succeeded."""
    if result is None or result < 0 or name in ("write", "pwrite64", "sendto", "writev", "sendmsg"):
        return
    texts = [_text(part) for part in arguments.split('"')[1::2]]
    if name in ("fsync", "fdatasync"):
        yield SyncEnd(_file(arguments)[1], thread)
    elif name == "ftruncate":
        yield Truncate(_file(arguments)[1], int(arguments.rpartition(", ")[2]))
    elif name == "openat":
        path = _text(rest[1:].rpartition(">")[0])
        yield Open(path, result, "O_CREAT" in arguments, "O_TRUNC" in arguments)
    elif name in ("mkdir", "mkdirat"):
        yield Name(None, texts[-1], is_directory=True)
    elif name in ("unlink", "unlinkat", "rmdir"):
        yield Name(texts[-1], None)
    elif name in ("rename", "renameat", "renameat2", "link", "linkat"):
        yield Name(texts[0], texts[1], keeps_old=name.startswith("link"))
    else:
        raise AssertionError(f"{name} is not understood")


def _file(arguments: str) -> tuple[int, str]:
    found = _DESCRIPTOR.match(arguments)
    assert found is not None, f"no file in {arguments[:200]}"
    return int(found[1]), _text(found[2])


def _text(escaped: str) -> str:
    return _HEX.sub(lambda found: chr(int(found[1], 16)), escaped)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
