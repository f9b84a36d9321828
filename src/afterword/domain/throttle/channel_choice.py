"""By which channel does an invitation go?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from afterword.domain.people.preference import ChannelKind


@dataclass(frozen=True, slots=True)
class Tried:
    """
    How far an invitation got.

    Attributes:
        channel: The one that it was handed to, or is to be handed to next; None before the first one.
        since: When that one was first tried; None while it was not.
        may_be_out: A message may have reached the person. Then no other channel ever carries it.
    """

    channel: ChannelKind | None = None
    since: datetime | None = None
    may_be_out: bool = False


class Failed(NamedTuple):
    """
    A message that could not be delivered.

    Attributes:
        channel: The last one that was tried.
        at: When that one gave up.
    """

    survey_id: int
    channel: ChannelKind
    at: datetime


def find_failure(
    survey_id: int, usable: Collection[ChannelKind], failed: Collection[Failed], since: datetime
) -> datetime | None:
    """
    When no channel of a survey could deliver a message; None when one of them still may.

    What another survey could not deliver says nothing of a channel that it did not end with: who is not in
    Slack is still asked by mail.

    Args:
        survey_id: The survey's own messages went by all of its channels.
        failed: Messages to the person.
        since: What failed up to then is forgotten.
    """
    lately = [one for one in failed if one.at > since and one.channel in usable]
    is_none_left = {one.channel for one in lately}.issuperset(usable)
    return max((one.at for one in lately if is_none_left or one.survey_id == survey_id), default=None)


def list_channels(wanted: Sequence[str], there: Collection[ChannelKind]) -> tuple[ChannelKind, ...]:
    """
    The channels by which a survey may ask, in its order.

    Args:
        wanted: As the policy says; empty = whichever there are, the nearest one first.
        there: Those that the operator set up.
    """
    order = [ChannelKind(name) for name in wanted] or list(ChannelKind)
    return tuple(kind for kind in dict.fromkeys(order) if kind in there)


def reaches(kind: ChannelKind, email: str) -> bool:
    """
    Whether a channel may reach who has an address.

    Slack finds people by it, in whichever letters it is written; mail goes to ASCII addresses only.
    """
    return bool(email) and (kind is not ChannelKind.EMAIL or email.isascii())


def list_usable(
    order: Sequence[ChannelKind], email: str, unwanted: Collection[str]
) -> tuple[ChannelKind, ...]:
    """
    Those channels, in their order, that reach a person and that the person did not say no to.

    Who said no to all of them has opted out, which is a reason of its own: here that counts as no wish.
    """
    wanted = [kind for kind in order if kind.value not in unwanted] or order
    return tuple(kind for kind in wanted if reaches(kind, email))


def choose_channel(
    order: Sequence[ChannelKind],
    usable: Collection[ChannelKind],
    tried: Tried,
    *,
    next_after: timedelta,
    now: datetime,
) -> ChannelKind | None:
    """
    The channel that carries an invitation now; None when no one may.

    Args:
        order: All by which the survey may ask.
        usable: Those of them that reach the person and are wanted.
        next_after: How long one is tried before the next one is.
    """
    if tried.may_be_out:
        return tried.channel if tried.channel in usable else None
    following = next_channel(order, usable, tried.channel)
    if tried.channel is None or tried.channel not in usable:
        return following
    is_over = tried.since is not None and now - tried.since >= next_after
    return following if is_over and following is not None else tried.channel


def next_channel(
    order: Sequence[ChannelKind], usable: Collection[ChannelKind], current: ChannelKind | None
) -> ChannelKind | None:
    """The first usable channel after one in the order; it never goes back. None when there is none."""
    # One that the survey does not name any more was before all that it names.
    begin = order.index(current) + 1 if current in order else 0
    return next((kind for kind in order[begin:] if kind in usable), None)
