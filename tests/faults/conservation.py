"""Stands in for the product's own check of the conservation law until that is there."""

from afterword.storage.engine import Database


def check_conservation(database: Database) -> None:
    """Accepted = events stored, for each project."""
    with database.read() as connection:
        uneven = connection.exec_driver_sql(
            "SELECT project.id, events_accepted, count(event.id) FROM project "
            "LEFT JOIN event ON event.project_id = project.id GROUP BY project.id, events_accepted "
            "HAVING events_accepted <> count(event.id)"
        ).all()
    assert not uneven, f"project, accepted, stored: {uneven}"
