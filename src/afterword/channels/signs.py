"""How is a point of a rating drawn where there are only letters?"""

from afterword.domain.survey.question import Look, Question, RatingQuestion

STAR = "★"
"""Of the plain symbols, which no mail program makes a picture of."""

_FACES = {3: "🙁😐🙂", 5: "😞🙁😐🙂😀", 7: "😫😞🙁😐🙂😊😀"}
"""Points of a scale → a face for each of them, the sad one first."""


def find_sign(question: Question, point: int) -> str:
    """As many stars as the point counts, or its face; "" where points are numbers."""
    if not isinstance(question, RatingQuestion):
        return ""
    match question.look:
        case Look.STARS:
            return STAR * point
        case Look.FACES:
            return _FACES[question.points][point - 1]
        case Look.NUMBERS:
            return ""
