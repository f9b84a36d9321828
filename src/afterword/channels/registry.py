"""Which channel does the operator's setting mean?"""

from pathlib import Path

from afterword.channels.base import Channel
from afterword.channels.email import EmailChannel
from afterword.channels.mailbox import MailboxChannel


def open_channel(smtp_url: str | None, *, mail_from: str, mailbox: Path) -> Channel:
    """Mail by SMTP when a server is set; else the mailbox page of this server."""
    if smtp_url is None:
        return MailboxChannel(mailbox, mail_from)
    return EmailChannel(smtp_url, mail_from)
