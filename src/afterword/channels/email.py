"""How does an invitation travel by SMTP?"""

import asyncio
from email.utils import parseaddr
from enum import Enum
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from afterword.channels.base import Message, SendError
from afterword.channels.email_message import compose, to_bytes

SEND_TIMEOUT_S = 30.0
"""For the whole delivery: a server that drips byte by byte never exceeds a per-read timeout."""

GREET_TIMEOUT_S = 10.0
"""For a greeting: somebody waits for the answer."""

_PORTS = {"smtp": 25, "smtps": 465}
_PERMANENT_FROM = 500


class _Step(Enum):
    """How far a delivery came."""

    GREETING = "greeting"
    RECIPIENT = "recipient"
    TEXT = "text"


class EmailChannel:
    """Sends each invitation over its own SMTP connection."""

    name = "email"

    def __init__(self, smtp_url: str, mail_from: str) -> None:
        url = urlsplit(smtp_url)
        starttls = parse_qs(url.query).get("starttls", ["auto"])[-1]
        self._mail_from = mail_from
        self._host = url.hostname or "localhost"
        self._port = url.port or _PORTS[url.scheme]
        self._use_tls = url.scheme == "smtps"
        self._username = unquote(url.username) if url.username else None
        # None lets aiosmtplib upgrade when the server offers it; True refuses to go on without,
        # as is right with a password: whoever sits in between only has to leave the offer out.
        is_automatic = starttls == "auto" and self._username is None
        self._start_tls = None if is_automatic else starttls != "never"
        self._password = unquote(url.password) if url.password else None

    async def greet(self) -> None:
        """
        Connect, say EHLO and sign in, as before a mail, and send none.

        Raises:
            SendError: The server does not let us.
        """
        client = self._client()
        try:
            async with asyncio.timeout(GREET_TIMEOUT_S):
                await client.connect()
                await client.ehlo()
        except aiosmtplib.SMTPResponseException as error:
            raise SendError(f"SMTP: refused with {error.code}") from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise SendError(f"SMTP: {type(error).__name__}") from error
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._use_tls,
            start_tls=False if self._use_tls else self._start_tls,
            username=self._username,
            password=self._password,
            timeout=SEND_TIMEOUT_S,
        )

    async def send(self, message: Message) -> None:
        """See Channel.send."""
        mail = compose(message, self._mail_from)
        client = self._client()
        step = _Step.GREETING
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await client.connect()
                await client.mail(parseaddr(self._mail_from)[1])
                step = _Step.RECIPIENT
                await client.rcpt(message.to_email)
                step = _Step.TEXT
                await client.data(to_bytes(mail))
        except aiosmtplib.SMTPResponseException as error:
            # The server's own words may hold an address and are left out. A sender or a password
            # that is refused is the operator's to mend, and then the mail can still go.
            permanent = error.code >= _PERMANENT_FROM and step is not _Step.GREETING
            raise SendError(f"SMTP: refused with {error.code}", permanent=permanent) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # Once the text is on its way, a silent server may have taken it all the same.
            raise SendError(f"SMTP: {type(error).__name__}", uncertain=step is _Step.TEXT) from error
        finally:
            client.close()
