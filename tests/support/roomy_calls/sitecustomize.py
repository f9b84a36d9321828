"""
What if the Web API took any number of calls? Put this folder on a server's import path to find out.

Python imports ``sitecustomize`` at its start. What sends thousands of calls is then not refused for that.
"""

from afterword.web.api import call_limit

call_limit.CALLS_PER_MINUTE = 1_000_000
