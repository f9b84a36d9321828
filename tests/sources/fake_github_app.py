"""A GitHub in which an App is installed: it checks signatures with the public key, and hands out tokens."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.sources.fake_github import ORGANISATION, Account, FakeGitHub
from tests.sources.fake_service import Answer, Asked

APP_ID = "318422"
INSTALLATION = 41_502
TOKEN_HOLDS = timedelta(hours=1)
SIGNED_FOR_S_MAX = 600


def new_key() -> RSAPrivateKey:
    """A key as GitHub makes one for an App."""
    return generate_private_key(65_537, 2_048)


def as_pem(key: RSAPrivateKey) -> str:
    """The file that GitHub lets its maker download."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


class FakeAppGitHub(FakeGitHub):
    """
    Takes the signature of one App, and the tokens that it handed out.

    Attributes:
        clock: Whose ``now`` is this service's time.
        is_installed: Whether the organisation has the App.
        made: The tokens handed out so far, and until when they hold.
    """

    def __init__(self, key: RSAPrivateKey, clock: Any, *accounts: Account, page_size: int = 2) -> None:
        super().__init__(*accounts, page_size=page_size)
        self.clock = clock
        self.is_installed = True
        self.made: dict[str, datetime] = {}
        self._public = key.public_key()

    @property
    def paths(self) -> list[str]:
        """Of all requests so far."""
        return [one.path for one in self.asked]

    def reply_to(self, asked: Asked) -> Answer:
        """See FakeService."""
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if asked.path == "/api/graphql":
            if self.made.get(token, self.clock.now) <= self.clock.now:
                return Answer(401, {"message": "Bad credentials"})
            return self.instead_or_usual(asked)
        if problem := self._problem(token):
            return Answer(401, {"message": problem})
        return self.instead_or_usual(asked)

    def answer(self, asked: Asked) -> Answer:
        """See FakeService."""
        match asked.method, asked.path:
            case "GET", path if path == f"/api/v3/orgs/{ORGANISATION}/installation" and self.is_installed:
                return Answer(
                    body={"id": INSTALLATION, "account": {"login": ORGANISATION}, "app_id": int(APP_ID)}
                )
            case "POST", path if path == f"/api/v3/app/installations/{INSTALLATION}/access_tokens":
                until = self.clock.now + TOKEN_HOLDS
                token = f"ghs_{len(self.made)}hunter2"
                self.made[token] = until
                return Answer(201, {"token": token, "expires_at": f"{until:%Y-%m-%dT%H:%M:%SZ}"})
        return super().answer(asked)

    def _problem(self, token: str) -> str | None:
        """What is wrong with a signature, in GitHub's words."""
        try:
            header, claims, signature = token.split(".")
            self._public.verify(_decode(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return "A JSON web token could not be decoded"
        said, now_s = json.loads(_decode(claims)), self.clock.now.timestamp()
        if json.loads(_decode(header)) != {"alg": "RS256", "typ": "JWT"} or said["iss"] != APP_ID:
            return "A JSON web token could not be decoded"
        if said["iat"] > now_s:
            return "'Issued at' claim ('iat') must be the time that the assertion was issued"
        if not now_s < said["exp"] <= now_s + SIGNED_FOR_S_MAX:
            return "'Expiration time' claim ('exp') is too far in the future"
        return None


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
