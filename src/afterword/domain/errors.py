"""What can go wrong, in the words of the person who has to mend it."""


class AfterwordError(Exception):
    """
    A refusal that names what was wrong, where, and what to do.

    Every error of this family is the caller's to mend; the message is safe to
    show to that caller and carries no secret.
    """


class NotFoundError(AfterwordError):
    """The thing that was named does not exist."""


class ConflictError(AfterwordError):
    """The thing exists already, or is in a state that does not allow this."""


class InvalidInputError(AfterwordError):
    """A value is of the wrong type, out of range, or contradicts another."""
