"""What may stand in a survey file, for editors that complete and check it? Generated from what parses it."""

from typing import Any

import msgspec

from afterword.flows.surveys.survey_definition import SurveyFile
from afterword.flows.surveys.survey_file.faults import EXAMPLES

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def survey_schema() -> dict[str, Any]:
    """The JSON Schema of a survey file."""
    (file,), parts = msgspec.json.schema_components((SurveyFile,), ref_template="#/$defs/{name}")
    for part in parts.values():
        for name, field in part.get("properties", {}).items():
            _describe(field, MEANINGS[name], EXAMPLES.get(name))
    return {"$schema": DRAFT, "title": "A survey of Afterword", **file, "$defs": parts}


def _describe(field: dict[str, Any], meaning: str, example: Any) -> None:
    form = field.get("description")
    field["description"] = f"{meaning}; {form}" if form else meaning
    # OpenAPI's, which validators of JSON Schema don't know.
    field.get("items", {}).pop("discriminator", None)
    if example is not None:
        field["examples"] = [example]


MEANINGS = {
    "survey": "The survey's name for programs, for good",
    "project": "Name of the project whose events it hears",
    "title": "Subject of the mail and head of the page",
    "trigger": "Which events ask",
    "questions": "What is asked, in this order",
    "throttle": "How rarely people are asked; what is left out is what project and organisation say",
    "introduction": "A sentence or two before the questions",
    "thanks": "Shown after answering",
    "tags": "Groups that caps can be set for",
    "privacy": "Whether anybody can tell whose an answer is",
    "locale": "The language of the texts",
    "translations": "The texts in other languages",
    "starts_at": "Nobody is asked before",
    "ends_at": "From then on nobody is asked, and links can't be answered",
    "timezone": "In whose midnight dates begin",
    "events": "Names of events; * stands for any characters",
    "where": "What the event's metadata must say",
    "count": "How many",
    "after": "What must come before, or how long to wait",
    "not_followed_by": "Asks when none of these comes within the time",
    "delay": "How long to wait; further matches meanwhile are one",
    "cancel_on": "Events that withdraw an invitation that waits",
    "all": "True when every one is",
    "any": "True when at least one is",
    "not": "True when it is not",
    "path": "Where the value stands, as job.duration_s",
    "eq": "The value is equal",
    "ne": "The value is not equal, or absent",
    "in": "The value equals one of these",
    "contains": "The value is a text that contains it, or a list with it among the items",
    "gt": "The value is greater",
    "gte": "The value is greater or equal",
    "lt": "The value is less",
    "lte": "The value is less or equal",
    "exists": "The value is there, or is not",
    "matches": "The value is a text in which this regular expression of RE2 is found",
    "at_least": "It is the N-th such event, this one included",
    "within": "The time in which they count",
    "type": "What kind of question",
    "key": "Name of the question; one key, one question, over all versions",
    "text": "The question",
    "help": "A sentence below the question",
    "when": "What earlier answers must be for it to be asked",
    "required": "Whether it must be answered",
    "points": "How many points the scale has",
    "look": "How the points are drawn",
    "low_label": "What the lowest point means",
    "high_label": "What the highest point means",
    "labels": "What each point means",
    "next": "Answer → key of the question that comes then, or end",
    "yes_label": "What the button for yes says",
    "no_label": "What the button for no says",
    "options": "What can be chosen",
    "other": "Whether people may say something else",
    "shuffled": "Whether the order changes from person to person",
    "value": "What is stored",
    "label": "What people read",
    "rows": "What is rated: key → what people read",
    "max_event_age": "Older events never ask",
    "audience": "What person and team must be like; null for everyone",
    "min_tenure": "Least time since the person's first event in the project",
    "holdout": "Share of people who are never asked, for comparison",
    "max_open": "Open invitations of a person; 0 for any number",
    "repeat": "How often the same person may be asked",
    "max_shows": "With until_answered, how often at most",
    "cooldown": "Least time until the same person is asked again",
    "project_cooldown": "Least time since an invitation to any survey of the project",
    "group_caps": "Tag → how often a person may be asked by surveys with it",
    "global_cooldown": "Least time since an invitation to any survey; needs the organisation's right",
    "caps": "Window → how often a person may be asked within it, by whichever survey",
    "backoff": "Whether cooldowns grow while a person ignores",
    "quota": "How many responses are wanted; null for any number",
    "pacing": "How the quota is spent",
    "max_per_day": "Invitations of this survey within a day; null for any number",
    "sampling": "Share of those who may be asked that are asked",
    "priority": "The higher one asks when several surveys would",
    "send_window": "When mails go out, by the person's clock; any for at any time",
    "reminders": "One reminder to who has not answered; null for none",
    "expires_after": "When the invitation and its link end",
    "channels": "Ways to ask, in this order; empty for whichever there is",
    "next_channel_after": "How long a channel that fails for now is tried before the next one is",
    "pause": "Whether nobody is asked now",
    "answered": "After an answer",
    "dismissed": "After a no, thanks",
    "ignored": "After nothing",
    "snoozed": "After a not now",
    "window": "The time in which they count",
    "period": "The time that the numbers are of; null for the survey's life",
    "attribute": "Group of attributes whose values are the cells",
    "each": "Responses wanted of a cell that cells does not name",
    "cells": "Value → responses wanted",
    "rate": "Above 0, up to 1",
    "unit": "What is drawn",
    "days": "Days of the week",
    "hours": "From when to when",
    "defer": "Whoever would wait longer is not asked",
}
"""Field → what it means, in every part of the file that has one of this name."""
