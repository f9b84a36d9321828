"""What may a token for the Web API do?"""

from enum import StrEnum


class Scope(StrEnum):
    """One right; a token has some of them."""

    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    PLATFORMX_MANAGE = "platformx:manage"
    DECISIONS_READ = "decisions:read"
    SCIM = "scim"

    @property
    def meaning(self) -> str:
        """What it lets a program do, for people who choose."""
        return _MEANINGS[self]


_MEANINGS = {
    Scope.USERS_READ: "read people",
    Scope.USERS_WRITE: "add, change and delete people",
    Scope.PLATFORMX_MANAGE: "make and list projects",
    Scope.DECISIONS_READ: "read why people were asked, or not",
    Scope.SCIM: "keep the directory by SCIM, as identity providers do",
}
