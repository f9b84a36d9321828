"""Do links let in whom they were made for, and can they be opened everywhere?"""

from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.flows.links import Links, Ticket, person_mark
from afterword.kit.clock import to_datetime
from afterword.kit.signing import Signer

LINKS = Links(Signer("k" * 32), "https://afterword.example")
moments = st.integers(10**15, 7 * 10**15).map(to_datetime)


@given(st.integers(1, 2**63 - 1), moments)
@settings(max_examples=60)
def test_a_persons_links_let_that_person_in_and_begin_with_no_dot(person_id: int, since: datetime) -> None:
    ticket = Ticket(person_id, person_mark(since))
    own = LINKS.person(person_id, since).rpartition("/me/")[2]
    way_out = LINKS.unsubscribe(person_id, since).rpartition("/unsubscribe/")[2]
    assert LINKS.read_person(own) == LINKS.read_unsubscribe(way_out) == ticket
    assert LINKS.read_person(way_out) is LINKS.read_unsubscribe(own) is LINKS.read_answer(own) is None
    assert own[0] != "."
    assert way_out[0] != "."


@given(st.integers(1, 2**63 - 1), st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=24, max_size=24))
@settings(max_examples=60)
def test_an_answer_link_lets_in_to_that_invitation(invitation_id: int, message_id: str) -> None:
    url = LINKS.answer(invitation_id, message_id, {"q": "a b"})
    token = url.rpartition("/answer/")[2].removesuffix("?q=a+b")
    assert LINKS.read_answer(token) == Ticket(invitation_id, message_id)
    assert LINKS.read_person(token) is LINKS.read_unsubscribe(token) is None
