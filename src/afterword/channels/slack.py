"""How does an invitation travel as a direct message in Slack?"""

import re
from typing import TypeVar
from urllib.parse import quote

import msgspec

from afterword import __version__
from afterword.channels.base import Message, SendError
from afterword.channels.slack_message import compose
from afterword.kit.http_out import Outbound, OutboundError, Reply

REQUEST_S_MAX = 15.0
"""For one of the two requests that a message takes: both together end well within a job's lease."""

RESPONSE_BYTES_MAX = 100_000
"""Slack repeats the message and adds what it knows of the person."""

LIMITED_WAIT_S = 60.0
"""At a limit that does not say how long; Slack counts by the minute."""

SCOPES = ("chat:write", "users:read.email")
"""What the app must be allowed: to write to people, and to find them by their addresses."""

_TOKEN = "AFTERWORD_SLACK_TOKEN"  # noqa: S105 - the name of the variable

_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})

_OPERATOR = {
    "not_authed": f"it got no token: set {_TOKEN}",
    "invalid_auth": f"it does not take the token: set {_TOKEN} to the app's bot token",
    "account_inactive": f"the token's app or workspace is gone: make a new one, and set {_TOKEN} to it",
    "token_revoked": f"the token was revoked: install the app again, and set {_TOKEN} to its new token",
    "token_expired": f"the token has expired: switch token rotation off for the app, and set {_TOKEN} anew",
    "not_allowed_token_type": f"the token is of another kind: set {_TOKEN} to the app's bot token",
    "missing_scope": f"the app may not do it: give it {' and '.join(SCOPES)}, and install it again",
    "no_permission": f"the app may not do it: give it {' and '.join(SCOPES)}, and install it again",
    "access_denied": "the workspace does not let the app do it: ask its administrators",
    "accesslimited": "it may not be asked from this network: ask the workspace's administrators",
    "ekm_access_denied": "the workspace's administrators suspended messages: ask them",
    "restricted_action": "the workspace does not let the app write to people: ask its administrators",
    "messages_tab_disabled": "the app takes no messages: switch its Messages Tab on, under App Home",
    "team_access_not_granted": "the app is not allowed in the workspace: ask its administrators",
    "org_login_required": "the workspace is being moved",
    "team_added_to_org": "the workspace is being moved",
    "service_unavailable": "it is not available: look at its status page",
    "request_timeout": "it did not get the whole request",
}
"""What somebody can mend, or what passes: nobody who is asked is to blame, so it is tried again."""

_MAYBE_DONE = frozenset({"internal_error", "fatal_error"})
"""Of these Slack says that some of it may have been done all the same."""


class _User(msgspec.Struct):
    id: str
    deleted: bool = False


class _Answer(msgspec.Struct):
    """What all methods answer, with HTTP status 200 in good and in bad."""

    ok: bool
    error: str = ""


class _Found(_Answer):
    """What users.lookupByEmail answers."""

    user: _User | None = None


class _Workspace(_Answer):
    """What auth.test answers."""

    team: str = ""


A = TypeVar("A", bound=_Answer)


class SlackChannel:
    """
    Sends direct messages by an app's bot.

    Slack has no way to recognise a message that is sent twice: its client_msg_id is for its own programs.
    """

    name = "slack"

    def __init__(self, token: str, url: str) -> None:
        self._token = token
        self._url = url

    async def send(self, message: Message) -> None:
        """See Channel.send."""
        async with self._open() as outbound:
            to = message.to_slack_id or await self._find(outbound, message.to_email)
            body = {"channel": to, **compose(message)}
            await self._ask(outbound, _Answer, "POST", "chat.postMessage", body, has_effect=True)

    async def greet(self) -> str:
        """
        Ask Slack who we are, and send nothing.

        Returns:
            The workspace's name.

        Raises:
            SendError: Slack does not let us, or not do all that is needed.
        """
        async with self._open() as outbound:
            answer, reply = await self._ask(outbound, _Workspace, "POST", "auth.test")
        given = {scope.strip() for scope in reply.headers.get("x-oauth-scopes", "").split(",")} - {""}
        if given and (missing := [scope for scope in SCOPES if scope not in given]):
            raise SendError(
                f"Slack: the app lacks {' and '.join(missing)}: add it, and install the app again"
            )
        return answer.team

    def _open(self) -> Outbound:
        headers = {"Authorization": f"Bearer {self._token}", "User-Agent": f"afterword/{__version__}"}
        return Outbound(
            self._url, headers, request_s_max=REQUEST_S_MAX, response_bytes_max=RESPONSE_BYTES_MAX
        )

    async def _find(self, outbound: Outbound, email: str) -> str:
        """Who has an address; asked each time, since people come to Slack and leave it."""
        path = f"users.lookupByEmail?email={quote(email, safe='')}"
        answer, _ = await self._ask(outbound, _Found, "GET", path)
        if answer.user is None or answer.user.deleted:
            raise SendError("Slack: users_not_found", permanent=True)
        return answer.user.id

    async def _ask(
        self,
        outbound: Outbound,
        shape: type[A],
        http_method: str,
        path: str,
        body: object = None,
        *,
        has_effect: bool = False,
    ) -> tuple[A, Reply]:
        """
        Call a method of Slack.

        Args:
            has_effect: It must not be done twice.
        """
        try:
            reply = await outbound.ask(http_method, f"{self._url}/api/{path}", body)
        except OutboundError as error:
            # Whatever it is, it is between us and Slack: a person is not to be blamed for it.
            raise SendError(f"Slack: {error}", uncertain=has_effect and error.may_have_arrived) from None
        if reply.status == 429:
            raise SendError("Slack: ratelimited", retry_after_s=_retry_after_s(reply))
        if reply.status != 200:
            uncertain = has_effect and reply.status >= 500
            raise SendError(f"Slack: answers {reply.status}: check AFTERWORD_SLACK_URL", uncertain=uncertain)
        try:
            answer = msgspec.json.decode(reply.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError):
            text = "Slack: answers something else than its API does: check AFTERWORD_SLACK_URL"
            raise SendError(text, uncertain=has_effect) from None
        if not answer.ok:
            raise _refusal(answer.error, reply, has_effect=has_effect)
        return answer, reply


def _refusal(code: str, reply: Reply, *, has_effect: bool) -> SendError:
    """What an error code of Slack means; one that we don't know is this message's, which trying cures not."""
    shown = code if re.fullmatch("[a-z_]{1,60}", code) else "an error without a name"
    if code in _LIMITED:
        return SendError(f"Slack: {shown}", retry_after_s=_retry_after_s(reply))
    if code in _MAYBE_DONE:
        return SendError(f"Slack: {shown}", uncertain=has_effect)
    if code in _OPERATOR:
        return SendError(f"Slack: {shown}, {_OPERATOR[code]}")
    return SendError(f"Slack: {shown}", permanent=True)


def _retry_after_s(reply: Reply) -> float:
    text = reply.headers.get("retry-after", "")
    return float(text[:6]) if text.isdecimal() else LIMITED_WAIT_S
