"""How does a link prove that we made it?"""

import hashlib
import hmac
import json
import os
import tempfile
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from afterword.kit.files import fsync_directory
from afterword.kit.ids import random_secret

KEY_FILE_MODE = 0o600


class Signer:
    """
    Signs small values into URL-safe text, one name space per purpose.

    A value signed for one purpose is refused for every other one.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def sign(self, purpose: str, value: int) -> str:
        """Value → signed text, URL-safe."""
        return self._serializer(purpose).dumps(value)

    def read(self, purpose: str, text: str) -> int | None:
        """Signed text → value; None when it was not signed here for this purpose."""
        try:
            value = self._serializer(purpose).loads(text)
        except BadData:
            return None
        return value if type(value) is int else None

    def sign_marked(self, purpose: str, number: int, mark: str) -> str:
        """A number, and a mark that tells it from another thing that gets the same number later."""
        return self._serializer(purpose).dumps([number, mark])

    def read_marked(self, purpose: str, text: str) -> tuple[int, str] | None:
        """Signed text → number and mark; None when they were not signed here for this purpose."""
        try:
            value = self._serializer(purpose).loads(text)
        except BadData:
            return None
        match value:
            case [int(number), str(mark)] if type(number) is int:
                return number, mark
        return None

    def digest(self, purpose: str, text: str) -> bytes:
        """A keyed hash, 32 bytes: the same text gives the same, and without the key it can't be guessed."""
        return hmac.digest(self._key.encode(), f"afterword.{purpose}\0{text}".encode(), hashlib.sha256)

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return _Plain(self._key, salt=f"afterword.{purpose}", signer_kwargs=_SIGNER)


class _Plain(URLSafeSerializer):
    """Packs nothing: packed text begins with a dot, which proxies take for a hidden file."""

    def dump_payload(self, obj: object) -> bytes:
        return base64_encode(json.dumps(obj, separators=(",", ":")))


_SIGNER = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def load_or_make_key(path: Path) -> str:
    """
    Read the signing key; make it at the first start, readable by its owner only.

    Two processes that start at once agree on one key: the file is made under
    another name and linked into place, and whoever comes second reads the first.
    """
    if not path.exists():
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        draft = Path(name)
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(descriptor, KEY_FILE_MODE)
            file.write(random_secret())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        fsync_directory(path.parent)
    key = path.read_text().strip()
    if not key:
        raise ValueError(f"the signing key file {path} is empty: restore it, or delete it to make a new one")
    return key
