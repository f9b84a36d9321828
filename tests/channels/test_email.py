"""Do we know, after every kind of mail server, whether a mail went out and what to do next?"""

import asyncio
import email
import shutil
import socket
import ssl
import subprocess
import time
from email import policy
from pathlib import Path
from urllib.parse import quote

import pytest

from afterword.channels import email as email_channel
from afterword.channels.base import SendError
from afterword.channels.email import EmailChannel
from tests.channels.messages import message
from tests.channels.smtp_servers import CLOSE, DRIP, HANG, PASSWORD, USERNAME, Inbox, behaving, scripted

SENDER = "Afterword <afterword@example.com>"
DEADLINE_S = 0.5


def channel(port: int, *, account: str = "", query: str = "", mail_from: str = SENDER) -> EmailChannel:
    return EmailChannel(f"smtp://{account}127.0.0.1:{port}{query}", mail_from)


def send(changes: dict[str, str], **options: str) -> tuple[SendError | None, list[str]]:
    """Send to a server that answers by this table; the error, and what the server heard."""

    async def run() -> tuple[SendError | None, list[str]]:
        async with scripted(changes) as (port, heard):
            try:
                await channel(port, **options).send(message())
            except SendError as error:
                return error, heard
            return None, heard

    return asyncio.run(run())


def error_of(changes: dict[str, str], **options: str) -> SendError:
    error, _ = send(changes, **options)
    assert error is not None, "the mail counts as sent"
    return error


class TestAccepted:
    def test_the_mail_arrives_as_it_was_composed(self) -> None:
        async def run() -> Inbox:
            async with behaving() as (port, inbox):
                await channel(port).send(message(to_name="Zoë Müller"))
                return inbox

        (envelope,) = asyncio.run(run()).envelopes
        assert envelope.mail_from == "afterword@example.com"
        assert envelope.rcpt_tos == ["ana@example.com"]
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        assert mail["To"] == "Zoë Müller <ana@example.com>"
        assert message().message_id in mail["Message-ID"]
        assert mail.get_content_type() == "multipart/alternative"

    def test_sent_again_it_has_the_same_message_id(self) -> None:
        async def run() -> Inbox:
            async with behaving() as (port, inbox):
                for _ in range(2):
                    await channel(port).send(message())
                return inbox

        contents = [envelope.content for envelope in asyncio.run(run()).envelopes]
        assert len(contents) == 2
        assert len({email.message_from_bytes(content)["Message-ID"] for content in contents}) == 1

    def test_many_at_once_do_not_mix(self) -> None:
        async def run() -> Inbox:
            async with behaving() as (port, inbox):
                outgoing = channel(port)
                sent = [outgoing.send(message(to_email=f"p{number}@example.com")) for number in range(20)]
                await asyncio.gather(*sent)
                return inbox

        for envelope in (inbox := asyncio.run(run())).envelopes:
            assert email.message_from_bytes(envelope.content)["To"] == f"Ana Souza <{envelope.rcpt_tos[0]}>"
        assert len({envelope.rcpt_tos[0] for envelope in inbox.envelopes}) == 20

    @pytest.mark.parametrize("after", [HANG, CLOSE, "500 what?"])
    def test_what_a_server_does_after_it_took_the_mail_does_not_matter(self, after: str) -> None:
        assert send({"QUIT": after})[0] is None


class TestRefused:
    STEPS = ("connect", "MAIL", "RCPT", "DATA", "end of data")

    @pytest.mark.parametrize("step", STEPS)
    def test_4xx_is_worth_another_try(self, step: str) -> None:
        error = error_of({step: "451 4.7.1 greylisted, try later"})
        assert not error.permanent
        assert not error.uncertain

    @pytest.mark.parametrize("step", ["RCPT", "DATA", "end of data"])
    def test_5xx_of_the_recipient_or_the_mail_is_not(self, step: str) -> None:
        error = error_of({step: "550 5.1.1 no such mailbox"})
        assert error.permanent
        assert not error.uncertain

    @pytest.mark.parametrize("step", ["connect", "MAIL"])
    def test_5xx_of_the_sender_is_the_operators_to_mend_and_worth_another_try(self, step: str) -> None:
        error = error_of({step: "550 5.7.1 not from here"})
        assert not error.permanent
        assert not error.uncertain

    @pytest.mark.parametrize("step", STEPS)
    def test_the_code_is_told_but_not_the_servers_words(self, step: str) -> None:
        error = error_of({step: "550 5.1.1 <ana@example.com> unknown, hunter2"})
        assert "550" in str(error)
        assert "ana@" not in str(error)
        assert "hunter2" not in str(error)

    def test_a_refused_mail_is_not_taken(self) -> None:
        assert "end of data" not in send({"RCPT": "550 no"})[1]


class TestUnreachable:
    def test_a_refused_connection_is_worth_another_try(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with pytest.raises(SendError) as caught:
            asyncio.run(channel(port).send(message()))
        assert not caught.value.permanent
        assert not caught.value.uncertain

    def test_an_unknown_host_is_worth_another_try(self) -> None:
        with pytest.raises(SendError) as caught:
            asyncio.run(EmailChannel("smtp://mail.invalid:25", SENDER).send(message()))
        assert not caught.value.permanent
        assert not caught.value.uncertain


class TestCutOff:
    @pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL", "RCPT"])
    def test_before_the_text_went_it_certainly_did_not_arrive(self, step: str) -> None:
        error = error_of({step: CLOSE})
        assert not error.permanent
        assert not error.uncertain

    def test_after_the_text_went_nobody_knows(self) -> None:
        error = error_of({"end of data": CLOSE})
        assert error.uncertain
        assert not error.permanent

    def test_a_server_that_speaks_no_smtp_did_not_take_it(self) -> None:
        error = error_of({"connect": "SSH-2.0-OpenSSH_9.6"})
        assert not error.uncertain


class TestDeadline:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(email_channel, "SEND_TIMEOUT_S", DEADLINE_S)

    @pytest.mark.parametrize("how", [HANG, DRIP])
    @pytest.mark.parametrize("step", ["connect", "RCPT", "end of data"])
    def test_ends_a_delivery_that_does_not_end(self, step: str, how: str) -> None:
        start = time.monotonic()
        error = error_of({step: how})
        assert time.monotonic() - start < DEADLINE_S + 2
        assert not error.permanent
        assert error.uncertain is (step == "end of data")

    def test_is_for_the_whole_delivery(self) -> None:
        """A server that is slow at each step never exceeds the limit of one step."""

        async def run() -> float:
            async with scripted({}) as (port, _):

                async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                    upstream = await asyncio.open_connection("127.0.0.1", port)
                    await asyncio.gather(_forward(reader, upstream[1], 0), _forward(upstream[0], writer, 0.3))

                slow = await asyncio.start_server(slowly, "127.0.0.1", 0)
                start = time.monotonic()
                with pytest.raises(SendError):
                    await channel(slow.sockets[0].getsockname()[1]).send(message())
                taken = time.monotonic() - start
                slow.close()
                await asyncio.sleep(0.35)
                return taken

        assert asyncio.run(run()) < 2 * DEADLINE_S


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float) -> None:
    while data := await reader.read(1_000):
        await asyncio.sleep(delay_s)
        writer.write(data)
    writer.close()


class TestLogin:
    ACCOUNT = f"{quote(USERNAME, safe='')}:{quote(PASSWORD, safe='')}@"

    def test_with_the_account_of_the_url(self) -> None:
        async def run() -> Inbox:
            async with behaving(wants_login=True) as (port, inbox):
                await channel(port, account=self.ACCOUNT, query="?starttls=never").send(message())
                return inbox

        assert len(asyncio.run(run()).envelopes) == 1

    def test_in_clear_only_when_the_operator_says_so(self) -> None:
        """A server in between only has to leave STARTTLS out of its offer to be told the password."""

        async def run() -> Inbox:
            async with behaving(wants_login=True) as (port, inbox):
                with pytest.raises(SendError):
                    await channel(port, account=self.ACCOUNT).send(message())
                return inbox

        assert asyncio.run(run()).envelopes == []

    @pytest.mark.parametrize("account", ["", f"{quote(USERNAME, safe='')}:wrong-password@"])
    def test_without_a_good_one_nothing_goes_and_no_password_is_shown(self, account: str) -> None:
        async def run() -> tuple[Inbox, SendError]:
            async with behaving(wants_login=True) as (port, inbox):
                with pytest.raises(SendError) as caught:
                    await channel(port, account=account).send(message())
                return inbox, caught.value

        inbox, error = asyncio.run(run())
        assert inbox.envelopes == []
        assert not error.uncertain
        assert "wrong-password" not in str(error)


class TestStartTls:
    def test_that_is_insisted_on_but_not_offered_sends_nothing(self) -> None:
        error, heard = send({}, query="?starttls=require", account=TestLogin.ACCOUNT)
        assert error is not None
        assert not error.uncertain
        assert not {"AUTH", "MAIL", "RCPT", "DATA"} & set(heard)

    def test_that_is_neither_offered_nor_insisted_on_is_done_without(self) -> None:
        assert send({})[0] is None

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="a certificate is made with openssl")
    @pytest.mark.parametrize("query", ["", "?starttls=require"])
    def test_with_somebody_elses_certificate_sends_nothing(self, query: str, tmp_path: Path) -> None:
        async def run() -> tuple[Inbox, SendError]:
            async with behaving(tls=_untrusted(tmp_path)) as (port, inbox):
                with pytest.raises(SendError) as caught:
                    await channel(port, query=query, account=TestLogin.ACCOUNT).send(message())
                return inbox, caught.value

        inbox, error = asyncio.run(run())
        assert inbox.envelopes == []
        assert not error.uncertain


def _untrusted(folder: Path) -> ssl.SSLContext:
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=eve"
    )
    paths = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *paths], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class TestGreeting:
    """What a look at the server says, without a mail."""

    def test_a_server_that_would_take_mail_gets_none(self) -> None:
        async def run() -> Inbox:
            account = f"{quote(USERNAME)}:{quote(PASSWORD, safe='')}@"
            async with behaving(wants_login=True) as (port, inbox):
                await channel(port, account=account, query="?starttls=never").greet()
                return inbox

        assert asyncio.run(run()).envelopes == []

    @pytest.mark.parametrize(
        "changes",
        [
            {"connect": "421 busy"},
            {"EHLO": "550 go away", "HELO": "550 go away"},
            {"EHLO": CLOSE},
            {"EHLO": HANG},
        ],
    )
    def test_a_server_that_would_not_is_told(
        self, changes: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(email_channel, "GREET_TIMEOUT_S", DEADLINE_S)

        async def run() -> None:
            async with scripted(changes) as (port, _):
                await channel(port).greet()

        with pytest.raises(SendError, match=r"^SMTP: \w+"):
            asyncio.run(run())

    def test_a_wrong_password_is_told_and_not_shown(self) -> None:
        async def run() -> None:
            async with behaving(wants_login=True) as (port, _):
                await channel(port, account="ana:hunter2@", query="?starttls=never").greet()

        with pytest.raises(SendError, match=r"^SMTP: refused with 535$"):
            asyncio.run(run())


class TestOddities:
    def test_an_address_that_is_not_ascii_ends_in_a_mail_or_in_a_send_error(self) -> None:
        """The directory takes such addresses. Any other exception would be tried again and again."""

        async def run() -> tuple[SendError | None, Inbox]:
            async with behaving() as (port, inbox):
                try:
                    await channel(port).send(message(to_email="jürgen@example.com"))
                except SendError as error:
                    return error, inbox
                return None, inbox

        error, inbox = asyncio.run(run())
        if error is None:
            assert inbox.envelopes[0].rcpt_tos == ["jürgen@example.com"]
        else:
            assert (error.permanent, error.uncertain) == (True, False)

    def test_a_text_with_dots_alone_in_lines_arrives_whole(self) -> None:
        async def run() -> Inbox:
            async with behaving() as (port, inbox):
                await channel(port).send(message(introduction="one\n.\n..\ntwo"))
                return inbox

        (envelope,) = asyncio.run(run()).envelopes
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        html = mail.get_body(("html",))
        assert html is not None
        assert "one\n.\n..\ntwo" in html.get_content().replace("\r\n", "\n")
