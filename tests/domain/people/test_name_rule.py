"""Is what people type made a rule, or refused with the reason?"""

from collections.abc import Callable

import pytest

from afterword.domain.errors import InvalidInputError
from afterword.domain.people.identity import IdentityRules
from afterword.domain.people.name_rule import exact_pattern, parse_bot_pattern, parse_domain, parse_junk


@pytest.mark.parametrize(
    ("parse", "text", "rule"),
    [
        (parse_domain, " Example.COM ", "example.com"),
        (parse_domain, "@example.com", "example.com"),
        (parse_domain, "Bücher.example", "bücher.example"),
        (parse_junk, " Build-Agent ", "build-agent"),
        (parse_junk, "@nobody", "nobody"),
        (parse_bot_pattern, "SVC-*", "svc-*"),
        (parse_bot_pattern, "@ci-?", "ci-?"),
        (parse_bot_pattern, "*a*b*", "*a*b*"),
    ],
)
def test_a_rule_is_kept_as_names_are_compared(parse: Callable[[str], str], text: str, rule: str) -> None:
    assert parse(text) == rule


@pytest.mark.parametrize(
    ("parse", "text", "says"),
    [
        *(
            (parse_domain, text, "is not a domain")
            for text in ("", "example", "a b.com", "a@b.com", "-a.com")
        ),
        *((parse_domain, text, "is not a domain") for text in ("a..com", "a_.com", f"{'x' * 64}.com")),
        (parse_domain, ".".join(["abc"] * 80), "is not a domain"),
        *((parse_junk, text, "printable characters") for text in ("", "@", "a\nb", "x" * 255)),
        *((parse_bot_pattern, text, "would match too much") for text in ("*", "?*", "*-*", "[*]")),
        (parse_bot_pattern, "*a*b*c*", "at most 3 stars"),
        *((parse_bot_pattern, text, "printable characters") for text in ("", "a\tb", "x" * 255)),
    ],
)
def test_what_can_be_no_rule_is_refused(parse: Callable[[str], str], text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        parse(text)


@pytest.mark.parametrize("name", ["svc-1", "a*b", "a?b", "[bot", "a.b"])
def test_the_pattern_of_a_name_matches_it_and_no_longer_one(name: str) -> None:
    rules = IdentityRules(bots=(exact_pattern(name),))
    assert rules.is_bot(name)
    assert not rules.is_bot(f"{name}x")
