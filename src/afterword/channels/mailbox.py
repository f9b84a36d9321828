"""Where does mail go when no mail server is set? Into a folder that a page shows."""

import asyncio
import email
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

from afterword.channels.base import Message, SendError
from afterword.channels.email_message import compose, to_bytes

SHOWN_MAX = 100
_SUFFIX = ".eml"
_DRAFT_SUFFIX = ".draft"
_NAME = re.compile(r"[0-9A-Za-z.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the mailbox."""

    name: str
    arrived_at: datetime
    to: str
    subject: str
    text: str
    html: str


class MailboxChannel:
    """Keeps every mail as one .eml file, named by its Message-ID."""

    name = "mailbox"

    def __init__(self, folder: Path, mail_from: str) -> None:
        self._folder = folder
        self._mail_from = mail_from

    async def send(self, message: Message) -> None:
        """See Channel.send."""
        mail = compose(message, self._mail_from)
        try:
            await asyncio.to_thread(self._keep, mail)
        except OSError as error:
            raise SendError(f"mailbox: {error.strerror}") from error

    def _keep(self, mail: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Sent again means the same Message-ID, the same file: it is there once.
        target = self._folder / (re.sub(r"[^0-9A-Za-z.-]", "-", mail["Message-ID"].strip("<>")) + _SUFFIX)
        draft = target.with_suffix(f".{os.getpid()}{_DRAFT_SUFFIX}")
        draft.touch(mode=0o600)
        draft.write_bytes(to_bytes(mail))
        draft.replace(target)


def list_mails(folder: Path) -> list[Mail]:
    """The newest mails, newest first."""
    if not folder.is_dir():
        return []
    paths = sorted(folder.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [_read(path) for path in paths[:SHOWN_MAX]]


def find_mail(folder: Path, name: str) -> Mail | None:
    """One mail by its name."""
    path = folder / (name + _SUFFIX)
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    return _read(path)


def delete_mails(
    folder: Path,
    *,
    message_ids: Collection[str] = (),
    is_over: Callable[[list[str], float], bool],
    dry_run: bool = False,
) -> int:
    """
    Delete mails, and what a sender that was killed left of one.

    Args:
        message_ids: The part before the @; these go in any case.
        is_over: Called with the addresses that a mail is to, and when it came, in seconds since 1970.
        dry_run: Only count.

    Returns:
        How many there were.
    """
    count = 0
    wanted = tuple(f"{one}-" for one in message_ids)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix not in (_SUFFIX, _DRAFT_SUFFIX):
            continue
        try:
            is_wanted = bool(wanted) and path.name.startswith(wanted)
            if is_wanted or is_over(_addressees(path), path.stat().st_mtime):
                if not dry_run:
                    path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # Somebody else was quicker, or the draft became a mail: the next look finds it.
    return count


def _addressees(path: Path) -> list[str]:
    with path.open("rb") as file:
        mail = email.message_from_binary_file(file, policy=policy.default)
    return [address for _, address in getaddresses([str(mail["To"] or "")])]


def _read(path: Path) -> Mail:
    mail = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(
        name=path.stem,
        arrived_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        text=_body(mail, "plain"),
        html=_body(mail, "html"),
    )


def _body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
