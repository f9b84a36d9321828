"""Do the numbers of a report agree with scipy and the literature, and stay honest at the edges?"""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from afterword.domain.statistics import (
    NPS_POINTS,
    Interval,
    Score,
    csat,
    distribution,
    mean_t,
    nps,
    nps_groups,
    proportion,
    response_rate,
    t_quantile,
    wilson,
)

CONFIDENCES = [0.8, 0.9, 0.95, 0.99]


@st.composite
def parts(draw: st.DrawFn, n_min: int = 0) -> tuple[int, int]:
    n = draw(st.integers(n_min, 2_000))
    return draw(st.integers(0, n)), n


@st.composite
def samples(draw: st.DrawFn) -> tuple[int, int, int]:
    """(successes, n, population) with some people left who did not answer."""
    population = draw(st.integers(2, 500))
    n = draw(st.integers(1, population - 1))
    return draw(st.integers(0, n)), n, population


nps_counts = st.dictionaries(st.sampled_from(NPS_POINTS), st.integers(0, 300))


def bounds(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


def width(interval: Interval | None) -> float:
    low, high = bounds(interval)
    return high - low


class TestWilson:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [
            # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (score, no correction).
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_gives_the_published_worked_examples(
        self, successes: int, n: int, low: float, high: float
    ) -> None:
        assert bounds(wilson(successes, n)) == pytest.approx((low, high), abs=0.00005)

    @given(parts(n_min=1), st.sampled_from(CONFIDENCES))
    def test_agrees_with_scipy(self, part: tuple[int, int], confidence: float) -> None:
        successes, n = part
        expected = tuple(stats.binomtest(successes, n).proportion_ci(confidence, method="wilson"))
        assert bounds(wilson(successes, n, confidence=confidence)) == pytest.approx(expected, abs=1e-12)

    @given(parts(n_min=1))
    def test_stays_within_0_and_1_and_holds_the_proportion(self, part: tuple[int, int]) -> None:
        successes, n = part
        low, high = bounds(wilson(successes, n))
        assert 0 <= low <= successes / n <= high <= 1

    @given(parts(n_min=1))
    def test_of_the_opposite_is_its_mirror(self, part: tuple[int, int]) -> None:
        successes, n = part
        low, high = bounds(wilson(n - successes, n))
        assert bounds(wilson(successes, n)) == pytest.approx((1 - high, 1 - low), abs=1e-12)

    @given(parts(n_min=2))
    def test_rises_with_the_successes(self, part: tuple[int, int]) -> None:
        successes, n = part
        if successes == n:
            return
        fewer, more = bounds(wilson(successes, n)), bounds(wilson(successes + 1, n))
        assert fewer[0] < more[0]
        assert fewer[1] < more[1]

    @given(parts(n_min=1), st.integers(2, 20))
    def test_narrows_with_more_answers_of_the_same_share(self, part: tuple[int, int], times: int) -> None:
        successes, n = part
        assert width(wilson(successes * times, n * times)) < width(wilson(successes, n))

    @given(parts(n_min=1))
    def test_widens_with_the_confidence(self, part: tuple[int, int]) -> None:
        widths = [width(wilson(*part, confidence=confidence)) for confidence in CONFIDENCES]
        assert widths == sorted(widths)

    def test_of_nobody_is_none(self) -> None:
        assert wilson(0, 0) is None

    def test_of_one_person_is_wide(self) -> None:
        assert bounds(wilson(1, 1)) == pytest.approx((0.2065, 1), abs=1e-4)
        assert bounds(wilson(0, 1)) == pytest.approx((0, 0.7935), abs=1e-4)

    @pytest.mark.parametrize("n", [1, 2, 10, 1_000, 10**6])
    def test_of_all_and_of_none_ends_exactly_at_the_edge(self, n: int) -> None:
        everyone, nobody = bounds(wilson(n, n)), bounds(wilson(0, n))
        assert everyone[0] < everyone[1] == 1
        assert nobody[1] > nobody[0] == 0

    @pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, -1)])
    def test_refuses_counts_that_cannot_be(self, successes: int, n: int) -> None:
        with pytest.raises(ValueError, match="successes"):
            wilson(successes, n)

    @pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, 95.0, math.nan])
    def test_refuses_a_confidence_outside_0_and_1(self, confidence: float) -> None:
        with pytest.raises(ValueError, match="confidence"):
            wilson(1, 2, confidence=confidence)


class TestWilsonOfAFinitePopulation:
    @given(samples())
    def test_is_the_inverted_score_test_with_the_corrected_variance(
        self, sample: tuple[int, int, int]
    ) -> None:
        successes, n, population = sample
        low, high = bounds(wilson(successes, n, population=population))
        kept = [
            people / population
            for people in range(population + 1)
            if keeps(people / population, successes, n, population)
        ]
        # Bounds lie on whole people, outside of or on every p that the test keeps.
        assert low <= min(kept, default=1) + 1e-9
        assert high >= max(kept, default=0) - 1e-9
        assert low * population == pytest.approx(round(low * population), abs=1e-6)
        assert high * population == pytest.approx(round(high * population), abs=1e-6)

    def test_of_a_worked_example(self) -> None:
        # 12 of 20 in a house of 30: f = 10/29, z²f/n = 0.06623, (0.6 + 0.03312 ± 0.12924) / 1.06623
        # = 0.4726 to 0.7150, in whole people 14.18 → 14 and 21.45 → 22.
        assert wilson(12, 20, population=30) == Interval(14 / 30, 22 / 30)

    @given(samples())
    def test_is_no_wider_than_without_by_more_than_the_rounding(self, sample: tuple[int, int, int]) -> None:
        successes, n, population = sample
        corrected, plain = wilson(successes, n, population=population), wilson(successes, n)
        assert width(corrected) <= width(plain) + 2 / population

    @given(samples())
    def test_holds_the_proportion(self, sample: tuple[int, int, int]) -> None:
        successes, n, population = sample
        low, high = bounds(wilson(successes, n, population=population))
        assert 0 <= low <= successes / n <= high <= 1

    @pytest.mark.parametrize(("n", "population"), [(4, 5), (8, 10), (15, 30), (28, 30), (20, 100), (50, 500)])
    def test_holds_the_truth_about_as_often_as_it_says(self, n: int, population: int) -> None:
        coverages = [coverage(satisfied, n, population) for satisfied in range(population + 1)]
        assert min(coverages) > 0.93
        assert sum(coverages) / len(coverages) > 0.95

    def test_of_a_vast_population_is_the_plain_one(self) -> None:
        plain = bounds(wilson(12, 40))
        assert bounds(wilson(12, 40, population=10**9)) == pytest.approx(plain, abs=1e-8)

    def test_is_none_when_everyone_answered(self) -> None:
        assert wilson(3, 5, population=5) is None
        assert proportion(3, 5, population=5).is_census

    def test_refuses_fewer_people_than_answered(self) -> None:
        with pytest.raises(ValueError, match="population"):
            wilson(3, 5, population=4)


class TestCsat:
    def test_is_the_share_of_4_and_5(self) -> None:
        score = csat({1: 1, 2: 2, 3: 3, 4: 6, 5: 8})
        assert score == Score(14 / 20, wilson(14, 20), 20)

    def test_speaks_for_the_population(self) -> None:
        score = csat({4: 6, 1: 4}, population=25)
        assert score == Score(0.6, wilson(6, 10, population=25), 10, 25)

    def test_of_nobody_has_neither_number_nor_interval(self) -> None:
        assert csat({}) == Score(None, None, 0)

    @pytest.mark.parametrize("counts", [{0: 1}, {6: 1}, {3: -1}])
    def test_refuses_counts_that_cannot_be(self, counts: dict[int, int]) -> None:
        with pytest.raises(ValueError, match=r"answer|negative"):
            csat(counts)


class TestNps:
    def test_groups_0_to_6_then_7_and_8_then_9_and_10(self) -> None:
        assert nps_groups(dict.fromkeys(NPS_POINTS, 1)) == {"detractors": 7, "passives": 2, "promoters": 2}

    def test_of_a_worked_example(self) -> None:
        # 50 promoters, 30 passives, 20 detractors: 30 ± 1.96 · √((0.7 - 0.09) / 100) · 100 = 30 ± 15.3.
        score = nps({10: 50, 7: 30, 3: 20})
        assert score.value == 30
        assert bounds(score.interval) == pytest.approx((14.69, 45.31), abs=0.01)

    @given(nps_counts)
    def test_has_the_standard_error_of_the_mean_of_plus_and_minus_one(self, counts: dict[int, int]) -> None:
        groups = nps_groups(counts)
        signs = [1] * groups["promoters"] + [0] * groups["passives"] + [-1] * groups["detractors"]
        score = nps(counts)
        if len(set(signs)) < 2:
            assert score.interval is None
            return
        half = 1.959963985 * stats.tstd(signs) * math.sqrt(len(signs) - 1) / len(signs) * 100
        mean = 100 * sum(signs) / len(signs)
        assert score.value == pytest.approx(mean)
        expected = (max(-100, mean - half), min(100, mean + half))
        assert bounds(score.interval) == pytest.approx(expected, abs=1e-6)

    @given(nps_counts)
    def test_stays_within_its_scale(self, counts: dict[int, int]) -> None:
        score = nps(counts)
        if score.interval is not None:
            assert score.value is not None
            assert -100 <= score.interval.low <= score.value <= score.interval.high <= 100

    @given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
    def test_of_the_opposite_is_its_mirror(self, promoters: int, passives: int, detractors: int) -> None:
        one = nps({10: promoters, 8: passives, 0: detractors})
        other = nps({10: detractors, 8: passives, 0: promoters})
        assert one.n == other.n
        if one.value is None or other.value is None:
            assert one.value is other.value
            return
        assert one.value == -other.value
        if other.interval is not None:
            assert bounds(one.interval) == pytest.approx((-other.interval.high, -other.interval.low))

    @given(nps_counts.filter(lambda counts: sum(counts.values()) > 0), st.integers(1, 500))
    def test_narrows_as_the_answers_near_the_population(self, counts: dict[int, int], rest: int) -> None:
        plain, corrected = nps(counts), nps(counts, population=sum(counts.values()) + rest)
        if plain.interval is not None:
            assert width(corrected.interval) <= width(plain.interval)

    @pytest.mark.parametrize("counts", [{10: 1}, {0: 1}, {7: 12}, {9: 3, 10: 4}])
    def test_of_one_answer_or_of_answers_all_alike_claims_no_certainty(self, counts: dict[int, int]) -> None:
        score = nps(counts)
        assert score.value is not None
        assert score.interval is None

    def test_of_nobody_has_neither_number_nor_interval(self) -> None:
        assert nps({}) == Score(None, None, 0)

    def test_of_everyone_has_no_interval(self) -> None:
        assert nps({10: 3, 2: 1}, population=4) == Score(50.0, None, 4, 4)


class TestMeanT:
    def test_of_a_worked_example(self) -> None:
        # NIST/SEMATECH e-Handbook 7.2.2, particle counts: mean 53.7, s 6.567, n 10; with t(0.975, 9) = 2.262
        # 53.7 ± 2.262 · 6.567 / √10 = 53.7 ± 4.698.
        counts = [50, 48, 44, 56, 61, 52, 53, 55, 67, 51]
        score = mean_t(counts)
        assert score.value == pytest.approx(53.7)
        assert bounds(score.interval) == pytest.approx((49.002, 58.398), abs=0.001)

    @given(
        st.lists(st.integers(-9_999, 9_999).map(lambda tenths: tenths / 10), min_size=2, max_size=60),
        st.sampled_from(CONFIDENCES),
    )
    def test_agrees_with_scipy(self, values: list[float], confidence: float) -> None:
        score = mean_t(values, confidence=confidence)
        if min(values) == max(values):
            assert score.interval is None
            return
        expected = stats.t.interval(confidence, len(values) - 1, stats.tmean(values), stats.sem(values))
        assert bounds(score.interval) == pytest.approx(expected, rel=1e-7, abs=1e-7)

    def test_is_clipped_to_its_scale(self) -> None:
        score = mean_t([5, 5, 4], scale=Interval(1, 5))
        assert bounds(score.interval) == pytest.approx((3.232, 5), abs=0.001)

    def test_is_corrected_for_the_population(self) -> None:
        plain, corrected = mean_t([1, 2, 3, 4]), mean_t([1, 2, 3, 4], population=13)
        assert width(corrected.interval) == pytest.approx(width(plain.interval) * math.sqrt(9 / 12))

    @pytest.mark.parametrize("values", [[4], [3, 3], [5] * 40])
    def test_of_one_value_or_of_values_all_alike_claims_no_certainty(self, values: list[float]) -> None:
        assert mean_t(values) == Score(values[0], None, len(values))

    def test_of_nobody_has_neither_number_nor_interval(self) -> None:
        assert mean_t([]) == Score(None, None, 0)

    def test_of_everyone_has_no_interval(self) -> None:
        assert mean_t([1, 2], population=2).interval is None


class TestTQuantile:
    @pytest.mark.parametrize("probability", [0.001, 0.025, 0.4, 0.5, 0.75, 0.95, 0.975, 0.995, 0.999])
    def test_agrees_with_scipy(self, probability: float) -> None:
        degrees = [*range(1, 41), 99, 100, 199, 200, 201, 202, 500, 1_000, 10**5]
        found = [t_quantile(probability, df) for df in degrees]
        assert found == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-12)

    @given(st.floats(0.001, 0.999), st.integers(1, 400))
    def test_undoes_the_distribution_function(self, probability: float, df: int) -> None:
        assert stats.t.cdf(t_quantile(probability, df), df) == pytest.approx(probability, abs=1e-9)

    @pytest.mark.parametrize(
        ("df", "expected"), [(1, 12.706), (2, 4.303), (9, 2.262), (30, 2.042), (120, 1.980), (1_000, 1.962)]
    )
    def test_gives_the_printed_tables(self, df: int, expected: float) -> None:
        assert round(t_quantile(0.975, df), 3) == expected

    @pytest.mark.parametrize(("probability", "df"), [(0, 5), (1, 5), (-1, 5), (0.5, 0)])
    def test_refuses_what_has_no_quantile(self, probability: float, df: int) -> None:
        with pytest.raises(ValueError, match="quantile"):
            t_quantile(probability, df)


class TestResponseRate:
    def test_is_answered_by_delivered(self) -> None:
        assert response_rate(30, 120) == Score(0.25, wilson(30, 120), 120)

    def test_of_nothing_delivered_has_neither_number_nor_interval(self) -> None:
        assert response_rate(0, 0) == Score(None, None, 0)

    def test_refuses_more_answers_than_deliveries(self) -> None:
        with pytest.raises(ValueError, match="from 0 to n"):
            response_rate(2, 1)


class TestDistribution:
    def test_has_a_row_for_each_possible_answer_in_the_order_of_the_question(self) -> None:
        found = distribution({"b": 3, "a": 1}, {"c": "Sea", "a": "Air", "b": "Land"})
        assert [(row.value, row.label, row.count, row.share) for row in found.rows] == [
            ("c", "Sea", 0, 0.0),
            ("a", "Air", 1, 0.25),
            ("b", "Land", 3, 0.75),
        ]
        assert found.n == 4
        assert [row.interval for row in found.rows] == [wilson(0, 4), wilson(1, 4), wilson(3, 4)]

    def test_of_a_multiple_choice_divides_by_people(self) -> None:
        found = distribution({"a": 3, "b": 4}, {"a": "A", "b": "B"}, n=4, population=9)
        assert [row.share for row in found.rows] == [0.75, 1.0]
        assert found.rows[0].interval == wilson(3, 4, population=9)

    def test_of_nobody_keeps_its_rows_without_shares(self) -> None:
        found = distribution({}, {1: "1", 2: "2"})
        assert [(row.count, row.share, row.interval) for row in found.rows] == [(0, None, None)] * 2

    def test_refuses_an_answer_that_is_not_possible(self) -> None:
        with pytest.raises(ValueError, match="'d' is not a possible answer"):
            distribution({"d": 1}, {"a": "A"})


@pytest.mark.parametrize("score", [csat, nps])
def test_refuses_fewer_people_than_answered(score: Callable[..., Score]) -> None:
    with pytest.raises(ValueError, match="population"):
        score({5: 3}, population=2)


def keeps(p: float, successes: int, n: int, population: int) -> bool:
    """The definition that Wilson's closed form inverts."""
    variance = p * (1 - p) / n * (population - n) / (population - 1)
    return abs(successes / n - p) <= 1.959963984540054 * math.sqrt(variance)


def coverage(satisfied: int, n: int, population: int) -> float:
    """The chance that the interval of a random sample of n holds ``satisfied / population``."""
    chance = 0.0
    for successes in range(max(0, n - (population - satisfied)), min(n, satisfied) + 1):
        low, high = bounds(wilson(successes, n, population=population))
        if low - 1e-12 <= satisfied / population <= high + 1e-12:
            chance += float(stats.hypergeom.pmf(successes, population, satisfied, n))
    return chance
