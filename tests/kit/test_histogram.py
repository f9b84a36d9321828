"""Does a histogram count each number where it belongs?"""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as Reference

from afterword.kit.histogram import Histogram

BOUNDS = (0.5, 1.0, 10.0)


def test_a_number_at_a_bound_belongs_below_it() -> None:
    histogram = Histogram(BOUNDS)
    for value in (0.5, 1.0, 1.5, 11.0):
        histogram.observe(value)
    assert histogram.buckets() == [("0.5", 1.0), ("1", 2.0), ("10", 3.0), ("+Inf", 4.0)]
    assert (histogram.count, histogram.total) == (4, 14.0)


def test_without_numbers_all_is_zero() -> None:
    histogram = Histogram(BOUNDS)
    assert [count for _, count in histogram.buckets()] == [0.0] * 4
    assert (histogram.count, histogram.total) == (0, 0.0)


@given(st.lists(st.floats(min_value=0, max_value=20)))
def test_it_counts_as_the_client_of_prometheus_does(values: list[float]) -> None:
    registry = CollectorRegistry()
    ours, reference = Histogram(BOUNDS), Reference("x", "x", buckets=BOUNDS, registry=registry)
    for value in values:
        ours.observe(value)
        reference.observe(value)
    for bound, count in ours.buckets():
        le = bound if bound == "+Inf" else str(float(bound))
        assert registry.get_sample_value("x_bucket", {"le": le}) == count
