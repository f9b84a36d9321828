"""Which sources do the operator's settings name?"""

from collections.abc import Sequence

from afterword.kit.clock import Clock
from afterword.sources.base import DirectorySource
from afterword.sources.github import GitHubSource
from afterword.sources.github_app import GitHubApp
from afterword.sources.gitlab import GitLabSource


def open_sources(
    clock: Clock,
    *,
    github: tuple[str | None, str | tuple[str, str] | None, str],
    gitlab: tuple[str | None, str | None, str],
) -> tuple[DirectorySource, ...]:
    """
    Those that are set; nothing is asked yet.

    Args:
        github: Organisation, token or an App's id and private key, and address.
        gitlab: Group, token and address.

    Raises:
        SourceError: The App's key can't be used.
    """
    found: Sequence[DirectorySource] = ()
    organisation, sign_in, url = github
    if organisation and sign_in:
        signs_in = sign_in if isinstance(sign_in, str) else GitHubApp(*sign_in)
        found = [*found, GitHubSource(organisation, signs_in, url, clock)]
    group, token, url = gitlab
    if group and token:
        found = [*found, GitLabSource(group, token, url, clock)]
    return tuple(found)
