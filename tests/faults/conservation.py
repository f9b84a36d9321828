"""Does the conservation law hold? The product's own check, as an assertion."""

from afterword.flows.upkeep import check_conservation as law
from afterword.flows.upkeep.check_conservation import Conservation
from afterword.storage.engine import Database


def check_conservation(database: Database) -> Conservation:
    """
    Count everything and try every rule.

    Raises:
        AssertionError: Something does not add up.
    """
    counted = law.check_conservation(database)
    assert not counted.violations, counted.violations
    return counted
