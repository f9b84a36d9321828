"""Is every mail in the mailbox once, and nothing outside of its folder within reach?"""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from afterword.channels.base import SendError
from afterword.channels.mailbox import SHOWN_MAX, MailboxChannel, find_mail, list_mails
from tests.channels.messages import message

SENDER = "Afterword <afterword@localhost>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mailbox"


def keep(folder: Path, message_id: str = "q3x8k2v9b7n4", **changes: str) -> None:
    sent = message(message_id=message_id, **changes)
    asyncio.run(MailboxChannel(folder, SENDER).send(sent))


class TestKeeping:
    def test_a_mail_can_be_read_as_it_was_sent(self, folder: Path) -> None:
        keep(folder, to_name="Zoë Müller", title="Wie war’s?")
        (mail,) = list_mails(folder)
        assert mail.to == "Zoë Müller <ana@example.com>"
        assert mail.subject == "Wie war’s?"
        assert message().unsubscribe_url in mail.text
        assert message().unsubscribe_url in mail.html
        assert "<html" in mail.html
        assert find_mail(folder, mail.name) == mail

    def test_a_mail_that_is_sent_again_is_there_once(self, folder: Path) -> None:
        for title in ("first", "again"):
            keep(folder, title=title)
        assert [mail.subject for mail in list_mails(folder)] == ["again"]

    def test_mails_with_different_ids_are_all_there_newest_first(self, folder: Path) -> None:
        for number in range(3):
            keep(folder, f"mail{number}", title=f"mail {number}")
            os.utime(next(folder.glob(f"mail{number}*")), (number, number))
        assert [mail.subject for mail in list_mails(folder)] == ["mail 2", "mail 1", "mail 0"]

    def test_many_at_once_are_all_there(self, folder: Path) -> None:
        async def run() -> None:
            channel = MailboxChannel(folder, SENDER)
            await asyncio.gather(*(channel.send(message(message_id=f"mail{number}")) for number in range(30)))

        asyncio.run(run())
        assert len(list_mails(folder)) == 30
        assert all(path.suffix == ".eml" for path in folder.iterdir())

    def test_only_so_many_are_shown(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for number in range(SHOWN_MAX + 5):
            (folder / f"mail{number}.eml").write_bytes(b"Subject: x\r\n\r\nx")
        assert len(list_mails(folder)) == SHOWN_MAX

    def test_mails_are_for_the_owner_of_the_folder_only(self, folder: Path) -> None:
        before = os.umask(0)
        try:
            keep(folder)
        finally:
            os.umask(before)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    @pytest.mark.parametrize(
        "message_id", ["../../evil", "a/b", "/etc/evil", "..", "a\\b", "a b", "x@example.com"]
    )
    def test_no_message_id_leads_out_of_the_folder(self, folder: Path, message_id: str) -> None:
        keep(folder, message_id)
        files = [path for path in folder.parent.parent.rglob("*") if path.is_file()]
        assert len(files) == 1
        assert files[0].parent == folder
        assert len(list_mails(folder)) == 1

    def test_an_address_that_is_not_ascii_ends_in_a_mail_or_in_a_send_error(self, folder: Path) -> None:
        refusal = None
        try:
            keep(folder, to_email="jürgen@example.com")
        except SendError as error:
            refusal = error
        if refusal is None:
            assert "jürgen@example.com" in list_mails(folder)[0].to
        else:
            assert refusal.permanent

    def test_a_folder_that_cannot_be_written_is_worth_another_try(self, folder: Path) -> None:
        folder.parent.mkdir()
        folder.write_text("a file where the folder should be")
        with pytest.raises(SendError) as caught:
            keep(folder)
        assert not caught.value.permanent
        assert not caught.value.uncertain
        assert str(folder) not in str(caught.value)


class TestReading:
    def test_no_folder_is_an_empty_mailbox(self, folder: Path) -> None:
        assert list_mails(folder) == []
        assert find_mail(folder, "anything") is None

    @pytest.mark.parametrize(
        "name",
        [
            "../secret",
            "..",
            ".",
            "",
            "/secret",
            "a/../../secret",
            "x" * 201,
            "x" * 5_000,
            "a\x00b",
            "ä",
            "a\nb",
        ],
        ids=range(11),
    )
    def test_no_name_leads_out_of_the_folder(self, folder: Path, name: str) -> None:
        keep(folder)
        (folder.parent / "secret.eml").write_bytes(b"Subject: secret\r\n\r\nsecret")
        (folder.parent / ".eml").write_bytes(b"Subject: secret\r\n\r\nsecret")
        assert find_mail(folder, name) is None

    def test_a_mail_half_written_is_not_shown(self, folder: Path) -> None:
        keep(folder)
        (folder / "other.123.draft").write_bytes(b"Subject: ha")
        assert len(list_mails(folder)) == 1

    def test_whatever_lies_in_the_folder_is_shown_without_an_error(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for number, content in enumerate((b"", b"\xff\xfe", b"no header", b"Content-Type: image/png\n\nx")):
            (folder / f"odd{number}.eml").write_bytes(content)
        assert len(list_mails(folder)) == 4
