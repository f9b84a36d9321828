"""Which channels are there, by what the operator set?"""

from pathlib import Path

from afterword.channels.base import Channel
from afterword.channels.email import EmailChannel
from afterword.channels.mailbox import MailboxChannel
from afterword.channels.registry import open_channels
from afterword.channels.slack import SlackChannel
from afterword.domain.people.preference import ChannelKind

SLACK = "https://slack.com"


def opened(smtp_url: str | None = None, slack_token: str | None = None) -> dict[ChannelKind, Channel]:
    sender = "Afterword <afterword@localhost>"
    return dict(
        open_channels(smtp_url, mail_from=sender, mailbox=Path("mailbox"), slack=(slack_token, SLACK))
    )


def test_without_a_mail_server_mails_go_to_the_mailbox() -> None:
    assert isinstance(opened()[ChannelKind.EMAIL], MailboxChannel)


def test_with_a_mail_server_mails_go_there() -> None:
    channel = opened("smtp://mail.example.com")[ChannelKind.EMAIL]
    assert isinstance(channel, EmailChannel)
    assert channel.name == "email"


def test_slack_is_there_when_it_has_a_token_and_else_it_is_not() -> None:
    assert list(opened()) == [ChannelKind.EMAIL]
    found = opened(slack_token="xoxb-1")
    assert set(found) == {ChannelKind.EMAIL, ChannelKind.SLACK}
    assert isinstance(found[ChannelKind.SLACK], SlackChannel)
