"""What do we say in the Portuguese of Brazil?"""

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

PORTUGUESE = Words(
    tag="pt-BR",
    dates=DateWords(
        months=(
            *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
            *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
        ),
        moment="{day} de {month} de {year}, {time} {zone}",
        first_day="1º",
    ),
    mail=MailWords(
        reminder_subject="Lembrete: {title}",
        greeting="Olá, {name},",
        introduction="Você acabou de usar {project}. Como foi, enquanto a lembrança está fresca?",
        test="Um evento de teste gerou este e-mail. As respostas nunca são contadas.",
        reminder="Este é um lembrete, e o único.",
        pace="{questions}, {time}",
        questions=up_to_one_or_more("{count} pergunta", "{count} perguntas"),
        questions_between=up_to_one_or_more(
            "de {fewest} a {count} pergunta", "de {fewest} a {count} perguntas"
        ),
        under_a_minute="menos de um minuto",
        about_a_minute="cerca de um minuto",
        about_minutes=up_to_one_or_more("cerca de {count} minuto", "cerca de {count} minutos"),
        answer="Responder",
        choice_opens=("Sua escolha abre a pesquisa, já preenchida. Nada é salvo até você enviar a resposta."),
        choices_open=(
            "Sua escolha abre a pesquisa, já preenchida, e lá você pode acrescentar outras. Nada é salvo até "
            "você enviar a resposta."
        ),
        anonymous=(
            "Sua resposta é anônima: ninguém pode saber de quem ela é, e por isso não pode ser alterada."
        ),
        until="O link vale até {moment}.",
        reason="Você recebeu este e-mail porque executou {event} em {project}.",
        own_page="Seus dados e configurações",
        own_page_at_length="Dados guardados, pausa, ferramentas específicas, horários de silêncio:",
        unsubscribe="Cancelar todas as pesquisas",
        unsubscribe_at_length="Não receber mais pesquisas do Afterword, sobre nenhuma ferramenta:",
    ),
    ask=AskWords(
        required="Obrigatória",
        optional="Opcional",
        out_of="{value} de {most}",
        choose_all="Você pode escolher várias.",
        in_your_words="Com suas palavras",
        chars_max="Até {most} caracteres.",
        rank="Escolha cada opção uma vez, a mais importante primeiro.",
        place="Posição {number}",
        check_title="Revise: {title}",
        because="Perguntamos porque você acabou de usar {project}.",
        anonymous=(
            "Esta pesquisa é anônima. Sua resposta é guardada sem o seu nome, sem o que você fez e apenas "
            "com o dia. Ninguém pode encontrá-la de novo, e por isso ela não pode ser alterada depois do "
            "envio."
        ),
        step="Etapa {number}",
        test="Isto é um teste. As respostas nunca são contadas.",
        nothing_saved="Nada foi salvo ainda",
        look_again=up_to_one_or_more(
            "Revise esta pergunta, por favor.", "Revise estas perguntas, por favor."
        ),
        choice_replaces="Sua nova escolha está preenchida. Ao salvar, ela substitui sua resposta anterior.",
        answered_already="Você já respondeu. Altere o que quiser e salve de novo.",
        choice_filled_in="Sua escolha da mensagem está preenchida. Ela é salva quando você enviar.",
        go_on="Continuar",
        back="Voltar",
        change="Alterar minha resposta",
        send_one="Enviar minha resposta",
        send_all="Enviar minhas respostas",
        saved_at_end="Nada é salvo antes da última pergunta.",
        final="Você não pode alterar sua resposta depois do envio.",
        changeable="Você pode alterar sua resposta até a pesquisa ser encerrada.",
        until="O link aceita uma resposta até {moment}.",
        until_first="O link aceita uma primeira resposta até {moment}.",
        not_now="Agora não",
        no_thanks="Não, obrigado",
        footer="O Afterword pergunta uma vez, logo depois do uso de uma ferramenta.",
    ),
    problem=ProblemWords(
        missing="Responda a esta pergunta, por favor.",
        number="Escolha um número de {low} a {high}, por favor.",
        every_row="Escolha um número em cada linha, por favor.",
        from_options="Escolha entre as opções mostradas, por favor.",
        one_place="Coloque cada opção em uma posição só, por favor.",
        every_place="Preencha todas as posições, por favor.",
        too_long="Use no máximo {most} caracteres, por favor; este texto tem {count}.",
    ),
    end=EndWords(
        thank_you="Agradecemos",
        saved="Sua resposta foi salva",
        taken="Sua resposta foi recebida",
        test="Isto era um teste: a resposta não é guardada em lugar nenhum.",
        anonymous=(
            "Ela é anônima: ninguém pode saber qual resposta é a sua, e por isso não pode ser mostrada nem "
            "alterada."
        ),
        change="Mudou de ideia? {link}, até a pesquisa ser encerrada.",
        final="A pesquisa foi encerrada, e esta é a sua resposta final.",
        closed_short="Encerrada",
        closed="Esta pesquisa foi encerrada",
        closed_to_changes="“{title}” não aceita mais alterações. Sua resposta foi recebida, agradecemos.",
        closed_to_answers=(
            "“{title}” não aceita mais respostas. Agradecemos a visita; não há mais nada a fazer."
        ),
        expired_short="Expirado",
        expired="Este link expirou",
        expired_since=(
            "Ele valia até {moment}. Perguntamos logo depois do uso de uma ferramenta, enquanto a lembrança "
            "está fresca, e não insistimos mais tarde."
        ),
        expired_rest="Não há nada a fazer. Talvez perguntemos em outra ocasião.",
        later="Tudo bem, agora não",
        later_text=(
            "Esta pesquisa não incomoda mais por enquanto, e talvez volte a perguntar quando você usar "
            "{project} em outra ocasião."
        ),
        never="Tudo bem, sem resposta",
        never_text="Esta pesquisa não pergunta de novo por um bom tempo.",
        answer_now="Responder agora",
        answer_after_all="Mudou de ideia? {link}, até {moment}.",
    ),
    refusal=RefusalWords(
        link="Este link não funciona",
        link_incomplete=(
            "Pode estar faltando uma parte. Abra-o de novo a partir da mensagem ou copie o link inteiro, por "
            "favor."
        ),
        link_ended=(
            "Se tudo sobre você foi apagado, o link terminou de vez: não há mais nada a fazer, e ninguém vai "
            "perguntar nada."
        ),
        form="Não funcionou",
        form_too_long="É longo demais para ser aceito. Encurte sua resposta, por favor.",
        form_unreadable="Não é possível ler este formulário. Abra a página e tente de novo, por favor.",
    ),
    stop=StopWords(
        stopped="Você não receberá mais pesquisas",
        stopped_text=(
            "O Afterword não vai enviar mais pesquisas, sobre nenhuma ferramenta. As respostas que você deu "
            "ficam como estão."
        ),
        undo="Desfazer, continuar recebendo pesquisas",
        asking_title="Você recebe pesquisas",
        asking="Você recebe pesquisas do Afterword",
        asking_text=(
            "De vez em quando, logo depois do uso de uma ferramenta. Aqui você pode cancelar todas, e "
            "desfazer isso na página seguinte. Para uma pausa, ferramentas específicas ou horários de "
            "silêncio, abra “{own_page}” no e-mail."
        ),
    ),
    default=DefaultWords(
        thanks="Agradecemos. Sua resposta ajuda a equipe que desenvolve esta ferramenta.",
        dissatisfied="Muito insatisfeito(a)",
        satisfied="Muito satisfeito(a)",
        unlikely="Nada provável",
        likely="Extremamente provável",
        disagree="Discordo totalmente",
        agree="Concordo totalmente",
        yes="Sim",
        no="Não",
        other="Outro…",
    ),
)
