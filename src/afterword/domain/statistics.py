"""
How sure may a reader be of this number?

Rates and shares are proportions from 0 to 1, never percent. NPS runs from
-100 to 100. A mean has the unit of its values. Every interval is two-sided and
covers chance alone: who chose not to answer is no part of it.

Each function takes counts of *people* and raises ValueError for counts that
cannot be. Where a formula would claim more than the answers tell (nobody asked,
one answer, all answers alike), there is no interval rather than a false one.

Source: docs/reference/statistics.md, with the literature.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, cos, floor, fsum, pi, sin, sqrt, tan
from statistics import NormalDist, fmean, variance
from typing import Any

CONFIDENCE = 0.95
"""Share of such intervals that hold the true value, if answers were drawn by chance."""

NPS_POINTS = range(11)
SATISFIED_FROM = {3: 3, 5: 4, 7: 6}
"""Points of a scale from 1 → from which one on a person counts as satisfied."""
PASSIVE_FROM = 7
"""Below this point of 0–10, a person counts as a detractor."""
PROMOTER_FROM = 9
"""From this point of 0–10 on, a person counts as a promoter."""

T_SERIES_DF_MAX = 200
"""Up to here the t quantile is exact; above, an expansion errs by less than 1e-8."""
T_BISECTIONS = 60
"""Halvings of [0, π/2): more than the 53 bits of a float can use."""
WHOLE_PEOPLE_TOLERANCE = 1e-9
"""Keeps a bound that is a whole number of people from being moved by float noise."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From ``low`` to ``high``, both included, in the unit of the number it belongs to."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """
    One number of a report, and how far to trust it.

    Attributes:
        value: The number, or None when nobody answered.
        interval: Where the true number may be, or None where no honest interval exists.
        n: How many people it rests on.
        population: How many people it speaks for (N), or None for "many, not counted".
        confidence: The confidence of the interval, from 0 to 1.
    """

    value: float | None
    interval: Interval | None
    n: int
    population: int | None = None
    confidence: float = CONFIDENCE

    @property
    def is_census(self) -> bool:
        """Everyone answered, so chance has no part in the number and there is no interval."""
        return self.n > 0 and self.n == self.population


@dataclass(frozen=True, slots=True)
class Share:
    """
    One row of a distribution.

    Attributes:
        value: The answer as it is stored.
        label: The answer as people read it.
        count: How many people gave it.
        share: ``count / n``, from 0 to 1, or None when nobody answered.
        interval: Wilson interval of the share.
    """

    value: int | str
    label: str
    count: int
    share: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Distribution:
    """
    Who answered what.

    Attributes:
        rows: One per possible answer, also those that nobody gave, in the order of the question.
        n: How many people answered. Shares of a multiple choice add up to more than 1.
    """

    rows: tuple[Share, ...]
    n: int


def wilson(
    successes: int, n: int, *, population: int | None = None, confidence: float = CONFIDENCE
) -> Interval | None:
    """
    Find the Wilson score interval of a proportion.

    All p that a two-sided score test keeps: ``|p̂ - p| ≤ z √(p(1-p)/n · f)``, with
    the finite-population correction ``f = (N-n)/(N-1)`` when N is known, else 1.
    With N the truth is a whole number of people among N, so the bounds are moved
    outward to the next k/N; without that step the interval of a small group
    misses too often. What the n said themselves bounds it for certain.

    Args:
        successes: People of whom the thing is true, from 0 to n.
        n: People who answered, each once.
        population: N, the people whom the n are part of; at least n.
        confidence: Between 0 and 1, both excluded.

    Returns:
        Bounds from 0 to 1, or None when n is 0 (nothing known) or N (nothing left to chance).

    Source: Wilson 1927; Brown, Cai and DasGupta 2001; Cochran 1977, sections 2.6 and 3.2.
    """
    _check_part(successes, n, "successes")
    _check_population(n, population)
    z = _normal_quantile(confidence)
    if n == 0 or n == population:
        return None
    p = successes / n
    spread = z * z * _correction(n, population) / n
    center = (p + spread / 2) / (1 + spread)
    half = sqrt(spread * (p * (1 - p) + spread / 4)) / (1 + spread)
    # At 0 and n one bound is exact; rounding must not push it off.
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == n else min(1.0, center + half)
    if population is None:
        return Interval(low, high)
    whole = _to_whole_people(Interval(low, high), population)
    # The n are among the N: what they said is true of so many at least, and untrue of so many.
    return Interval(max(whole.low, successes / population), min(whole.high, 1 - (n - successes) / population))


def proportion(
    successes: int, n: int, *, population: int | None = None, confidence: float = CONFIDENCE
) -> Score:
    """
    Score a proportion: ``successes / n`` from 0 to 1, with its Wilson interval.

    Args, errors and source: as ``wilson``.
    """
    interval = wilson(successes, n, population=population, confidence=confidence)
    return Score(successes / n if n else None, interval, n, population, confidence)


def csat(
    counts_by_point: Mapping[int, int],
    *,
    points: int = 5,
    population: int | None = None,
    confidence: float = CONFIDENCE,
) -> Score:
    """
    Score satisfaction on 1–5: the share of people who chose 4 or 5; on 1–3: 3, on 1–7: 6 or 7.

    Args:
        counts_by_point: Point → people who chose it; a point left out counts 0.
        points: How many the scale has: 3, 5 or 7.
        population: N, see ``wilson``.
        confidence: Between 0 and 1, both excluded.

    Returns:
        A proportion from 0 to 1 (not percent) with its Wilson interval.
    """
    _check_counts(counts_by_point, range(1, points + 1))
    satisfied = sum(count for point, count in counts_by_point.items() if point >= SATISFIED_FROM[points])
    n = sum(counts_by_point.values())
    return proportion(satisfied, n, population=population, confidence=confidence)


def nps(
    counts_by_point: Mapping[int, int], *, population: int | None = None, confidence: float = CONFIDENCE
) -> Score:
    """
    Score the Net Promoter Score: percent promoters (9–10) minus percent detractors (0–6).

    ``SE = √((p₊ + p₋ - (p₊ - p₋)²) / n · f)``, f as in ``wilson``; the interval is
    ``value ± 100 z SE``, clipped to -100..100.

    Args:
        counts_by_point: Point from 0 to 10 → people who chose it; a point left out counts 0.
        population: N, see ``wilson``.
        confidence: Between 0 and 1, both excluded.

    Returns:
        A number from -100 to 100. No interval when nobody or everybody answered, nor
        when all answers fall in one group (as one answer does): SE is 0 there, and
        would claim certainty.

    Source: Reichheld 2003; Rocks 2016 (variance of the difference of two multinomial shares).
    """
    groups = nps_groups(counts_by_point)
    n = sum(groups.values())
    _check_population(n, population)
    z = _normal_quantile(confidence)
    if n == 0:
        return Score(None, None, 0, population, confidence)
    promoters, detractors = groups["promoters"] / n, groups["detractors"] / n
    value = 100 * (groups["promoters"] - groups["detractors"]) / n
    all_alike = n in groups.values()
    if all_alike or n == population:
        return Score(value, None, n, population, confidence)
    spread = promoters + detractors - (promoters - detractors) ** 2
    half = 100 * z * sqrt(spread / n * _correction(n, population))
    interval = Interval(max(-100.0, value - half), min(100.0, value + half))
    return Score(value, interval, n, population, confidence)


def nps_groups(counts_by_point: Mapping[int, int]) -> dict[str, int]:
    """Count people as ``detractors`` (0–6), ``passives`` (7–8) and ``promoters`` (9–10), in this order."""
    _check_counts(counts_by_point, NPS_POINTS)
    groups = {"detractors": 0, "passives": 0, "promoters": 0}
    for point, count in counts_by_point.items():
        if point >= PROMOTER_FROM:
            groups["promoters"] += count
        elif point >= PASSIVE_FROM:
            groups["passives"] += count
        else:
            groups["detractors"] += count
    return groups


def mean_t(
    values: Sequence[float],
    *,
    population: int | None = None,
    confidence: float = CONFIDENCE,
    scale: Interval | None = None,
) -> Score:
    """
    Score a mean, for CES and rating scales: ``x̄ ± t(n-1) · s/√n · √f``, f as in ``wilson``.

    Args:
        values: One finite value per person.
        population: N, see ``wilson``.
        confidence: Between 0 and 1, both excluded.
        scale: The least and greatest possible value; the interval is clipped to it.

    Returns:
        A number in the unit of the values. No interval for fewer than two values, for
        values that are all alike (s is 0, and would claim certainty), or when
        everybody answered.

    Source: Student 1908; Cochran 1977, section 2.7.
    """
    n = len(values)
    _check_population(n, population)
    _check_confidence(confidence)
    if n == 0:
        return Score(None, None, 0, population, confidence)
    value = fmean(values)
    if min(values) == max(values) or n == population:
        return Score(value, None, n, population, confidence)
    t = t_quantile((1 + confidence) / 2, n - 1)
    half = t * sqrt(variance(values) / n * _correction(n, population))
    interval = Interval(value - half, value + half)
    if scale is not None:
        interval = Interval(max(scale.low, interval.low), min(scale.high, interval.high))
    return Score(value, interval, n, population, confidence)


def response_rate(answered: int, delivered: int, *, confidence: float = CONFIDENCE) -> Score:
    """
    Score the response rate: answered ÷ delivered, from 0 to 1, with its Wilson interval.

    Both sides count invitations, so a person who was asked twice counts twice on
    both. With ``answered`` the whole responses this is AAPOR's RR1, with whole and
    partial ones RR2. There is no N: the invitations stand for further ones.

    Args:
        answered: Delivered invitations with a current response.
        delivered: Invitations that reached a channel's end.
        confidence: Between 0 and 1, both excluded.

    Source: AAPOR Standard Definitions.
    """
    return proportion(answered, delivered, confidence=confidence)


def distribution(
    counts: Mapping[int | str, int],
    labels: Mapping[int | str, str],
    *,
    n: int | None = None,
    population: int | None = None,
    confidence: float = CONFIDENCE,
) -> Distribution:
    """
    Lay out who answered what, with a Wilson interval per row.

    Each interval is meant for its row alone; together they hold less often than
    the confidence says.

    Args:
        counts: Value → people who gave it; a value left out counts 0.
        labels: Every possible value → its label, in the order of the rows.
        n: People who answered, for questions where one person may give several
            values; by default the sum of the counts.
        population: N, see ``wilson``.
        confidence: Between 0 and 1, both excluded.
    """
    _check_counts(counts, labels.keys())
    answered = sum(counts.values()) if n is None else n
    rows = []
    for value, label in labels.items():
        count = counts.get(value, 0)
        score = proportion(count, answered, population=population, confidence=confidence)
        rows.append(Share(value, label, count, score.value, score.interval))
    return Distribution(tuple(rows), answered)


def t_quantile(probability: float, df: int) -> float:
    """
    Find the t with ``P(T ≤ t) = probability`` for Student's t with df degrees of freedom.

    Up to T_SERIES_DF_MAX by halving the angle θ = arctan(t/√df) in the closed form
    of the distribution, above by the Cornish-Fisher expansion around the normal quantile.

    Args:
        probability: Between 0 and 1, both excluded.
        df: At least 1.

    Returns:
        t; relative error below 1e-8 for probabilities from 0.001 to 0.999.

    Source: Abramowitz and Stegun 1964, 26.7.3, 26.7.4 and 26.7.5.
    """
    if not 0 < probability < 1 or df < 1:
        raise ValueError(f"no t quantile for probability {probability} and {df} degrees of freedom")
    if probability < 0.5:
        return -t_quantile(1 - probability, df)
    if df > T_SERIES_DF_MAX:
        return _t_expansion(NormalDist().inv_cdf(probability), df)
    central = 2 * probability - 1
    low, high = 0.0, pi / 2
    for _ in range(T_BISECTIONS):
        middle = (low + high) / 2
        if _t_central_probability(middle, df) < central:
            low = middle
        else:
            high = middle
    return sqrt(df) * tan((low + high) / 2)


def _t_central_probability(angle: float, df: int) -> float:
    """``P(|T| ≤ √df · tan angle)``, a finite sum for whole df (26.7.3 odd, 26.7.4 even)."""
    cosine_squared = cos(angle) ** 2
    is_odd = df % 2 == 1
    terms = []
    term = cos(angle) if is_odd else 1.0
    for power in range(df // 2):
        terms.append(term)
        factor = 2 * power + (2 if is_odd else 1)
        term *= cosine_squared * factor / (factor + 1)
    series = sin(angle) * fsum(terms)
    return 2 / pi * (angle + series) if is_odd else series


def _t_expansion(z: float, df: int) -> float:
    """26.7.5: t as the normal quantile plus a series in 1/df."""
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / df + g2 / df**2 + g3 / df**3 + g4 / df**4


def _normal_quantile(confidence: float) -> float:
    _check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _correction(n: int, population: int | None) -> float:
    """The finite-population correction of a variance; 1 when the population is not counted."""
    return 1.0 if population is None else (population - n) / (population - 1)


def _to_whole_people(interval: Interval, population: int) -> Interval:
    low = floor(interval.low * population + WHOLE_PEOPLE_TOLERANCE)
    high = ceil(interval.high * population - WHOLE_PEOPLE_TOLERANCE)
    return Interval(low / population, high / population)


def _check_part(part: int, n: int, name: str) -> None:
    if not 0 <= part <= n:
        raise ValueError(f"{name} must be from 0 to n = {n}, not {part}")


def _check_population(n: int, population: int | None) -> None:
    if population is not None and population < n:
        raise ValueError(f"the population must be at least n = {n}, not {population}")


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")


def _check_counts(counts: Mapping[Any, int], possible: Container[Any]) -> None:
    for value, count in counts.items():
        if value not in possible:
            raise ValueError(f"{value!r} is not a possible answer")
        if count < 0:
            raise ValueError(f"the count of {value!r} must not be negative, but is {count}")
