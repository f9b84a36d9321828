"""Which sources do the operator's settings name?"""

from collections.abc import Sequence

from afterword.kit.clock import Clock
from afterword.sources.base import DirectorySource
from afterword.sources.github import GitHubSource
from afterword.sources.gitlab import GitLabSource


def open_sources(
    clock: Clock,
    *,
    github: tuple[str | None, str | None, str],
    gitlab: tuple[str | None, str | None, str],
) -> tuple[DirectorySource, ...]:
    """
    Those that are set; nothing is asked yet.

    Args:
        github: Organisation, token and address.
        gitlab: Group, token and address.
    """
    found: Sequence[DirectorySource] = ()
    organisation, token, url = github
    if organisation and token:
        found = [*found, GitHubSource(organisation, token, url, clock)]
    group, token, url = gitlab
    if group and token:
        found = [*found, GitLabSource(group, token, url, clock)]
    return tuple(found)
