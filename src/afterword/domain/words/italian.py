"""What do we say in Italian?"""

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

ITALIAN = Words(
    tag="it",
    dates=DateWords(
        months=(
            *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno"),
            *("luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
        ),
        moment="{day} {month} {year}, {time} {zone}",
        first_day="1º",
    ),
    mail=MailWords(
        reminder_subject="Promemoria: {title}",
        greeting="Ciao {name},",
        introduction="{project} è stato appena usato. Com’è andata, finché il ricordo è fresco?",
        test="Un evento di prova ha generato questa e-mail. Le risposte non vengono mai conteggiate.",
        reminder="Questo è un promemoria, e l’unico.",
        pace="{questions}, {time}",
        questions=one_or_more("{count} domanda", "{count} domande"),
        questions_between=one_or_more("da {fewest} a {count} domanda", "da {fewest} a {count} domande"),
        under_a_minute="meno di un minuto",
        about_a_minute="circa un minuto",
        about_minutes=one_or_more("circa {count} minuto", "circa {count} minuti"),
        answer="Rispondi",
        choice_opens="Un clic apre il sondaggio con questa scelta. Nulla viene salvato prima dell’invio.",
        choices_open=(
            "Un clic apre il sondaggio con questa scelta, e lì se ne possono aggiungere altre. Nulla viene "
            "salvato prima dell’invio."
        ),
        anonymous=(
            "La risposta è anonima: nessuno può sapere di chi sia, e per questo non si può modificare."
        ),
        until="Scadenza del link: {moment}.",
        reason="Motivo di questa e-mail: {event} in {project}.",
        own_page="Dati e impostazioni personali",
        own_page_at_length="Dati conservati, pausa, singoli strumenti, ore di silenzio:",
        unsubscribe="Annulla l’iscrizione a tutti i sondaggi",
        unsubscribe_at_length="Nessun altro sondaggio da Afterword, su nessuno strumento:",
    ),
    ask=AskWords(
        required="Obbligatoria",
        optional="Facoltativa",
        out_of="{value} su {most}",
        choose_all="Sono possibili più risposte.",
        in_your_words="Con parole proprie",
        chars_max="Fino a {most} caratteri.",
        rank="Scegliere ogni opzione una volta, la più importante per prima.",
        place="Posto {number}",
        check_title="Da controllare: {title}",
        because="Questo sondaggio arriva perché {project} è stato appena usato.",
        anonymous=(
            "Questo sondaggio è anonimo. La risposta viene conservata senza nome, senza ciò che è stato "
            "fatto e solo con il giorno. Nessuno può ritrovarla, e per questo dopo l’invio non si può più "
            "modificare."
        ),
        step="Passo {number}",
        test="Questa è una prova. Le risposte non vengono mai conteggiate.",
        nothing_saved="Non è stato ancora salvato nulla",
        look_again=one_or_more(
            "Rivedere questa domanda, per favore.", "Rivedere queste domande, per favore."
        ),
        choice_replaces="La nuova scelta è inserita. Al salvataggio sostituisce la risposta precedente.",
        answered_already="Questo sondaggio ha già una risposta. Si può modificare e salvare di nuovo.",
        choice_filled_in="La scelta fatta nel messaggio è inserita. Viene salvata con l’invio.",
        go_on="Continua",
        back="Indietro",
        change="Modifica la risposta",
        send_one="Invia la risposta",
        send_all="Invia le risposte",
        saved_at_end="Nulla viene salvato prima dell’ultima domanda.",
        final="Dopo l’invio la risposta non si può più modificare.",
        changeable="La risposta si può modificare fino alla chiusura del sondaggio.",
        until="Termine per rispondere: {moment}.",
        until_first="Termine per una prima risposta: {moment}.",
        not_now="Non ora",
        no_thanks="No, grazie",
        footer="Afterword chiede una volta sola, subito dopo l’uso di uno strumento.",
    ),
    problem=ProblemWords(
        missing="Rispondere a questa domanda, per favore.",
        number="Scegliere un numero da {low} a {high}, per favore.",
        every_row="Scegliere un numero in ogni riga, per favore.",
        from_options="Scegliere tra le opzioni mostrate, per favore.",
        one_place="Mettere ogni opzione in un solo posto, per favore.",
        every_place="Riempire tutti i posti, per favore.",
        too_long="Usare al massimo {most} caratteri, per favore; questo testo ne ha {count}.",
    ),
    end=EndWords(
        thank_you="Grazie",
        saved="La risposta è salvata",
        taken="La risposta è arrivata",
        test="Questa era una prova: la risposta non viene conservata.",
        anonymous=(
            "È anonima: nessuno può sapere di chi sia, e per questo non si può né mostrare né modificare."
        ),
        change="Cambiato idea? {link}, fino alla chiusura del sondaggio.",
        final="Il sondaggio è chiuso: questa è la risposta definitiva.",
        closed_short="Chiuso",
        closed="Questo sondaggio è chiuso",
        closed_to_changes="«{title}» non accetta più modifiche. La risposta è arrivata, grazie.",
        closed_to_answers=("«{title}» non accetta più risposte. Grazie della visita; non c’è altro da fare."),
        expired_short="Scaduto",
        expired="Questo link è scaduto",
        expired_since=(
            "Scadenza: {moment}. Chiediamo poco dopo l’uso di uno strumento, finché il ricordo è fresco, e "
            "più tardi non insistiamo."
        ),
        expired_rest="Non c’è nulla da fare. Forse chiederemo di nuovo un’altra volta.",
        later="Va bene, non ora",
        later_text=(
            "Questo sondaggio per ora non disturba più, e forse chiederà di nuovo quando {project} sarà "
            "usato un’altra volta."
        ),
        never="Va bene, nessuna risposta",
        never_text="Questo sondaggio non chiederà di nuovo per molto tempo.",
        answer_now="Rispondi ora",
        answer_after_all="Cambiato idea? {link}. Termine: {moment}.",
    ),
    refusal=RefusalWords(
        link="Questo link non funziona",
        link_incomplete=(
            "Forse ne manca una parte. Aprirlo di nuovo dal messaggio o copiare il link intero, per favore."
        ),
        link_ended=(
            "Se tutti i dati personali sono stati cancellati, il link è finito per sempre: non resta nulla "
            "da fare, e nessuno chiederà più nulla."
        ),
        form="Non ha funzionato",
        form_too_long="È troppo lungo per essere accettato. Accorciare la risposta, per favore.",
        form_unreadable="Questo modulo non è leggibile. Aprire la pagina e riprovare, per favore.",
    ),
    stop=StopWords(
        stopped="L’iscrizione è annullata",
        stopped_text=(
            "Afterword non invierà altri sondaggi, su nessuno strumento. Le risposte date restano come sono."
        ),
        undo="Ripristina, continua a ricevere sondaggi",
        asking_title="Sondaggi di Afterword",
        asking="I sondaggi di Afterword sono attivi",
        asking_text=(
            "Arrivano di tanto in tanto, subito dopo l’uso di uno strumento. Qui si possono fermare tutti, "
            "e nella pagina successiva si può ripristinare. Per una pausa, singoli strumenti o ore di "
            "silenzio, aprire «{own_page}» nell’e-mail."
        ),
    ),
    default=DefaultWords(
        thanks="Grazie. La risposta aiuta il gruppo che sviluppa questo strumento.",
        dissatisfied="Per nulla soddisfatto/a",
        satisfied="Molto soddisfatto/a",
        unlikely="Per nulla probabile",
        likely="Estremamente probabile",
        disagree="Fortemente in disaccordo",
        agree="Fortemente d’accordo",
        yes="Sì",
        no="No",
        other="Altro…",
    ),
)
