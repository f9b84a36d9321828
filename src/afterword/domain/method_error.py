"""What can be wrong with what a program asks of the Web API?"""

from enum import StrEnum

from afterword.domain.errors import AfterwordError


class MethodErrorCode(StrEnum):
    """What a method says about its arguments, beside what every request may hear. Never renamed."""

    EMAIL_BLANK = "email_blank"
    EMAIL_TAKEN = "email_taken"
    SSO_EMAIL_TAKEN = "sso_email_taken"
    GITHUB_USERNAME_BLANK = "github_username_blank"
    GITHUB_USERNAME_TAKEN = "github_username_taken"
    GITLAB_USERNAME_TAKEN = "gitlab_username_taken"
    ATTRIBUTES_BLANK = "attributes_blank"
    USER_NOT_FOUND = "user_not_found"
    INVALID_CURSOR = "invalid_cursor"
    NAME_BLANK = "name_blank"
    NAME_TAKEN = "name_taken"
    CREATOR_ID_BLANK = "creator_id_blank"
    CREATOR_ID_NOT_FOUND = "creator_id_not_found"
    EVENT_ID_BLANK = "event_id_blank"
    EVENT_NOT_FOUND = "event_not_found"
    SURVEY_NOT_FOUND = "survey_not_found"

    @property
    def message(self) -> str:
        """What to tell the person who looks after the program, without what was sent."""
        return _MESSAGES[self]


_MESSAGES = {
    MethodErrorCode.EMAIL_BLANK: "email is required: the address of the person who is meant.",
    MethodErrorCode.EMAIL_TAKEN: "Somebody has this email already, or had it and was erased.",
    MethodErrorCode.SSO_EMAIL_TAKEN: "sso_email is somebody else's: remove it there first.",
    MethodErrorCode.GITHUB_USERNAME_BLANK: "github_username is required.",
    MethodErrorCode.GITHUB_USERNAME_TAKEN: (
        "github_username or additional_github_username is somebody else's: remove it there first."
    ),
    MethodErrorCode.GITLAB_USERNAME_TAKEN: "gitlab_username is somebody else's: remove it there first.",
    MethodErrorCode.ATTRIBUTES_BLANK: "attributes is required: a list of objects with name and value.",
    MethodErrorCode.USER_NOT_FOUND: "The directory has nobody like this.",
    MethodErrorCode.INVALID_CURSOR: "cursor is not one that this method gave: begin without it.",
    MethodErrorCode.NAME_BLANK: "name is required.",
    MethodErrorCode.NAME_TAKEN: "There is a project of this name already.",
    MethodErrorCode.CREATOR_ID_BLANK: "creator_id is required: the id of a person, as users.list gives it.",
    MethodErrorCode.CREATOR_ID_NOT_FOUND: "creator_id is nobody's in the directory.",
    MethodErrorCode.EVENT_ID_BLANK: "event_id or email is required: what the decisions are about.",
    MethodErrorCode.EVENT_NOT_FOUND: "There is no event of this event_id, or no longer.",
    MethodErrorCode.SURVEY_NOT_FOUND: "There is no survey of this key.",
}


class MethodError(AfterwordError):
    """A method can't do what it was asked to."""

    def __init__(self, code: MethodErrorCode) -> None:
        super().__init__(code.message)
        self.code = code
