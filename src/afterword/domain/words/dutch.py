"""What do we say in Dutch?"""

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

DUTCH = Words(
    tag="nl",
    dates=DateWords(
        months=(
            *("januari", "februari", "maart", "april", "mei", "juni"),
            *("juli", "augustus", "september", "oktober", "november", "december"),
        ),
        moment="{day} {month} {year}, {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="Herinnering: {title}",
        greeting="Hallo {name},",
        introduction="Je hebt net {project} gebruikt. Hoe ging het, nu je het nog vers in het geheugen hebt?",
        test="Een testgebeurtenis heeft deze mail veroorzaakt. Antwoorden hierop tellen nooit mee.",
        reminder="Dit is een herinnering, en de enige.",
        pace="{questions}, {time}",
        questions=one_or_more("{count} vraag", "{count} vragen"),
        questions_between=one_or_more("{fewest} tot {count} vraag", "{fewest} tot {count} vragen"),
        under_a_minute="minder dan een minuut",
        about_a_minute="ongeveer een minuut",
        about_minutes=one_or_more("ongeveer {count} minuut", "ongeveer {count} minuten"),
        answer="Antwoorden",
        choice_opens=(
            "Je keuze opent de enquête, al ingevuld. Er wordt niets opgeslagen tot je het antwoord verstuurt."
        ),
        choices_open=(
            "Je keuze opent de enquête, al ingevuld, en daar kun je er meer toevoegen. Er wordt niets "
            "opgeslagen tot je het antwoord verstuurt."
        ),
        anonymous=(
            "Je antwoord is anoniem: niemand kan zien van wie het is, en daarom kan het niet worden "
            "gewijzigd."
        ),
        until="De link werkt tot {moment}.",
        reason="Je krijgt deze mail omdat je {event} hebt uitgevoerd in {project}.",
        own_page="Je gegevens en instellingen",
        own_page_at_length="Wat er over je bekend is, een pauze, losse tools, stille uren:",
        unsubscribe="Afmelden voor alle enquêtes",
        unsubscribe_at_length="Geen enquêtes meer van Afterword, over geen enkele tool:",
    ),
    ask=AskWords(
        required="Verplicht",
        optional="Niet verplicht",
        out_of="{value} van {most}",
        choose_all="Je kunt meer antwoorden kiezen.",
        in_your_words="In je eigen woorden",
        chars_max="Hooguit {most} tekens.",
        rank="Kies elke optie één keer, de belangrijkste eerst.",
        place="Plaats {number}",
        check_title="Even nakijken: {title}",
        because="Je krijgt deze vragen omdat je net {project} hebt gebruikt.",
        anonymous=(
            "Deze enquête is anoniem. Je antwoord wordt bewaard zonder je naam, zonder wat je deed, en met "
            "alleen de dag. Niemand kan het terugvinden; na het versturen kan het daarom niet meer worden "
            "gewijzigd."
        ),
        step="Stap {number}",
        test="Dit is een proef. Antwoorden hierop tellen nooit mee.",
        nothing_saved="Er is nog niets opgeslagen",
        look_again=one_or_more("Kijk nog eens naar deze vraag.", "Kijk nog eens naar deze vragen."),
        choice_replaces="Je nieuwe keuze is ingevuld. Bij het opslaan vervangt die je eerdere antwoord.",
        answered_already="Je hebt dit al beantwoord. Wijzig wat je wilt en sla het opnieuw op.",
        choice_filled_in="Je keuze uit het bericht is ingevuld. Die wordt opgeslagen als je hem verstuurt.",
        go_on="Verder",
        back="Terug",
        change="Mijn antwoord wijzigen",
        send_one="Mijn antwoord versturen",
        send_all="Mijn antwoorden versturen",
        saved_at_end="Er wordt niets opgeslagen vóór de laatste vraag.",
        final="Na het versturen kun je je antwoord niet meer wijzigen.",
        changeable="Je kunt je antwoord wijzigen tot de enquête sluit.",
        until="Antwoorden kan tot {moment}.",
        until_first="Een eerste antwoord kan tot {moment}.",
        not_now="Nu niet",
        no_thanks="Nee, bedankt",
        footer="Afterword vraagt één keer, meteen nadat je een tool hebt gebruikt.",
    ),
    problem=ProblemWords(
        missing="Beantwoord deze vraag.",
        number="Kies een getal van {low} tot en met {high}.",
        every_row="Kies in elke rij een getal.",
        from_options="Kies uit de getoonde opties.",
        one_place="Zet elke optie op maar één plaats.",
        every_place="Vul elke plaats in.",
        too_long="Gebruik hooguit {most} tekens; dit zijn er {count}.",
    ),
    end=EndWords(
        thank_you="Bedankt",
        saved="Je antwoord is opgeslagen",
        taken="Je antwoord is binnen",
        test="Dit was een proef: het antwoord wordt nergens bewaard.",
        anonymous=(
            "Het is anoniem: niemand kan zien welk antwoord van jou is, en daarom kan het niet worden "
            "getoond of gewijzigd."
        ),
        change="Van gedachten veranderd? {link}, tot de enquête sluit.",
        final="De enquête is gesloten, dus dit is je definitieve antwoord.",
        closed_short="Gesloten",
        closed="Deze enquête is gesloten",
        closed_to_changes="‘{title}’ neemt geen wijzigingen meer aan. Je antwoord is binnen, bedankt.",
        closed_to_answers=(
            "‘{title}’ neemt geen antwoorden meer aan. Bedankt voor het kijken; je hoeft niets meer te doen."
        ),
        expired_short="Verlopen",
        expired="Deze link is verlopen",
        expired_since=(
            "Hij werkte tot {moment}. We vragen het kort nadat je een tool hebt gebruikt, zolang de "
            "herinnering vers is, en dringen later niet aan."
        ),
        expired_rest="Je hoeft niets te doen. Misschien vragen we je een andere keer weer iets.",
        later="Goed, nu niet",
        later_text=(
            "Deze enquête laat je voorlopig met rust, en vraagt het misschien weer als je {project} een "
            "andere keer gebruikt."
        ),
        never="Goed, geen antwoord",
        never_text="Deze enquête vraagt je lange tijd niets meer.",
        answer_now="Nu beantwoorden",
        answer_after_all="Van gedachten veranderd? {link}, tot {moment}.",
    ),
    refusal=RefusalWords(
        link="Deze link werkt niet",
        link_incomplete=(
            "Misschien ontbreekt er een stuk. Open hem nog eens vanuit het bericht, of kopieer de hele link."
        ),
        link_ended=(
            "Als alles over je is gewist, werkt de link voorgoed niet meer: je hoeft niets te doen, en "
            "niemand vraagt je nog iets."
        ),
        form="Dat is niet gelukt",
        form_too_long="Dit is te lang om aan te nemen. Maak je antwoord korter.",
        form_unreadable="Dit formulier is niet te lezen. Open de pagina en probeer het opnieuw.",
    ),
    stop=StopWords(
        stopped="Je bent afgemeld",
        stopped_text=(
            "Afterword stuurt je geen enquêtes meer, over geen enkele tool. Antwoorden die je gaf, blijven "
            "zoals ze zijn."
        ),
        undo="Ongedaan maken, blijf vragen",
        asking_title="Je krijgt enquêtes",
        asking="Je krijgt enquêtes van Afterword",
        asking_text=(
            "Af en toe, meteen nadat je een tool hebt gebruikt. Je kunt ze hier allemaal stoppen, en dat "
            "op de volgende pagina ongedaan maken. Open voor een pauze, losse tools of stille uren "
            "‘{own_page}’ in de mail."
        ),
    ),
    default=DefaultWords(
        thanks="Bedankt. Je antwoord helpt het team dat deze tool maakt.",
        dissatisfied="Zeer ontevreden",
        satisfied="Zeer tevreden",
        unlikely="Zeer onwaarschijnlijk",
        likely="Zeer waarschijnlijk",
        disagree="Helemaal mee oneens",
        agree="Helemaal mee eens",
        yes="Ja",
        no="Nee",
        other="Anders…",
    ),
)
