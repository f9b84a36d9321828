"""Which methods are there? All of them in one list."""

from afterword.web.api import decisions, projects, users

METHODS = (*users.METHODS, *projects.METHODS, *decisions.METHODS)
