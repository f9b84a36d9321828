"""Why was this person asked, or not? The closed list of answers."""

from enum import IntEnum


class Reason(IntEnum):
    """
    One code per rule of the throttle. Codes are kept in the ledger and never renumbered.

    The order of the numbers is the order in which the rules are told: the first
    failing rule is *the* reason, all of them are kept.

    Source: docs/reference/throttle.md.
    """

    INVITED = 0
    INVITED_TEST = 1

    DUPLICATE_EVENT = 10
    STALE_EVENT = 11
    FUTURE_EVENT = 12

    NO_MATCHING_SURVEY = 20
    SURVEY_NOT_LIVE = 21
    FILTER = 22
    COUNT = 23

    PERSON_UNRESOLVED = 30
    BOT = 31
    INACTIVE = 32
    AUDIENCE = 33
    TENURE = 34
    OPTED_OUT = 35
    SNOOZED = 36
    HOLDOUT = 37

    OPEN_INVITATION = 40
    REPEAT_EXHAUSTED = 41
    SURVEY_COOLDOWN = 42
    PROJECT_COOLDOWN = 43
    GROUP_CAP = 44
    GLOBAL_COOLDOWN = 45
    PERSON_CAP = 46
    BACKOFF = 47

    QUOTA_FULL = 50
    PACING = 51
    DAILY_MAX = 52

    NOT_SAMPLED = 60

    LOWER_PRIORITY = 70

    NO_CHANNEL = 80
    DEFERRED = 81
    OUTSIDE_WINDOW = 82
    PAUSED = 83
    TEST_CAPPED = 84

    CANCELLED = 90
    EXPIRED = 91
    DELIVERY_FAILED = 92
    INELIGIBLE_AT_SEND = 93

    @property
    def label(self) -> str:
        """The code's word as the ledger, the CLI and the docs show it, e.g. ``survey_cooldown``."""
        return self.name.lower()
