"""Which mails did the built-in mailbox take?"""

from pathlib import Path

from afterword.channels import mailbox
from afterword.channels.mailbox import Mail


def list_mails(folder: Path) -> list[Mail]:
    """The newest mails, newest first."""
    return mailbox.list_mails(folder)


def find_mail(folder: Path, name: str) -> Mail | None:
    """One mail by its name."""
    return mailbox.find_mail(folder, name)
