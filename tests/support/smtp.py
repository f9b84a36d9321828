"""A real SMTP server that keeps what it takes."""

import email
import time
from email import policy
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.server import free_port

MAIL_S_MAX = 10.0
POLL_S = 0.01


class MailServer:
    """Listens on a free port of this machine; a context manager."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """For AFTERWORD_SMTP_URL."""
        return f"smtp://127.0.0.1:{self._controller.port}"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take one mail; the name is aiosmtpd's."""
        mail = email.message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def wait_for(self, address: str, within_s: float = MAIL_S_MAX) -> EmailMessage:
        """Wait for the first mail to somebody."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            for mail in list(self.mails):
                if address in str(mail["To"]):
                    return mail
            time.sleep(POLL_S)
        raise AssertionError(f"no mail to {address} within {within_s} s, but {len(self.mails)} to others")
