"""Which methods are there? All of them in one list."""

from afterword.web.api import projects, users

METHODS = (*users.METHODS, *projects.METHODS)
