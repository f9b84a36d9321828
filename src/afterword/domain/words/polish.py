"""What do we say in Polish?"""

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
    one_few_or_many,
)

POLISH = Words(
    tag="pl",
    dates=DateWords(
        months=(
            *("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca"),
            *("lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
        ),
        moment="{day} {month} {year}, {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="Przypomnienie: {title}",
        greeting="Dzień dobry, {name},",
        introduction="Właśnie zakończyła się praca z {project}. Jakie są wrażenia, póki są świeże?",
        test="Tę wiadomość wywołało zdarzenie testowe. Odpowiedzi na nią nigdy nie są liczone.",
        reminder="To przypomnienie, i to jedyne.",
        pace="{questions}, {time}",
        questions=one_few_or_many("{count} pytanie", "{count} pytania", "{count} pytań"),
        # After "od … do …" every number stands with the same form.
        questions_between=one_few_or_many(
            "od {fewest} do {count} pytania", "od {fewest} do {count} pytań", "od {fewest} do {count} pytań"
        ),
        under_a_minute="poniżej minuty",
        about_a_minute="około minuty",
        about_minutes=one_few_or_many("około {count} minuty", "około {count} minut", "około {count} minut"),
        answer="Odpowiedz",
        choice_opens=(
            "Kliknięcie otwiera ankietę z zaznaczonym wyborem. Nic nie zostanie zapisane przed wysłaniem."
        ),
        choices_open=(
            "Kliknięcie otwiera ankietę z zaznaczonym wyborem; tam można dodać kolejne. Nic nie zostanie "
            "zapisane przed wysłaniem."
        ),
        anonymous=(
            "Odpowiedź jest anonimowa: nikt nie może sprawdzić, czyja jest, dlatego nie można jej zmienić."
        ),
        until="Link działa do {moment}.",
        reason="Powód tej wiadomości: {event} w {project}.",
        own_page="Twoje dane i ustawienia",
        own_page_at_length="Zapisane dane, przerwa, wybrane narzędzia, godziny ciszy:",
        unsubscribe="Zrezygnuj ze wszystkich ankiet",
        unsubscribe_at_length="Żadnych więcej ankiet od Afterword, o żadnym narzędziu:",
    ),
    ask=AskWords(
        required="Wymagane",
        optional="Nieobowiązkowe",
        out_of="{value} z {most}",
        choose_all="Można wybrać kilka odpowiedzi.",
        in_your_words="Własnymi słowami",
        chars_max="Liczba znaków: najwyżej {most}.",
        rank="Wybierz każdą opcję raz, najważniejszą jako pierwszą.",
        place="Miejsce {number}",
        check_title="Do sprawdzenia: {title}",
        because="Powód tej ankiety: przed chwilą używano {project}.",
        anonymous=(
            "Ta ankieta jest anonimowa. Odpowiedź jest przechowywana bez imienia i nazwiska, bez tego, czego "
            "dotyczyła praca, i tylko z datą dnia. Nikt nie może jej odnaleźć, dlatego po wysłaniu nie można "
            "jej zmienić."
        ),
        step="Krok {number}",
        test="To jest próba. Odpowiedzi nigdy nie są liczone.",
        nothing_saved="Nic jeszcze nie zapisano",
        look_again=one_few_or_many(
            "Proszę wrócić do tego pytania.", "Proszę wrócić do tych pytań.", "Proszę wrócić do tych pytań."
        ),
        choice_replaces="Nowy wybór jest zaznaczony. Po zapisaniu zastąpi poprzednią odpowiedź.",
        answered_already="Na tę ankietę już jest odpowiedź. Można ją zmienić i zapisać ponownie.",
        choice_filled_in="Wybór z wiadomości jest zaznaczony. Zostanie zapisany po wysłaniu.",
        go_on="Dalej",
        back="Wstecz",
        change="Zmień odpowiedź",
        send_one="Wyślij odpowiedź",
        send_all="Wyślij odpowiedzi",
        saved_at_end="Nic nie zostanie zapisane przed ostatnim pytaniem.",
        final="Po wysłaniu nie można już zmienić odpowiedzi.",
        changeable="Odpowiedź można zmienić, dopóki ankieta trwa.",
        until="Link przyjmuje odpowiedź do {moment}.",
        until_first="Link przyjmuje pierwszą odpowiedź do {moment}.",
        not_now="Nie teraz",
        no_thanks="Nie, dziękuję",
        footer="Afterword pyta raz, zaraz po użyciu narzędzia.",
    ),
    problem=ProblemWords(
        missing="Proszę odpowiedzieć na to pytanie.",
        number="Proszę wybrać liczbę od {low} do {high}.",
        every_row="Proszę wybrać liczbę w każdym wierszu.",
        from_options="Proszę wybrać spośród podanych opcji.",
        one_place="Proszę umieścić każdą opcję tylko na jednym miejscu.",
        every_place="Proszę wypełnić każde miejsce.",
        too_long="Liczba znaków to najwyżej {most}; ten tekst ma ich {count}.",
    ),
    end=EndWords(
        thank_you="Dziękujemy",
        saved="Odpowiedź jest zapisana",
        taken="Odpowiedź dotarła",
        test="To była próba: odpowiedź nie jest nigdzie przechowywana.",
        anonymous=(
            "Jest anonimowa: nikt nie może sprawdzić, czyja to odpowiedź, dlatego nie można jej pokazać ani "
            "zmienić."
        ),
        change="Zmiana zdania? {link}, dopóki ankieta trwa.",
        final="Ankieta jest zakończona, więc ta odpowiedź jest ostateczna.",
        closed_short="Zakończona",
        closed="Ta ankieta jest zakończona",
        closed_to_changes="„{title}” nie przyjmuje już zmian. Odpowiedź dotarła, dziękujemy.",
        closed_to_answers=(
            "„{title}” nie przyjmuje już odpowiedzi. Dziękujemy za wizytę; nie trzeba już nic robić."
        ),
        expired_short="Link wygasł",
        expired="Ten link wygasł",
        expired_since=(
            "Działał do {moment}. Pytamy krótko po użyciu narzędzia, póki pamięć jest świeża, a później nie "
            "nalegamy."
        ),
        expired_rest="Nie trzeba nic robić. Być może zapytamy innym razem.",
        later="W porządku, nie teraz",
        later_text=(
            "Ta ankieta na razie nie będzie przeszkadzać i być może zapyta ponownie przy następnym użyciu "
            "{project}."
        ),
        never="W porządku, bez odpowiedzi",
        never_text="Ta ankieta przez dłuższy czas nie zapyta ponownie.",
        answer_now="Odpowiedz teraz",
        answer_after_all="Zmiana zdania? {link}, do {moment}.",
    ),
    refusal=RefusalWords(
        link="Ten link nie działa",
        link_incomplete=(
            "Być może brakuje jego części. Proszę otworzyć go jeszcze raz z wiadomości lub skopiować cały "
            "link."
        ),
        link_ended=(
            "Jeśli wszystkie Twoje dane zostały usunięte, link wygasł na zawsze: nie trzeba już nic robić i "
            "nikt o nic nie zapyta."
        ),
        form="Nie udało się",
        form_too_long="To jest zbyt długie, aby je przyjąć. Proszę skrócić odpowiedź.",
        form_unreadable="Nie można odczytać tego formularza. Proszę otworzyć stronę i spróbować ponownie.",
    ),
    stop=StopWords(
        stopped="Rezygnacja jest zapisana",
        stopped_text=(
            "Afterword nie wyśle więcej ankiet, o żadnym narzędziu. Dotychczasowe odpowiedzi pozostają bez "
            "zmian."
        ),
        undo="Cofnij, pytaj dalej",
        asking_title="Ankiety od Afterword",
        asking="Ankiety od Afterword są włączone",
        asking_text=(
            "Przychodzą od czasu do czasu, zaraz po użyciu narzędzia. Tutaj można zrezygnować ze "
            "wszystkich, a na następnej stronie to cofnąć. Aby zrobić przerwę, wybrać narzędzia lub "
            "godziny ciszy, otwórz „{own_page}” w wiadomości."
        ),
    ),
    default=DefaultWords(
        thanks="Dziękujemy. Ta odpowiedź pomaga zespołowi, który tworzy to narzędzie.",
        dissatisfied="Duże niezadowolenie",
        satisfied="Duże zadowolenie",
        unlikely="Bardzo mało prawdopodobne",
        likely="Bardzo prawdopodobne",
        disagree="Zdecydowanie się nie zgadzam",
        agree="Zdecydowanie się zgadzam",
        yes="Tak",
        no="Nie",
        other="Inne…",
    ),
)
