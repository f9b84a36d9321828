"""What do we say in German?"""

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

GERMAN = Words(
    tag="de",
    dates=DateWords(
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni"),
            *("Juli", "August", "September", "Oktober", "November", "Dezember"),
        ),
        moment="{day}. {month} {year}, {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="Erinnerung: {title}",
        greeting="Hallo {name},",
        introduction="{project} war gerade im Einsatz. Wie lief es? Jetzt ist der Eindruck noch frisch.",
        test="Ein Testereignis hat diese Mail ausgelöst. Antworten darauf werden nie gezählt.",
        reminder="Dies ist eine Erinnerung, und die einzige.",
        pace="{questions}, {time}",
        questions=one_or_more("{count} Frage", "{count} Fragen"),
        questions_between=one_or_more("{fewest} bis {count} Frage", "{fewest} bis {count} Fragen"),
        under_a_minute="unter einer Minute",
        about_a_minute="etwa eine Minute",
        about_minutes=one_or_more("etwa {count} Minute", "etwa {count} Minuten"),
        answer="Antworten",
        choice_opens=(
            "Ein Klick öffnet die Umfrage mit dieser Auswahl. Gespeichert wird erst beim Absenden."
        ),
        choices_open=(
            "Ein Klick öffnet die Umfrage mit dieser Auswahl; dort lassen sich weitere hinzufügen. "
            "Gespeichert wird erst beim Absenden."
        ),
        anonymous=(
            "Die Antwort ist anonym: Niemand kann erkennen, von wem sie stammt, und deshalb lässt sie sich "
            "nicht ändern."
        ),
        until="Der Link gilt bis {moment}.",
        reason="Anlass für diese Mail: {event} in {project}.",
        own_page="Eigene Daten und Einstellungen",
        own_page_at_length="Gespeicherte Daten, Pause, einzelne Tools, Ruhezeiten:",
        unsubscribe="Alle Umfragen abbestellen",
        unsubscribe_at_length="Keine Umfragen von Afterword mehr, zu keinem Tool:",
    ),
    ask=AskWords(
        required="Pflichtfrage",
        optional="Freiwillig",
        out_of="{value} von {most}",
        choose_all="Mehrere Antworten sind möglich.",
        in_your_words="In eigenen Worten",
        chars_max="Bis zu {most} Zeichen.",
        rank="Jede Möglichkeit einmal wählen, das Wichtigste zuerst.",
        place="Platz {number}",
        check_title="Bitte prüfen: {title}",
        because="Anlass für diese Umfrage: {project} wurde gerade benutzt.",
        anonymous=(
            "Diese Umfrage ist anonym. Die Antwort wird ohne Namen, ohne den Anlass und nur mit dem Tag "
            "gespeichert. Niemand kann sie wiederfinden; deshalb lässt sie sich nach dem Absenden nicht "
            "ändern."
        ),
        step="Schritt {number}",
        test="Dies ist ein Testlauf. Antworten werden dabei nie gezählt.",
        nothing_saved="Noch ist nichts gespeichert",
        look_again=one_or_more(
            "Bitte diese Frage noch einmal ansehen.", "Bitte diese Fragen noch einmal ansehen."
        ),
        choice_replaces=("Die neue Auswahl ist eingetragen. Beim Speichern ersetzt sie die frühere Antwort."),
        answered_already="Diese Umfrage ist schon beantwortet. Was sich ändern soll, einfach neu speichern.",
        choice_filled_in="Die Auswahl aus der Nachricht ist eingetragen. Gespeichert wird sie beim Absenden.",
        go_on="Weiter",
        back="Zurück",
        change="Antwort ändern",
        send_one="Antwort senden",
        send_all="Antworten senden",
        saved_at_end="Gespeichert wird erst nach der letzten Frage.",
        final="Nach dem Absenden lässt sich die Antwort nicht mehr ändern.",
        changeable="Die Antwort lässt sich ändern, bis die Umfrage endet.",
        until="Antworten ist möglich bis {moment}.",
        until_first="Eine erste Antwort ist möglich bis {moment}.",
        not_now="Nicht jetzt",
        no_thanks="Nein, danke",
        footer="Afterword fragt einmal, direkt nach der Nutzung eines Tools.",
    ),
    problem=ProblemWords(
        missing="Bitte diese Frage beantworten.",
        number="Bitte eine Zahl von {low} bis {high} wählen.",
        every_row="Bitte in jeder Zeile eine Zahl wählen.",
        from_options="Bitte aus den angezeigten Möglichkeiten wählen.",
        one_place="Bitte jede Möglichkeit nur auf einen Platz setzen.",
        every_place="Bitte jeden Platz vergeben.",
        too_long="Bitte höchstens {most} Zeichen verwenden; hier sind es {count}.",
    ),
    end=EndWords(
        thank_you="Vielen Dank",
        saved="Die Antwort ist gespeichert",
        taken="Die Antwort ist angekommen",
        test="Dies war ein Testlauf: Die Antwort wird nirgends gespeichert.",
        anonymous=(
            "Sie ist anonym: Niemand kann erkennen, von wem welche Antwort stammt, und deshalb lässt sie "
            "sich weder anzeigen noch ändern."
        ),
        change="Doch anders überlegt? {link}, bis die Umfrage endet.",
        final="Die Umfrage ist beendet; diese Antwort ist damit endgültig.",
        closed_short="Beendet",
        closed="Diese Umfrage ist beendet",
        closed_to_changes=(
            "„{title}“ nimmt keine Änderungen mehr an. Die Antwort ist angekommen, vielen Dank."
        ),
        closed_to_answers=(
            "„{title}“ nimmt keine Antworten mehr an. Danke fürs Vorbeischauen; es ist nichts weiter zu tun."
        ),
        expired_short="Abgelaufen",
        expired="Dieser Link ist abgelaufen",
        expired_since=(
            "Er galt bis {moment}. Wir fragen kurz nach der Nutzung eines Tools, solange die Erinnerung "
            "frisch ist, und laufen Antworten später nicht hinterher."
        ),
        expired_rest="Es ist nichts zu tun. Vielleicht fragen wir ein andermal wieder.",
        later="In Ordnung, nicht jetzt",
        later_text=(
            "Diese Umfrage meldet sich vorerst nicht mehr und fragt vielleicht wieder, wenn {project} ein "
            "andermal benutzt wird."
        ),
        never="In Ordnung, keine Antwort",
        never_text="Diese Umfrage fragt für längere Zeit nicht wieder.",
        answer_now="Jetzt beantworten",
        answer_after_all="Doch anders überlegt? {link}, bis {moment}.",
    ),
    refusal=RefusalWords(
        link="Dieser Link funktioniert nicht",
        link_incomplete=(
            "Vielleicht fehlt ein Teil davon. Bitte noch einmal aus der Nachricht öffnen oder den ganzen "
            "Link kopieren."
        ),
        link_ended=(
            "Wenn alle Daten zur eigenen Person gelöscht wurden, gilt der Link endgültig nicht mehr: Es ist "
            "nichts weiter zu tun, und es kommen keine Fragen mehr."
        ),
        form="Das hat nicht geklappt",
        form_too_long="Das ist zu lang, um angenommen zu werden. Bitte die Antwort kürzen.",
        form_unreadable=(
            "Dieses Formular ist nicht lesbar. Bitte die Seite öffnen und es noch einmal versuchen."
        ),
    ),
    stop=StopWords(
        stopped="Die Umfragen sind abbestellt",
        stopped_text=(
            "Afterword schickt keine Umfragen mehr, zu keinem Tool. Bisherige Antworten bleiben, wie sie "
            "sind."
        ),
        undo="Rückgängig machen, weiter fragen",
        asking_title="Umfragen abbestellen",
        asking="Umfragen von Afterword",
        asking_text=(
            "Die Umfragen kommen ab und zu, direkt nach der Nutzung eines Tools. Hier lassen sich alle "
            "abbestellen; auf der nächsten Seite lässt sich das rückgängig machen. Für eine Pause, "
            "einzelne Tools oder Ruhezeiten in der Mail „{own_page}“ öffnen."
        ),
    ),
    default=DefaultWords(
        thanks="Vielen Dank. Die Antwort hilft dem Team, das dieses Tool entwickelt.",
        dissatisfied="Sehr unzufrieden",
        satisfied="Sehr zufrieden",
        unlikely="Äußerst unwahrscheinlich",
        likely="Äußerst wahrscheinlich",
        disagree="Stimme überhaupt nicht zu",
        agree="Stimme voll und ganz zu",
        yes="Ja",
        no="Nein",
        other="Sonstiges…",
    ),
)
