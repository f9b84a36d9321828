"""What may be said in SCIM (RFC 7643), and how is a mistake named (RFC 7644, 3.12)?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from afterword.domain.errors import AfterwordError

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

VALUES_MAX = 10_000
"""Values of one attribute in one request, as members of a group; the body's limit comes first, as a rule."""

COMMON_LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-BR", "it-IT", "nl-NL", "pl-PL", "ja-JP")
COMMON_ZONES = (
    "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Europe/London", "Europe/Berlin",
    "Africa/Lagos", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "UTC",
)  # fmt: skip
"""Told as examples: each IANA zone and each language tag is taken."""


class ScimType(StrEnum):
    """What a 400 or 409 is about."""

    INVALID_FILTER = "invalidFilter"
    UNIQUENESS = "uniqueness"
    MUTABILITY = "mutability"
    INVALID_SYNTAX = "invalidSyntax"
    INVALID_PATH = "invalidPath"
    NO_TARGET = "noTarget"
    INVALID_VALUE = "invalidValue"
    TOO_MANY = "tooMany"


class ScimError(AfterwordError):
    """
    A request that is not carried out.

    Attributes:
        status: The HTTP status.
        scim_type: What a 400 or 409 is about.
    """

    def __init__(self, status: int, detail: str, scim_type: ScimType | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.scim_type = scim_type


def invalid(scim_type: ScimType, detail: str) -> ScimError:
    """A request that says something that can't be."""
    return ScimError(400, detail, scim_type)


@dataclass(frozen=True, slots=True)
class Attribute:
    """
    One attribute, or a part of one, as RFC 7643, 7 describes it.

    Attributes:
        examples: Told as canonicalValues, which are suggestions.
        parts: Of a complex attribute.
    """

    name: str
    description: str
    type: str = "string"
    is_multiple: bool = False
    is_required: bool = False
    is_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    examples: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    parts: tuple["Attribute", ...] = ()

    @property
    def is_read_only(self) -> bool:
        """Whether only we say what it is."""
        return self.mutability == "readOnly"

    def part(self, name: str) -> "Attribute | None":
        """One part, whatever the case of its name."""
        return next((one for one in self.parts if one.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """A resource's attributes or those of an extension."""

    urn: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]

    def find(self, name: str) -> Attribute | None:
        """One attribute, whatever the case of its name."""
        return next((one for one in self.attributes if one.name.lower() == name.lower()), None)


COMMON = (
    Attribute("schemas", "The schemas of the resource.", is_multiple=True, is_required=True, is_exact=True),
    Attribute("id", "Our id.", is_exact=True, mutability="readOnly", returned="always", uniqueness="server"),
    Attribute("externalId", "The provider's own id.", is_exact=True),
    Attribute("meta", "When it was made and changed, and where it is.", "complex", mutability="readOnly"),
)


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of resource: its own schema, and those that extend it."""

    name: str
    endpoint: str
    schema: Schema
    extensions: tuple[Schema, ...] = ()
    common: tuple[Attribute, ...] = COMMON

    def find(self, name: str) -> Attribute | None:
        """One attribute of the resource itself."""
        found = self.schema.find(name)
        return found or next((one for one in self.common if one.name.lower() == name.lower()), None)

    def extension(self, urn: str) -> Schema | None:
        """The extension of this URN, in any case."""
        return next((one for one in self.extensions if one.urn.lower() == urn.lower()), None)


USER_SCHEMA = Schema(
    USER,
    "User",
    "A person of the directory",
    (
        Attribute("userName", "Names the person at the provider.", is_required=True, uniqueness="server"),
        Attribute(
            "name",
            "The person's name.",
            "complex",
            parts=(
                Attribute("formatted", "The whole name."),
                Attribute("familyName", "The family name."),
                Attribute("givenName", "The given name."),
            ),
        ),
        Attribute("displayName", "The name that is shown; by default name.formatted."),
        Attribute("title", "The job; kept as the attribute Title."),
        Attribute("locale", "A language tag, such as pt-BR.", examples=COMMON_LOCALES),
        Attribute("timezone", "An IANA name, such as Europe/Berlin.", examples=COMMON_ZONES),
        Attribute(
            "active", "Whether the person is still here; true when left out.", "boolean", is_required=True
        ),
        Attribute(
            "emails",
            "Addresses; mails go to the primary one. Without any, userName has to be one.",
            "complex",
            is_multiple=True,
            is_required=True,
            parts=(
                Attribute("value", "The address.", is_required=True, uniqueness="server"),
                Attribute("type", "What it is for.", examples=("work", "home", "other")),
                Attribute("primary", "Whether mails go there.", "boolean"),
            ),
        ),
    ),
)

ENTERPRISE_SCHEMA = Schema(
    ENTERPRISE_USER,
    "EnterpriseUser",
    "What an employer knows of a person",
    (Attribute("department", "The department; kept as the attribute Department."),),
)

MEMBERS = Attribute(
    "members",
    "The persons.",
    "complex",
    is_multiple=True,
    parts=(
        Attribute("value", "The id of a user.", is_exact=True, mutability="immutable"),
        Attribute(
            "$ref",
            "Where the user is.",
            "reference",
            is_exact=True,
            mutability="immutable",
            reference_types=("User",),
        ),
    ),
)

GROUP_SCHEMA = Schema(
    GROUP,
    "Group",
    "Persons that have one value of the attribute Group",
    (
        Attribute("displayName", "The value of the attribute Group.", is_required=True, uniqueness="server"),
        MEMBERS,
    ),
)

USERS = ResourceKind("User", "/Users", USER_SCHEMA, (ENTERPRISE_SCHEMA,))
GROUPS = ResourceKind("Group", "/Groups", GROUP_SCHEMA)
KINDS = (USERS, GROUPS)
SCHEMAS = (USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_SCHEMA)


def read_document(kind: ResourceKind, document: Any) -> dict[str, Any]:
    """
    A resource as it was sent, with the names as we write them and without what is not for us.

    Left out are attributes that we do not know, and those that only we say (RFC 7644, 3.3 and 3.5.1).
    An attribute that is null is kept as None: it was said that there is none.

    Raises:
        ScimError: It is no object, or a value is not of its attribute's type.
    """
    if not isinstance(document, Mapping):
        raise invalid(ScimType.INVALID_SYNTAX, "the body is not a JSON object")
    read: dict[str, Any] = {}
    for name, value in document.items():
        if (extension := kind.extension(name)) is not None:
            read[extension.urn] = read_extension(extension, value)
        elif (attribute := kind.find(name)) is not None and not attribute.is_read_only:
            read[attribute.name] = read_value(attribute, value)
    return read


def read_extension(extension: Schema, value: Any) -> dict[str, Any]:
    """The attributes of an extension, as ``read_document`` reads those of a resource."""
    if value is None:
        return {one.name: None for one in extension.attributes}
    if not isinstance(value, Mapping):
        raise invalid(ScimType.INVALID_VALUE, f"{extension.name} is not an object")
    found = ((extension.find(name), given) for name, given in value.items())
    return {one.name: read_value(one, given) for one, given in found if one is not None}


def read_value(attribute: Attribute, value: Any) -> Any:
    """One attribute's value, or all of them as a list; blank text is None."""
    if not attribute.is_multiple:
        return _read_one(attribute, value)
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    if len(values) > VALUES_MAX:
        raise invalid(ScimType.INVALID_VALUE, f"{attribute.name} has more than {VALUES_MAX} values")
    read = [_read_one(attribute, one) for one in values]
    return [one for one in read if one]


def _read_one(attribute: Attribute, value: Any) -> Any:
    if value is None:
        return None
    if attribute.type == "complex":
        return _read_parts(attribute, value)
    if attribute.type == "boolean":
        return _read_boolean(attribute, value)
    if not isinstance(value, str):
        raise invalid(ScimType.INVALID_VALUE, f"{attribute.name} is not a string")
    return value.strip() or None


def _read_parts(attribute: Attribute, value: Any) -> dict[str, Any]:
    if attribute.is_multiple and isinstance(value, str):
        value = {"value": value}
    if not isinstance(value, Mapping):
        raise invalid(ScimType.INVALID_VALUE, f"{attribute.name} is not an object")
    found = ((attribute.part(name), given) for name, given in value.items())
    return {
        one.name: read
        for one, given in found
        if one is not None and not one.is_read_only and (read := _read_one(one, given)) is not None
    }


def _read_boolean(attribute: Attribute, value: Any) -> bool:
    """Entra sends "True" and "False"."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid(ScimType.INVALID_VALUE, f"{attribute.name} is neither true nor false")
