"""What do we say in Japanese?"""

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
    whatever_number,
)

JAPANESE = Words(
    tag="ja",
    gap="",
    dates=DateWords(
        months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
        moment="{year}年{month}{day}日 {time} {zone}",
    ),
    mail=MailWords(
        reminder_subject="リマインダー: {title}",
        greeting="{name} 様",
        introduction="{project} をご利用いただきありがとうございます。使い心地はいかがでしたか。",
        test="これはテストイベントによるメールです。回答は集計されません。",
        reminder="これは一度だけお送りするリマインダーです。",
        pace="{questions}、{time}",
        questions=whatever_number("質問 {count} 問"),
        questions_between=whatever_number("質問 {fewest}～{count} 問"),
        under_a_minute="1 分未満",
        about_a_minute="約 1 分",
        about_minutes=whatever_number("約 {count} 分"),
        answer="回答する",
        choice_opens="選択肢を押すと、選択済みのアンケートが開きます。送信するまで何も保存されません。",
        choices_open=(
            "選択肢を押すと、選択済みのアンケートが開き、ほかの選択肢も追加できます。"
            "送信するまで何も保存されません。"
        ),
        anonymous="回答は匿名です。誰の回答かわからないため、あとから変更することはできません。",
        until="リンクの有効期限: {moment}。",
        reason="{project} で {event} を実行されたため、このメールをお送りしています。",
        own_page="データと設定",
        own_page_at_length="保存されているデータ、一時停止、ツールごとの設定、通知しない時間帯:",
        unsubscribe="すべてのアンケートの配信を停止",
        unsubscribe_at_length="Afterword からのアンケートをすべてのツールについて停止:",
    ),
    ask=AskWords(
        required="必須",
        optional="任意",
        out_of="{most} 段階中 {value}",
        choose_all="あてはまるものをすべて選んでください。",
        in_your_words="自由にご記入ください",
        chars_max="{most} 文字まで。",
        rank="重要なものから順に、それぞれ一度ずつ選んでください。",
        place="{number} 番目",
        check_title="ご確認ください: {title}",
        because="{project} をご利用になった直後のため、お尋ねしています。",
        anonymous=(
            "このアンケートは匿名です。回答は、お名前や操作の内容を含めず、日付だけとともに保存されます。"
            "誰の回答か探し出せないため、送信後に変更することはできません。"
        ),
        step="ステップ {number}",
        test="これはテストです。回答は集計されません。",
        nothing_saved="まだ保存されていません",
        look_again=whatever_number("次の質問をもう一度ご確認ください。"),
        choice_replaces="新しい選択が入力されています。保存すると、前回の回答と置き換わります。",
        answered_already="すでに回答済みです。変更する場合は、修正してもう一度保存してください。",
        choice_filled_in="メッセージでの選択が入力されています。送信すると保存されます。",
        go_on="次へ",
        back="戻る",
        change="回答を変更する",
        send_one="回答を送信する",
        send_all="回答をすべて送信する",
        saved_at_end="最後の質問まで何も保存されません。",
        final="送信後に回答を変更することはできません。",
        changeable="アンケートの終了まで、回答を変更できます。",
        until="回答期限: {moment}。",
        until_first="最初の回答の期限: {moment}。",
        not_now="あとで",
        no_thanks="回答しない",
        footer="Afterword は、ツールをご利用の直後に一度だけお尋ねします。",
    ),
    problem=ProblemWords(
        missing="この質問に回答してください。",
        number="{low} から {high} までの数字を選んでください。",
        every_row="すべての行で数字を選んでください。",
        from_options="表示されている選択肢から選んでください。",
        one_place="同じ選択肢を複数の順位に入れないでください。",
        every_place="すべての順位を選んでください。",
        too_long="{most} 文字以内で入力してください。現在 {count} 文字です。",
    ),
    end=EndWords(
        thank_you="ありがとうございます",
        saved="回答を保存しました",
        taken="回答を受け付けました",
        test="これはテストでした。回答はどこにも保存されません。",
        anonymous="匿名のため、どれがあなたの回答かわかりません。表示も変更もできません。",
        change="変更しますか。{link}（アンケートの終了まで）",
        final="アンケートは終了しました。これが最終の回答です。",
        closed_short="終了",
        closed="このアンケートは終了しました",
        closed_to_changes=(
            "「{title}」は変更の受付を終了しました。回答は受け付けています。ありがとうございます。"
        ),
        closed_to_answers=(
            "「{title}」は回答の受付を終了しました。お越しいただきありがとうございます。"
            "必要な操作はありません。"
        ),
        expired_short="期限切れ",
        expired="このリンクは期限切れです",
        expired_since=(
            "有効期限: {moment}。ご記憶が新しいうちに、ツールのご利用直後にだけお尋ねしており、"
            "あとから回答をお願いすることはありません。"
        ),
        expired_rest="必要な操作はありません。別の機会にお尋ねすることがあります。",
        later="承知しました。またの機会に",
        later_text=(
            "このアンケートはしばらく表示されません。次に {project} をご利用の際に、"
            "またお尋ねすることがあります。"
        ),
        never="承知しました。回答なしで承りました",
        never_text="このアンケートは当分の間お尋ねしません。",
        answer_now="今すぐ回答する",
        answer_after_all="回答しますか。{link}（{moment} まで）",
    ),
    refusal=RefusalWords(
        link="このリンクは使えません",
        link_incomplete=(
            "一部が欠けている可能性があります。メッセージからもう一度開くか、リンク全体をコピーしてください。"
        ),
        link_ended=(
            "ご自身のデータをすべて削除された場合、このリンクは使えなくなっています。"
            "必要な操作はなく、今後お尋ねすることもありません。"
        ),
        form="処理できませんでした",
        form_too_long="長すぎるため受け付けられません。回答を短くしてください。",
        form_unreadable="このフォームを読み取れません。ページを開いて、もう一度お試しください。",
    ),
    stop=StopWords(
        stopped="配信を停止しました",
        stopped_text=(
            "Afterword は、どのツールについても今後アンケートをお送りしません。"
            "これまでの回答はそのまま残ります。"
        ),
        undo="元に戻して、配信を続ける",
        asking_title="アンケートの配信",
        asking="Afterword のアンケートを配信中です",
        asking_text=(
            "ツールをご利用の直後に、ときどきお送りしています。ここですべて停止でき、"
            "次のページで元に戻せます。一時停止、ツールごとの設定、通知しない時間帯については、"
            "メールの「{own_page}」を開いてください。"
        ),
    ),
    default=DefaultWords(
        thanks="ありがとうございます。回答は、このツールを開発するチームの役に立ちます。",
        dissatisfied="とても不満",
        satisfied="とても満足",
        unlikely="まったく思わない",
        likely="非常にそう思う",
        disagree="まったく同意しない",
        agree="強く同意する",
        yes="はい",
        no="いいえ",
        other="その他…",
    ),
)
