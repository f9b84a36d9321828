"""Who says something about a person?"""

from afterword.domain.people.identity import IdentityKind


class Source:
    """Who says so; a protected person is changed by people, not by what runs by itself."""

    HERE = "here"
    CSV = "csv"
    API = "api"
    GITHUB = "github"
    GITLAB = "gitlab"
    SCIM = "scim"

    AUTOMATIC = frozenset({GITHUB, GITLAB, SCIM})


ACCOUNT_KINDS = {Source.GITHUB: IdentityKind.GITHUB, Source.GITLAB: IdentityKind.GITLAB}
"""Sources whose own ids are accounts, and the handle that such an account has."""
