"""Is everything that holds something of a person written anew after an erasure?"""

from afterword.storage.erasure import TOUCHED
from afterword.storage.tables import metadata, person


def test_every_table_about_people_is_written_anew() -> None:
    about_people = {
        table
        for table in metadata.sorted_tables
        if "person_id" in table.c or any(key.references(person) for key in table.foreign_keys)
    }
    assert about_people - set(TOUCHED) == set()
