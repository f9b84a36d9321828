"""Which channels do the operator's settings mean?"""

from collections.abc import Mapping
from pathlib import Path

from afterword.channels.base import Channel
from afterword.channels.email import EmailChannel
from afterword.channels.mailbox import MailboxChannel
from afterword.channels.slack import SlackChannel
from afterword.domain.people.preference import ChannelKind


def open_channels(
    smtp_url: str | None, *, mail_from: str, mailbox: Path, slack: tuple[str | None, str]
) -> Mapping[ChannelKind, Channel]:
    """
    All that are set up.

    Args:
        smtp_url: Mail goes by SMTP when a server is set; else to the mailbox page of this server.
        slack: The bot's token and Slack's address; without a token there is no Slack.
    """
    mail = MailboxChannel(mailbox, mail_from) if smtp_url is None else EmailChannel(smtp_url, mail_from)
    found: dict[ChannelKind, Channel] = {ChannelKind.EMAIL: mail}
    token, url = slack
    if token is not None:
        found[ChannelKind.SLACK] = SlackChannel(token, url)
    return found
