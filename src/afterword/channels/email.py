"""How does an invitation travel by SMTP?"""

import asyncio
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from afterword.channels.base import Message, SendError
from afterword.channels.email_message import compose

SEND_TIMEOUT_S = 30.0
"""For the whole delivery: a server that drips byte by byte never exceeds a per-read timeout."""

_PORTS = {"smtp": 25, "smtps": 465}
_PERMANENT_FROM = 500


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
        # None lets aiosmtplib upgrade when the server offers it; True refuses to go on without.
        self._start_tls = None if starttls == "auto" else starttls == "require"
        self._username = unquote(url.username) if url.username else None
        self._password = unquote(url.password) if url.password else None

    async def send(self, message: Message) -> None:
        """See Channel.send."""
        mail = compose(message, self._mail_from)
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._use_tls,
            start_tls=False if self._use_tls else self._start_tls,
            username=self._username,
            password=self._password,
            timeout=SEND_TIMEOUT_S,
        )
        handed_over = False
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await client.connect()
                handed_over = True
                await client.send_message(mail)
        except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
            raise _refused(error) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # After the data began, a silent server may have taken the mail all the same.
            raise SendError(f"SMTP: {type(error).__name__}", uncertain=handed_over) from error
        finally:
            client.close()


def _refused(error: Exception) -> SendError:
    """4xx is worth another try, 5xx is not. The server's text may hold an address and is left out."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = max((item.code for item in error.recipients), default=_PERMANENT_FROM)
    else:
        code = getattr(error, "code", _PERMANENT_FROM)
    return SendError(f"SMTP: refused with {code}", permanent=code >= _PERMANENT_FROM)
