"""Does every path through a survey end, do some answers lead to each question, and how many are asked?"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, product
from typing import Any

from afterword.domain.survey.branching import END, BranchError, find_target, has_branches, list_compares
from afterword.domain.survey.question import (
    CesQuestion,
    ForkingQuestion,
    MatrixQuestion,
    MultipleChoiceQuestion,
    NpsQuestion,
    Question,
    RankingQuestion,
    RatingQuestion,
    ScaleQuestion,
    SingleChoiceQuestion,
    TextQuestion,
    YesNoQuestion,
    list_choices,
)
from afterword.domain.survey.trigger import Compare, matches

STATES_MAX = 20_000
"""Combinations of answers of one check, about a second; nobody oversees more branches than that."""


COUNT_STATES_MAX = 500
"""Combinations of answers that are tried to count questions, a tenth of a second: each mail needs it."""


OPTIONS_ASKED_MAX = 8
"""Options of one multiple choice that conditions may ask about: each doubles the combinations."""


_SCALE_OPERATORS = ("eq", "ne", "in", "gt", "gte", "lt", "lte", "exists")


_CHOICE_OPERATORS = ("eq", "ne", "in", "exists")


_MANY_OPERATORS = ("contains", "exists")


_ANY_OPERATORS = ("exists",)


def count_asked(questions: Sequence[Question]) -> tuple[int, int]:
    """
    How many questions somebody is asked at least and at most, by the shortest and the longest path.

    Where there are too many combinations of answers, as if a condition could go either way after any answers:
    then the path may be shorter or longer than any that there is, and never the other way round.
    """
    if not has_branches(questions):
        return len(questions), len(questions)
    return _count_paths(questions) or _count_jumps(questions)


def check_branches(questions: Sequence[Question]) -> None:
    """
    Check that a survey can be gone through: it only goes forward, and so every path ends; every condition
    asks for what an earlier question can answer; and to each question some answers lead.

    Raises:
        BranchError: Naming the first fault.
    """
    if not has_branches(questions):
        return
    places = {question.key: index for index, question in enumerate(questions)}
    if END in places:
        raise BranchError(places[END], "key", f"{END!r} is where branches end: use another key")
    for index, question in enumerate(questions):
        if isinstance(question, ForkingQuestion):
            _check_jumps(question, index, places)
        for compare in list_compares(question.when):
            _check_compare(compare, index, questions, places)
    reached = _explore(questions, places)
    for index, question in enumerate(questions):
        if index not in reached:
            field = "when" if question.when is not None else ""
            raise BranchError(index, field, f"an impossible branch: no answers lead to {question.key!r}")


def _check_jumps(question: ForkingQuestion, index: int, places: Mapping[str, int]) -> None:
    possible = list_choices(question)
    for answer, key in question.next.items():
        field = f"next.{answer}"
        if answer not in possible:
            raise BranchError(index, field, f"no answer to this question: one of {', '.join(possible)}")
        if key != END and key not in places:
            raise BranchError(index, field, f"there is no question {key!r}; the end is {END!r}")
        if key != END and places[key] <= index:
            raise BranchError(index, field, f"{key!r} is not a later question: a survey only goes forward")


def _check_compare(
    compare: Compare, index: int, questions: Sequence[Question], places: Mapping[str, int]
) -> None:
    key, _, row = compare.path.partition(".")
    if places.get(key, index) >= index:
        raise BranchError(index, "when", f"{key!r} is no earlier question")
    asked = questions[places[key]]
    if isinstance(asked, MatrixQuestion) != bool(row) or (
        isinstance(asked, MatrixQuestion) and row not in [one.value for one in asked.rows]
    ):
        raise BranchError(
            index, "when", f"there is no {compare.path!r}: rows of a matrix, and only they, are key.row"
        )
    operators = _operators(asked)
    if compare.operator not in operators:
        raise BranchError(
            index, "when", f"{compare.operator} can't be asked of {key!r}: one of {', '.join(operators)}"
        )
    _check_operand(compare, index, asked)


def _operators(question: Question) -> tuple[str, ...]:
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion() | MatrixQuestion():
            return _SCALE_OPERATORS
        case YesNoQuestion() | SingleChoiceQuestion():
            return _CHOICE_OPERATORS
        case MultipleChoiceQuestion():
            return _MANY_OPERATORS
        case TextQuestion() | RankingQuestion():
            return _ANY_OPERATORS


def _check_operand(compare: Compare, index: int, asked: Question) -> None:
    if compare.operator == "exists":
        return
    possible: list[Any]
    if isinstance(asked, ScaleQuestion | MatrixQuestion):
        possible = list(asked.scale)
    else:
        possible = list(list_choices(asked))
    wanted = compare.value if compare.operator == "in" else [compare.value]
    for value in wanted:
        if isinstance(value, bool) or value not in possible:
            shown = ", ".join(map(str, possible))
            raise BranchError(index, "when", f"{value!r} is no answer to {asked.key!r}: one of {shown}")


_Counts = tuple[int, int]
"""The fewest and the most questions on the ways to one place."""


_Known = tuple[tuple[str, Any], ...]
"""Path → answer, of the answers that later conditions ask for; lists as tuples."""


def _count_paths(questions: Sequence[Question]) -> _Counts | None:
    """Count along every way that answers lead; None when they are too many."""
    compares, last_use = _uses(questions)
    end = len(questions)
    # All ways go forward: who comes by place finds all that lead to it counted.
    ways: list[dict[_Known, _Counts]] = [{} for _ in range(end + 1)]
    ways[0][()] = (0, 0)
    states = 0

    def come(at: int, known: _Known, counts: _Counts) -> None:
        kept = tuple(item for item in known if last_use[item[0]] >= at) if at < end else ()
        ways[at][kept] = _either(ways[at].get(kept), counts)

    for at, question in enumerate(questions):
        states += len(ways[at])
        if states > COUNT_STATES_MAX:
            return None
        for known, (fewest, most) in ways[at].items():
            if not matches(question.when, _nested(known)):
                come(at + 1, known, (fewest, most))
                continue
            for answer, given in _kinds_of_answer(question, at, compares):
                target = find_target(questions, question, answer, at + 1)
                come(target, known + given, (fewest + 1, most + 1))
    return ways[end][()]


def _count_jumps(questions: Sequence[Question]) -> _Counts:
    """Count along every way, as if each condition held or not, whatever was answered."""
    end = len(questions)
    ways: list[_Counts | None] = [(0, 0), *[None] * end]
    for at, question in enumerate(questions):
        if (counts := ways[at]) is None:
            continue
        fewest, most = counts
        jumps = question.next if isinstance(question, ForkingQuestion) else {}
        for answer in (None, *jumps):
            target = find_target(questions, question, answer, at + 1)
            ways[target] = _either(ways[target], (fewest + 1, most + 1))
        if question.when is not None:
            ways[at + 1] = _either(ways[at + 1], counts)
    return ways[end] or (0, end)


def _either(one: _Counts | None, other: _Counts) -> _Counts:
    return other if one is None else (min(one[0], other[0]), max(one[1], other[1]))


def _uses(questions: Sequence[Question]) -> tuple[dict[str, list[Compare]], dict[str, int]]:
    """Path → the comparisons of it, and the place of the last question that they are for."""
    compares: dict[str, list[Compare]] = {}
    last_use: dict[str, int] = {}
    for index, question in enumerate(questions):
        for compare in list_compares(question.when):
            compares.setdefault(compare.path, []).append(compare)
            last_use[compare.path] = index
    return compares, last_use


def _explore(questions: Sequence[Question], places: Mapping[str, int]) -> set[int]:
    """The places of all questions that some answers lead to."""
    compares, last_use = _uses(questions)
    reached: set[int] = set()
    seen: set[tuple[int, _Known]] = set()
    waiting: list[tuple[int, _Known]] = [(0, ())]
    while waiting:
        at, known = waiting.pop()
        known = tuple(item for item in known if last_use[item[0]] >= at)
        if at >= len(questions) or (at, known) in seen:
            continue
        seen.add((at, known))
        question = questions[at]
        if len(seen) > STATES_MAX:
            raise BranchError(at, "", "the branches are too many to be checked: ask less, or simpler")
        if not matches(question.when, _nested(known)):
            waiting.append((at + 1, known))
            continue
        reached.add(at)
        for answer, given in _kinds_of_answer(question, at, compares):
            waiting.append((find_target(questions, question, answer, at + 1), known + given))
    return reached


def _nested(known: _Known) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path, answer in known:
        key, _, row = path.partition(".")
        if row:
            values.setdefault(key, {})[row] = answer
        else:
            values[key] = list(answer) if isinstance(answer, tuple) else answer
    return values


def _kinds_of_answer(
    question: Question, index: int, compares: Mapping[str, list[Compare]]
) -> Iterator[tuple[Any, _Known]]:
    """Of each kind that branches tell apart one answer: as jumps see it, and as conditions do."""
    if isinstance(question, MatrixQuestion):
        paths = [path for row in question.rows if (path := f"{question.key}.{row.value}") in compares]
        answers = [*question.scale, *([] if question.required else [None])]
        each = [_told_apart(path, answers, compares[path], {}) for path in paths]
        for chosen in product(*each):
            given = zip(paths, chosen, strict=True)
            yield None, tuple((path, answer) for path, answer in given if answer is not None)
        return
    asked = compares.get(question.key, [])
    jumps = question.next if isinstance(question, ForkingQuestion) else {}
    for answer in _told_apart(question.key, _possible(question, index, asked), asked, jumps):
        yield answer, (((question.key, answer),) if asked and answer is not None else ())


def _possible(question: Question, index: int, asked: Sequence[Compare]) -> list[Any]:
    blank = [] if question.required else [None]
    match question:
        case RatingQuestion() | NpsQuestion() | CesQuestion():
            return [*question.scale, *blank]
        case MultipleChoiceQuestion():
            named = sorted({compare.value for compare in asked if compare.operator == "contains"})
            if len(named) > OPTIONS_ASKED_MAX:
                message = f"conditions ask for more than {OPTIONS_ASKED_MAX} of its options"
                raise BranchError(index, "options", message)
            rest = [option.value for option in question.options if option.value not in named][:1]
            subsets = chain.from_iterable(
                combinations([*named, *rest], size) for size in range(1, len(named) + len(rest) + 1)
            )
            return [*subsets, *blank]
        case YesNoQuestion() | SingleChoiceQuestion():
            return [*list_choices(question), *blank]
        case _:
            return ["given", *blank]


def _told_apart(
    path: str, answers: Sequence[Any], asked: Sequence[Compare], jumps: Mapping[str, str]
) -> list[Any]:
    """Of the answers that the same conditions hold for, and that lead to the same place, one."""
    found: dict[Any, Any] = {}
    for answer in answers:
        values = _nested(() if answer is None else ((path, answer),))
        holds = tuple(matches(compare, values) for compare in asked)
        found.setdefault((holds, jumps.get(str(answer)) if answer is not None else None), answer)
    return list(found.values())
