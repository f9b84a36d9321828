"""Do the answers to a question mean the same in another version of it?"""

from collections.abc import Mapping, Sequence

from afterword.domain.survey.question import (
    CesQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Question,
    RankingQuestion,
    RatingQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
)


def find_difference(before: Question, after: Question) -> str | None:
    """
    Tell why answers to two versions of a question can't be counted together.

    Another text of an option may only be a better one. But when a value gets the text that another value
    had, as when the ends of a scale are turned round, the same answer means something else.

    Returns:
        Such as ``it was a rating on 1–5, and is an nps on 0–10``; None when they can be.
    """
    if describe(before) != describe(after):
        return f"it was {describe(before)}, and is {describe(after)}"
    meant, means = _meanings(before), _meanings(after)
    for value, label in means.items():
        other = next((one for one, text in meant.items() if text == label and one != value), None)
        if other is not None and value in meant and meant[value] != label:
            return f"{label!r} was the answer {other}, and is {value}"
    return None


def find_incomparable(asked: Sequence[Question], now: Sequence[Question]) -> frozenset[str]:
    """The keys of questions of which the answers to one version mean nothing in another."""
    today = {question.key: question for question in now}
    return frozenset(
        question.key
        for question in asked
        if question.key in today and find_difference(question, today[question.key]) is not None
    )


def describe(question: Question) -> str:
    """What kind of question it is, with its scale: ``a rating on 1–5``."""
    article = "an" if question.kind == "nps" else "a"
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion() | MatrixQuestion():
            return f"{article} {question.kind} on {question.scale[0]}–{question.scale[-1]}"
        case _:
            return f"{article} {question.kind}"


def _meanings(question: Question) -> Mapping[int | str, str]:
    """What can be chosen → what people read there."""
    match question:
        case RatingQuestion() if question.labels:
            return dict(zip(question.scale, question.labels, strict=True))
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            return {question.scale[0]: question.low_label, question.scale[-1]: question.high_label}
        case MatrixQuestion():
            ends = {question.scale[0]: question.low_label, question.scale[-1]: question.high_label}
            return ends | {row.value: row.label for row in question.rows}
        case YesNoQuestion() | SingleChoiceQuestion() | MultipleChoiceQuestion() | RankingQuestion():
            return {option.value: option.label for option in question.options}
        case TextQuestion():
            return {}
