"""How is the throttle of the organisation or a project written down, as a file and in the database?"""

from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from afterword.flows.surveys.survey_definition import CHOICES, FIELD_NAMES
from afterword.flows.surveys.survey_file.audience import check_audience
from afterword.flows.surveys.survey_file.base import FieldError, Label, Part, check_unique
from afterword.flows.surveys.survey_file.conditions import check_possible
from afterword.flows.surveys.survey_file.schedule import TimeZone, make_zone
from afterword.flows.surveys.survey_file.throttle import ThrottleFile, make_policy
from afterword.flows.surveys.yaml_file import parse_yaml_file
from afterword.flows.surveys.yaml_lines import YamlLines

RIGHTS_MAX = 1_000
"""Surveys that may have a right that the organisation gives."""

RIGHTS = ("may_override_global_cooldown", "may_exceed_caps")
"""Fields that name the surveys which may go past what the organisation says."""


KeyPattern = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9*][a-z0-9_*-]{0,62}$", description="a survey's key; * stands for any characters"),
]


class ProjectLevel(Part):
    """The project that a policy is of."""

    project: Label


class PolicyFile(Part):
    """What one level above surveys says of the throttle."""

    policy: Literal["organisation"] | ProjectLevel
    throttle: ThrottleFile = msgspec.field(default_factory=ThrottleFile)
    may_override_global_cooldown: Annotated[list[KeyPattern], Meta(max_length=RIGHTS_MAX)] = msgspec.field(
        default_factory=list
    )
    may_exceed_caps: Annotated[list[KeyPattern], Meta(max_length=RIGHTS_MAX)] = msgspec.field(
        default_factory=list
    )
    timezone: TimeZone | UnsetType = UNSET

    @property
    def project(self) -> str | None:
        """The name of the project; None = the organisation."""
        return None if isinstance(self.policy, str) else self.policy.project


_decode = msgspec.json.Decoder(PolicyFile).decode


@lru_cache(maxsize=1_000)
def read_policy(text: str) -> PolicyFile:
    """The JSON text of a stored policy → what it says."""
    return _decode(text)


def dump_policy(file: PolicyFile) -> str:
    """A checked policy file → the JSON text that is stored. Equal files give equal texts."""
    return msgspec.json.encode(file).decode()


def parse_policy_file(text: str, name: str) -> PolicyFile:
    """
    Read a policy's YAML.

    Args:
        text: The file's content.
        name: The file's name, for messages.

    Raises:
        SurveyFileError: Every message starts with file and line.
    """
    return parse_yaml_file(
        text, YamlLines(name, fields=_FIELD_NAMES, types=(), choices=_CHOICES), PolicyFile, _check
    )


def _check(file: PolicyFile) -> None:
    policy = make_policy([("$.throttle", file.throttle)])
    check_possible(policy.audience, "$.throttle.audience")
    check_audience(file.throttle.audience, "$.throttle.audience")
    for right in RIGHTS:
        check_unique(f"$.{right}", "survey", getattr(file, right))
    cooldown = file.throttle.global_cooldown
    if file.project is None:
        if file.timezone is not UNSET:
            make_zone(file.timezone, "$.timezone")
        if cooldown in ("respect", "ignore"):
            raise FieldError(
                "$.throttle.global_cooldown",
                f"{cooldown} is for surveys: the organisation gives a duration such as 14d, or 0s for none",
            )
        return
    if cooldown is not UNSET:
        raise FieldError("$.throttle.global_cooldown", "only the organisation's policy sets it for all")
    for right in RIGHTS:
        if getattr(file, right):
            raise FieldError(f"$.{right}", "only the organisation's policy gives this right")
    if file.timezone is not UNSET:
        raise FieldError(
            "$.timezone",
            "only the organisation's policy has one; `afterword team set TEAM --timezone` sets a team's",
        )


_FIELD_NAMES = sorted(
    {
        *FIELD_NAMES,
        *(field.encode_name for kind in (PolicyFile, ProjectLevel) for field in msgspec.structs.fields(kind)),
    }
)
_CHOICES = CHOICES | {"policy": ["organisation", "{project: NAME}"]}
