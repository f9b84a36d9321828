"""What do we say in French?"""

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
    up_to_one_or_more,
)

FRENCH = Words(
    tag="fr",
    dates=DateWords(
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin"),
            *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        ),
        moment="{day} {month} {year}, {time} {zone}",
        first_day="1er",
    ),
    mail=MailWords(
        reminder_subject="Rappel : {title}",
        greeting="Bonjour {name},",
        introduction=(
            "Vous venez d’utiliser {project}. Comment cela s’est-il passé, tant que c’est encore frais ?"
        ),
        test="Un événement de test a déclenché ce message. Les réponses ne sont jamais comptées.",
        reminder="Ceci est un rappel, et le seul.",
        pace="{questions}, {time}",
        questions=up_to_one_or_more("{count} question", "{count} questions"),
        questions_between=up_to_one_or_more("{fewest} à {count} question", "{fewest} à {count} questions"),
        under_a_minute="moins d’une minute",
        about_a_minute="environ une minute",
        about_minutes=up_to_one_or_more("environ {count} minute", "environ {count} minutes"),
        answer="Répondre",
        choice_opens=(
            "Votre choix ouvre l’enquête, déjà rempli. Rien n’est enregistré avant l’envoi de votre réponse."
        ),
        choices_open=(
            "Votre choix ouvre l’enquête, déjà rempli, et vous pouvez en ajouter d’autres. Rien n’est "
            "enregistré avant l’envoi de votre réponse."
        ),
        anonymous=(
            "Votre réponse est anonyme : personne ne peut savoir de qui elle vient, et elle ne peut donc pas "
            "être modifiée."
        ),
        until="Le lien est valable jusqu’au {moment}.",
        reason="Vous recevez ce message à la suite de {event} dans {project}.",
        own_page="Vos données et vos réglages",
        own_page_at_length="Données connues, pause, choix des outils, heures calmes :",
        unsubscribe="Se désabonner de toutes les enquêtes",
        unsubscribe_at_length="Ne plus recevoir d’enquêtes d’Afterword, pour aucun outil :",
    ),
    ask=AskWords(
        required="Obligatoire",
        optional="Facultatif",
        out_of="{value} sur {most}",
        choose_all="Plusieurs réponses sont possibles.",
        in_your_words="Avec vos mots",
        chars_max="{most} caractères au maximum.",
        rank="Choisissez chaque option une fois, la plus importante en premier.",
        place="Rang {number}",
        check_title="À vérifier : {title}",
        because="Cette enquête vous est proposée parce que vous venez d’utiliser {project}.",
        anonymous=(
            "Cette enquête est anonyme. Votre réponse est conservée sans votre nom, sans ce que vous avez "
            "fait, et avec le jour seulement. Personne ne peut la retrouver ; elle ne peut donc plus être "
            "modifiée après l’envoi."
        ),
        step="Étape {number}",
        test="Ceci est un test. Les réponses ne sont jamais comptées.",
        nothing_saved="Rien n’est encore enregistré",
        look_again=up_to_one_or_more("Veuillez revoir cette question.", "Veuillez revoir ces questions."),
        choice_replaces=(
            "Votre nouveau choix est rempli. Il remplacera votre réponse précédente quand vous "
            "l’enregistrerez."
        ),
        answered_already=(
            "Vous avez déjà répondu. Modifiez ce que vous souhaitez, puis enregistrez à nouveau."
        ),
        choice_filled_in="Votre choix fait dans le message est rempli. Il sera enregistré à l’envoi.",
        go_on="Continuer",
        back="Retour",
        change="Modifier ma réponse",
        send_one="Envoyer ma réponse",
        send_all="Envoyer mes réponses",
        saved_at_end="Rien n’est enregistré avant la dernière question.",
        final="Votre réponse ne peut plus être modifiée après l’envoi.",
        changeable="Vous pouvez modifier votre réponse jusqu’à la fin de l’enquête.",
        until="Le lien accepte une réponse jusqu’au {moment}.",
        until_first="Le lien accepte une première réponse jusqu’au {moment}.",
        not_now="Pas maintenant",
        no_thanks="Non, merci",
        footer="Afterword pose ses questions une seule fois, juste après l’utilisation d’un outil.",
    ),
    problem=ProblemWords(
        missing="Veuillez répondre à cette question.",
        number="Veuillez choisir un nombre de {low} à {high}.",
        every_row="Veuillez choisir un nombre sur chaque ligne.",
        from_options="Veuillez choisir parmi les options affichées.",
        one_place="Veuillez donner un seul rang à chaque option.",
        every_place="Veuillez remplir chaque rang.",
        too_long="Veuillez utiliser au maximum {most} caractères ; ce texte en compte {count}.",
    ),
    end=EndWords(
        thank_you="Merci",
        saved="Votre réponse est enregistrée",
        taken="Votre réponse est bien arrivée",
        test="C’était un test : la réponse n’est conservée nulle part.",
        anonymous=(
            "Elle est anonyme : personne ne peut savoir quelle réponse est la vôtre, et elle ne peut donc "
            "être ni affichée ni modifiée."
        ),
        change="Vous avez changé d’avis ? {link}, jusqu’à la fin de l’enquête.",
        final="L’enquête est terminée : cette réponse est définitive.",
        closed_short="Terminée",
        closed="Cette enquête est terminée",
        closed_to_changes=(
            "« {title} » n’accepte plus de modifications. Votre réponse est bien arrivée, merci."
        ),
        closed_to_answers=(
            "« {title} » n’accepte plus de réponses. Merci de votre visite ; il n’y a plus rien à faire."
        ),
        expired_short="Expiré",
        expired="Ce lien a expiré",
        expired_since=(
            "Il était valable jusqu’au {moment}. Nous posons nos questions peu après l’utilisation d’un "
            "outil, tant que le souvenir est frais, et nous n’insistons pas ensuite."
        ),
        expired_rest="Il n’y a rien à faire. D’autres questions vous seront peut-être posées une autre fois.",
        later="Très bien, pas maintenant",
        later_text=(
            "Cette enquête vous laisse tranquille pour l’instant, et reviendra peut-être quand vous "
            "utiliserez {project} une autre fois."
        ),
        never="Très bien, pas de réponse",
        never_text="Cette enquête ne vous sera plus proposée pendant longtemps.",
        answer_now="Répondre maintenant",
        answer_after_all="Vous avez changé d’avis ? {link}, jusqu’au {moment}.",
    ),
    refusal=RefusalWords(
        link="Ce lien ne fonctionne pas",
        link_incomplete=(
            "Il en manque peut-être une partie. Veuillez l’ouvrir à nouveau depuis le message, ou copier le "
            "lien en entier."
        ),
        link_ended=(
            "Si tout ce qui vous concerne a été effacé, le lien a pris fin pour toujours : il n’y a plus "
            "rien à faire, et personne ne vous posera de questions."
        ),
        form="Cela n’a pas fonctionné",
        form_too_long="C’est trop long pour être accepté. Veuillez raccourcir votre réponse.",
        form_unreadable="Ce formulaire est illisible. Veuillez ouvrir la page et réessayer.",
    ),
    stop=StopWords(
        stopped="Vous ne recevrez plus d’enquêtes",
        stopped_text=(
            "Afterword ne vous enverra plus d’enquêtes, pour aucun outil. Vos réponses passées restent "
            "telles quelles."
        ),
        undo="Annuler, continuer à recevoir des enquêtes",
        asking_title="Vous recevez des enquêtes",
        asking="Vous recevez des enquêtes d’Afterword",
        asking_text=(
            "De temps en temps, juste après l’utilisation d’un outil. Vous pouvez toutes les arrêter ici, et "
            "l’annuler à la page suivante. Pour une pause, le choix des outils ou des heures calmes, ouvrez "
            "« {own_page} » dans le message."
        ),
    ),
    default=DefaultWords(
        thanks="Merci. Votre réponse aide l’équipe qui développe cet outil.",
        dissatisfied="Pas du tout satisfait(e)",
        satisfied="Tout à fait satisfait(e)",
        unlikely="Pas du tout probable",
        likely="Tout à fait probable",
        disagree="Pas du tout d’accord",
        agree="Tout à fait d’accord",
        yes="Oui",
        no="Non",
        other="Autre…",
    ),
)
