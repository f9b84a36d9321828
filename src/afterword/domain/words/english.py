"""What do we say in English, the source of all other languages?"""

from afterword.domain.words.words import (
    AskWords,
    DateWords,
    DefaultWords,
    EndWords,
    MailWords,
    ProblemWords,
    RefusalWords,
    StopWords,
    Words,
    one_or_more,
)

ENGLISH = Words(
    tag="en",
    dates=DateWords(
        months=(
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        moment="{day} {month} {year}, {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="Reminder: {title}",
        greeting="Hi {name},",
        introduction="You just used {project}. How was it, while it is fresh?",
        test="This was asked for by a test event. Answers to it are never counted.",
        reminder="This is a reminder, and the only one.",
        pace="{questions}, {time}",
        questions=one_or_more("{count} question", "{count} questions"),
        questions_between=one_or_more("{fewest} to {count} question", "{fewest} to {count} questions"),
        under_a_minute="under a minute",
        about_a_minute="about a minute",
        about_minutes=one_or_more("about {count} minute", "about {count} minutes"),
        answer="Answer",
        choice_opens="Your choice opens the survey, filled in. Nothing is saved until you send it.",
        choices_open=(
            "Your choice opens the survey, filled in, and you can add more there. "
            "Nothing is saved until you send it."
        ),
        anonymous="Your answer is anonymous: nobody can tell whose it is, and so it can't be changed.",
        until="The link works until {moment}.",
        reason="You got this because you ran {event} in {project}.",
        own_page="Your data and settings",
        own_page_at_length="What is known about you, a pause, single tools, quiet hours:",
        unsubscribe="Unsubscribe from all surveys",
        unsubscribe_at_length="No more surveys from Afterword, about any tool:",
    ),
    ask=AskWords(
        required="Required",
        optional="Optional",
        out_of="{value} of {most}",
        choose_all="Choose all that fit.",
        in_your_words="In your words",
        chars_max="Up to {most} characters.",
        rank="Choose each once, the most important first.",
        place="Place {number}",
        check_title="Please check: {title}",
        because="You are asked because you just used {project}.",
        anonymous=(
            "This survey is anonymous. Your answer is kept without your name, without what you did, and with "
            "the day only. Nobody can find it again, so it can't be changed after you sent it."
        ),
        step="Step {number}",
        test="This is a test. Answers to it are never counted.",
        nothing_saved="Nothing is saved yet",
        look_again=one_or_more(
            "Please look at this question again.", "Please look at these questions again."
        ),
        choice_replaces=("Your new choice is filled in. It replaces your earlier answer when you save it."),
        answered_already="You answered this already. Change what you like and save it again.",
        choice_filled_in="Your choice from the message is filled in. It is saved when you send it.",
        go_on="Continue",
        back="Back",
        change="Change my answer",
        send_one="Send my answer",
        send_all="Send my answers",
        saved_at_end="Nothing is saved before the last question.",
        final="You can't change your answer after you sent it.",
        changeable="You can change your answer until the survey closes.",
        until="The link takes an answer until {moment}.",
        until_first="The link takes a first answer until {moment}.",
        not_now="Not now",
        no_thanks="No, thanks",
        footer="Afterword asks once, right after you used a tool.",
    ),
    problem=ProblemWords(
        missing="Please answer this question.",
        number="Please choose a number from {low} to {high}.",
        every_row="Please choose a number in every row.",
        from_options="Please choose from the options shown.",
        one_place="Please put each option in one place only.",
        every_place="Please fill in every place.",
        too_long="Please use at most {most} characters; this has {count}.",
    ),
    end=EndWords(
        thank_you="Thank you",
        saved="Your answer is saved",
        taken="Your answer is in",
        test="This was a test: its answer is kept nowhere.",
        anonymous=(
            "It is anonymous: nobody can tell which answer is yours, and so it can't be shown or changed."
        ),
        change="Changed your mind? {link}, until the survey closes.",
        final="The survey has closed, so this is your final answer.",
        closed_short="Closed",
        closed="This survey is closed",
        closed_to_changes="“{title}” takes no more changes. Your answer is in, thank you.",
        closed_to_answers=(
            "“{title}” takes no more answers. Thank you for looking in; there is nothing left to do."
        ),
        expired_short="Expired",
        expired="This link has expired",
        expired_since=(
            "It worked until {moment}. We ask soon after you used a tool, while the memory is fresh, and "
            "don't chase answers later."
        ),
        expired_rest="There is nothing to do. You may be asked again another time.",
        later="All right, not now",
        later_text=(
            "This survey leaves you alone for now, and may ask again when you use {project} another time."
        ),
        never="All right, no answer",
        never_text="This survey does not ask you again for a good while.",
        answer_now="Answer it now",
        answer_after_all="Changed your mind? {link}, until {moment}.",
    ),
    refusal=RefusalWords(
        link="This link does not work",
        link_incomplete=(
            "Part of it may be missing. Please open it from the message once more, or copy the whole link."
        ),
        link_ended=(
            "If everything about you was erased, the link has ended for good: nothing is left to do, and "
            "nobody will ask you anything."
        ),
        form="That did not work",
        form_too_long="This is too long to be taken. Please shorten your answer.",
        form_unreadable="This form can't be read. Please open the page and try again.",
    ),
    stop=StopWords(
        stopped="You are unsubscribed",
        stopped_text=(
            "Afterword will send you no more surveys, about any tool. Answers you gave stay as they are."
        ),
        undo="Undo, keep asking me",
        asking_title="You get surveys",
        asking="You get surveys from Afterword",
        asking_text=(
            "Now and then, right after you used a tool. You can stop all of them here, and undo that on the "
            "next page. For a pause, single tools or quiet hours, open “{own_page}” in the mail."
        ),
    ),
    default=DefaultWords(
        thanks="Thank you. Your answer helps the team that builds this tool.",
        dissatisfied="Very dissatisfied",
        satisfied="Very satisfied",
        unlikely="Not at all likely",
        likely="Extremely likely",
        disagree="Strongly disagree",
        agree="Strongly agree",
        yes="Yes",
        no="No",
        other="Other…",
    ),
)
