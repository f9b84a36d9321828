"""What do we say in Spanish?"""

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

SPANISH = Words(
    tag="es",
    dates=DateWords(
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
            *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
        moment="{day} de {month} de {year}, {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="Recordatorio: {title}",
        greeting="Hola, {name}:",
        introduction="Acaba de usar {project}. ¿Qué tal fue, ahora que está reciente?",
        test="Un evento de prueba originó este correo. Las respuestas no se cuentan nunca.",
        reminder="Esto es un recordatorio, y el único.",
        pace="{questions}, {time}",
        questions=one_or_more("{count} pregunta", "{count} preguntas"),
        questions_between=one_or_more("de {fewest} a {count} pregunta", "de {fewest} a {count} preguntas"),
        under_a_minute="menos de un minuto",
        about_a_minute="aproximadamente un minuto",
        about_minutes=one_or_more("unos {count} minuto", "unos {count} minutos"),
        answer="Responder",
        choice_opens=(
            "Su elección abre la encuesta, ya marcada. No se guarda nada hasta que envíe la respuesta."
        ),
        choices_open=(
            "Su elección abre la encuesta, ya marcada, y allí puede añadir más. No se guarda nada hasta que "
            "envíe la respuesta."
        ),
        anonymous=("Su respuesta es anónima: nadie puede saber de quién es, y por eso no se puede cambiar."),
        until="El enlace es válido hasta el {moment}.",
        reason="Recibe este correo por haber ejecutado {event} en {project}.",
        own_page="Sus datos y ajustes",
        own_page_at_length="Datos guardados, pausa, herramientas concretas, horas de silencio:",
        unsubscribe="Cancelar todas las encuestas",
        unsubscribe_at_length="No recibir más encuestas de Afterword, sobre ninguna herramienta:",
    ),
    ask=AskWords(
        required="Obligatoria",
        optional="Opcional",
        out_of="{value} de {most}",
        choose_all="Se pueden elegir varias respuestas.",
        in_your_words="En sus palabras",
        chars_max="Hasta {most} caracteres.",
        rank="Elija cada opción una vez, primero la más importante.",
        place="Puesto {number}",
        check_title="Por revisar: {title}",
        because="Le preguntamos porque acaba de usar {project}.",
        anonymous=(
            "Esta encuesta es anónima. Su respuesta se guarda sin su nombre, sin lo que hizo y solo con el "
            "día. Nadie puede volver a encontrarla, así que no se puede cambiar después de enviarla."
        ),
        step="Paso {number}",
        test="Esto es una prueba. Las respuestas no se cuentan nunca.",
        nothing_saved="Todavía no se ha guardado nada",
        look_again=one_or_more("Revise esta pregunta, por favor.", "Revise estas preguntas, por favor."),
        choice_replaces="Su nueva elección está marcada. Al guardarla sustituirá a su respuesta anterior.",
        answered_already="Ya respondió a esta encuesta. Cambie lo que quiera y guárdela de nuevo.",
        choice_filled_in="Su elección del mensaje está marcada. Se guardará cuando la envíe.",
        go_on="Continuar",
        back="Atrás",
        change="Cambiar mi respuesta",
        send_one="Enviar mi respuesta",
        send_all="Enviar mis respuestas",
        saved_at_end="No se guarda nada antes de la última pregunta.",
        final="No podrá cambiar su respuesta después de enviarla.",
        changeable="Puede cambiar su respuesta hasta que se cierre la encuesta.",
        until="El enlace admite una respuesta hasta el {moment}.",
        until_first="El enlace admite una primera respuesta hasta el {moment}.",
        not_now="Ahora no",
        no_thanks="No, gracias",
        footer="Afterword pregunta una vez, justo después de usar una herramienta.",
    ),
    problem=ProblemWords(
        missing="Responda a esta pregunta, por favor.",
        number="Elija un número del {low} al {high}, por favor.",
        every_row="Elija un número en cada fila, por favor.",
        from_options="Elija entre las opciones mostradas, por favor.",
        one_place="Ponga cada opción en un solo puesto, por favor.",
        every_place="Rellene todos los puestos, por favor.",
        too_long="Use como máximo {most} caracteres, por favor; este texto tiene {count}.",
    ),
    end=EndWords(
        thank_you="Gracias",
        saved="Su respuesta está guardada",
        taken="Hemos recibido su respuesta",
        test="Esto era una prueba: la respuesta no se guarda en ningún sitio.",
        anonymous=(
            "Es anónima: nadie puede saber qué respuesta es la suya, y por eso no se puede mostrar ni "
            "cambiar."
        ),
        change="¿Ha cambiado de opinión? {link}, hasta que se cierre la encuesta.",
        final="La encuesta se ha cerrado, así que esta es su respuesta definitiva.",
        closed_short="Cerrada",
        closed="Esta encuesta está cerrada",
        closed_to_changes="«{title}» ya no admite cambios. Hemos recibido su respuesta, gracias.",
        closed_to_answers=(
            "«{title}» ya no admite respuestas. Gracias por su visita; no queda nada por hacer."
        ),
        expired_short="Caducado",
        expired="Este enlace ha caducado",
        expired_since=(
            "Era válido hasta el {moment}. Preguntamos poco después de usar una herramienta, cuando el "
            "recuerdo está fresco, y más tarde no insistimos."
        ),
        expired_rest="No hay nada que hacer. Quizá le preguntemos en otra ocasión.",
        later="De acuerdo, ahora no",
        later_text=(
            "Esta encuesta no le molestará por ahora, y quizá vuelva a preguntar cuando use {project} en "
            "otra ocasión."
        ),
        never="De acuerdo, sin respuesta",
        never_text="Esta encuesta no volverá a preguntarle en mucho tiempo.",
        answer_now="Responder ahora",
        answer_after_all="¿Ha cambiado de opinión? {link}, hasta el {moment}.",
    ),
    refusal=RefusalWords(
        link="Este enlace no funciona",
        link_incomplete=(
            "Puede que falte una parte. Ábralo de nuevo desde el mensaje o copie el enlace completo, por "
            "favor."
        ),
        link_ended=(
            "Si se borró todo lo que había sobre usted, el enlace ha terminado para siempre: no queda nada "
            "por hacer y nadie le preguntará nada."
        ),
        form="Eso no ha funcionado",
        form_too_long="Es demasiado largo para aceptarlo. Acorte su respuesta, por favor.",
        form_unreadable="No se puede leer este formulario. Abra la página e inténtelo de nuevo, por favor.",
    ),
    stop=StopWords(
        stopped="Ya no recibirá encuestas",
        stopped_text=(
            "Afterword no le enviará más encuestas, sobre ninguna herramienta. Las respuestas que dio quedan "
            "como están."
        ),
        undo="Deshacer, seguir recibiendo encuestas",
        asking_title="Recibe encuestas",
        asking="Recibe encuestas de Afterword",
        asking_text=(
            "De vez en cuando, justo después de usar una herramienta. Aquí puede cancelarlas todas, y "
            "deshacerlo en la página siguiente. Para una pausa, herramientas concretas u horas de silencio, "
            "abra «{own_page}» en el correo."
        ),
    ),
    default=DefaultWords(
        thanks="Gracias. Su respuesta ayuda al equipo que desarrolla esta herramienta.",
        dissatisfied="Muy insatisfecho/a",
        satisfied="Muy satisfecho/a",
        unlikely="Nada probable",
        likely="Muy probable",
        disagree="Muy en desacuerdo",
        agree="Muy de acuerdo",
        yes="Sí",
        no="No",
        other="Otro…",
    ),
)
