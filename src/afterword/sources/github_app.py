"""How does a GitHub App say who it is, and get a token for one organisation?"""

import base64
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from afterword.kit.clock import SECOND_US, to_datetime
from afterword.sources.base import SourceError
from afterword.sources.caller import Caller, Wording

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

CLOCKS_APART_S = 60
"""So much earlier a signature is dated: GitHub takes none from its future, and clocks differ."""

SIGNED_FOR_S = 540
"""So long a signature holds; GitHub takes at most 600 s, by its own clock."""

RENEWED_BEFORE = timedelta(minutes=1)
"""A token whose end is so near is not used any more: a request must not arrive after it."""

_CREATED = 201


class _Installation(msgspec.Struct):
    id: int


class _Token(msgspec.Struct):
    token: str
    expires_at: datetime


class GitHubApp:
    """
    Signs in as an App; the tokens that it gets hold for an hour.

    Args:
        app_id: The App's id, or its client id.
        key: Its private key, as PEM.

    Raises:
        SourceError: The key can't be read, or what reads it is not installed.

    Source: docs.github.com, "Authenticating as a GitHub App installation".
    """

    def __init__(self, app_id: str, key: str) -> None:
        self._app_id = app_id
        self._key = _read_key(key)
        self._token: _Token | None = None

    async def token(self, caller: Caller, api_url: str, organisation: str) -> str:
        """
        A token that may read what the App may read of an organisation.

        Args:
            caller: Made with ``wording``.
            api_url: Of the REST API.

        Raises:
            SourceError: The App gets none.
        """
        if self._token is None or self._token.expires_at - RENEWED_BEFORE <= to_datetime(caller.now_us()):
            self._token = await self._get_token(caller, api_url, organisation)
        return self._token.token

    def forget_token(self) -> None:
        """Get a new one next time: the last one is not taken any more."""
        self._token = None

    async def _get_token(self, caller: Caller, api_url: str, organisation: str) -> _Token:
        headers = {
            "Authorization": f"Bearer {self._signed(caller.now_us())}",
            "Accept": "application/vnd.github+json",
        }
        # Looked up each time: who installs the App anew gives it another number.
        found = await caller.ask("GET", f"{api_url}/orgs/{quote(organisation)}/installation", headers=headers)
        caller.check(found)
        number = caller.decode(found, _Installation).id
        made = await caller.ask(
            "POST", f"{api_url}/app/installations/{number}/access_tokens", headers=headers
        )
        if made.status != _CREATED:
            caller.check(made)
        return caller.decode(made, _Token)

    def _signed(self, now_us: int) -> str:
        """A JSON Web Token by RS256 that says who we are, for some minutes."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        now_s = now_us // SECOND_US
        claims = {"iat": now_s - CLOCKS_APART_S, "exp": now_s + SIGNED_FOR_S, "iss": self._app_id}
        signed = ".".join(
            _encode(json.dumps(one).encode()) for one in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        return f"{signed}.{_encode(self._key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def wording(organisation: str) -> Wording:
    """How what goes wrong when an App signs in is told."""
    installed = f"install the App in the organisation {organisation!r}"
    return Wording(
        service="GitHub",
        token="AFTERWORD_GITHUB_APP_KEY",  # noqa: S106 - the name of the variable
        url="AFTERWORD_GITHUB_URL",
        missing=f"the GitHub App is not installed there: {installed}, or check AFTERWORD_GITHUB_ORGANISATION",
        forbidden=f"the GitHub App may not read {organisation!r}, or is suspended there: {installed} again",
        unauthorised="GitHub does not take the App's signature: check AFTERWORD_GITHUB_APP_ID, that "
        "AFTERWORD_GITHUB_APP_KEY is a key of this App, and this machine's clock",
    )


def _read_key(text: str) -> "RSAPrivateKey":
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise SourceError(
            "AFTERWORD_GITHUB_APP_KEY: signing in as a GitHub App needs a package more: "
            "install afterword with the extra, afterword[github-app]"
        ) from None
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # Without the library's words, and without a cause: either may hold a part of the key.
        raise SourceError(
            "AFTERWORD_GITHUB_APP_KEY is no private key: it is the whole .pem file that GitHub made "
            "for the App, without a password; better set AFTERWORD_GITHUB_APP_KEY_FILE to its path"
        ) from None
    return key


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
