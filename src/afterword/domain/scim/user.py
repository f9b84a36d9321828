"""What does a SCIM user say about a person, and how is a person said in SCIM?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import HANDLES_MAX, KEEP, Given, PersonRecord, check_text, is_address
from afterword.domain.scim.schema import ENTERPRISE_USER, ScimType, invalid

TITLE = "Title"
DEPARTMENT = "Department"
"""The groups of attributes that hold what SCIM calls title and department."""


@dataclass(frozen=True, slots=True)
class ScimUser:
    """
    A user as a provider says it.

    Attributes:
        name: The parts of the name that were given: formatted, familyName, givenName.
        emails: Each with value, type and primary, as far as given.
        title, department, locale, timezone, is_active: KEEP when nothing was said.
    """

    user_name: str
    external_id: str | None
    display_name: str | None
    name: Mapping[str, str]
    emails: tuple[Mapping[str, Any], ...]
    title: Given[str | None]
    department: Given[str | None]
    locale: Given[str | None]
    timezone: Given[str | None]
    is_active: Given[bool]

    @property
    def shown_name(self) -> str | None:
        """The name to call the person by, when one was given."""
        parts = (self.name.get("givenName"), self.name.get("familyName"))
        return self.display_name or self.name.get("formatted") or " ".join(filter(None, parts)) or None

    @property
    def addresses(self) -> tuple[str, ...]:
        """
        All addresses, the one for mails first: the primary one, else one for work.

        A user name that is an address is the last one: tools may know the person by it.
        """
        ordered = sorted(
            self.emails, key=lambda one: (one.get("primary") is not True, one.get("type") != "work")
        )
        given = [one["value"] for one in ordered]
        return (*given, self.user_name) if is_address(self.user_name) else tuple(given)

    def account(self) -> dict[str, Any]:
        """What only SCIM knows of the person, to be told to the provider again."""
        said = {
            "userName": self.user_name,
            "displayName": self.display_name,
            "name": dict(self.name),
            "emails": [dict(one) for one in self.emails],
        }
        return {name: value for name, value in said.items() if value}


def parse_user(document: Mapping[str, Any]) -> ScimUser:
    """
    Understand a document that ``read_document`` has read.

    Raises:
        ScimError: It says too little, or something that can't be kept.
    """
    user_name = document.get("userName")
    if not user_name:
        raise invalid(ScimType.INVALID_VALUE, "userName is required")
    name = {part: text for part, text in (document.get("name") or {}).items() if text}
    emails = tuple(one for one in document.get("emails") or () if one.get("value"))
    extension = document.get(ENTERPRISE_USER) or {}
    locale = document.get("locale", KEEP)
    is_active = document.get("active")
    user = ScimUser(
        user_name=user_name,
        external_id=document.get("externalId"),
        display_name=document.get("displayName"),
        name=name,
        emails=emails,
        title=document.get("title", KEEP),
        department=extension.get("department", KEEP),
        locale=locale.replace("_", "-") if isinstance(locale, str) else locale,
        timezone=document.get("timezone", KEEP),
        is_active=KEEP if is_active is None else is_active,
    )
    _check(user)
    return user


def _check(user: ScimUser) -> None:
    texts = {
        "userName": user.user_name,
        "externalId": user.external_id,
        "displayName": user.display_name,
        **{f"name.{part}": text for part, text in user.name.items()},
        "emails.type": max((one.get("type") or "" for one in user.emails), key=len, default=""),
        "title": user.title,
        "department": user.department,
        "locale": user.locale,
        "timezone": user.timezone,
    }
    for field, text in texts.items():
        if isinstance(text, str) and (problem := check_text(text)):
            raise invalid(ScimType.INVALID_VALUE, f"{field} {problem}")
    if len(user.addresses) > HANDLES_MAX:
        raise invalid(ScimType.INVALID_VALUE, f"emails has more than {HANDLES_MAX} values")


def make_record(user: ScimUser, addresses: tuple[str, ...], resource_id: str | None) -> PersonRecord:
    """
    What a user says, as every source says it.

    Args:
        addresses: All that the person is to have.
        resource_id: By which the person is known already.
    """
    given = {TITLE: user.title, DEPARTMENT: user.department}
    attributes = {group: (value,) if value else () for group, value in given.items() if value is not KEEP}
    return PersonRecord(
        where="user",
        emails=addresses,
        name=user.shown_name or KEEP,
        timezone=user.timezone,
        locale=user.locale,
        is_active=user.is_active,
        attributes=attributes,
        external_id=resource_id,
        replaces=frozenset({IdentityKind.EMAIL}) if resource_id is not None else frozenset(),
    )


def email_key(address: str) -> str:
    """The form by which addresses are compared."""
    return normalise(IdentityKind.EMAIL, address)
