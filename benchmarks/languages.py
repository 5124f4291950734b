"""How well languages of posts are told apart, what that costs, and how long words are in scripts without spaces.

python -m benchmarks.languages [--posts berniesanders.jsonl hillaryclinton.jsonl]

The texts below were written for this, a post a line. They are cut to several lengths, with a tag, a mention and emoji
behind. `wrong` is said to be another language, `open` is left open. --posts: accounts that are known to be English.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from benchmarks.report import print_report
from bot.languages import languages, post_language
from trainer.corpus import Post

LENGTHS = (12, 16, 20, 25, 30, 50, 80, 140)
BEHIND = " 😂🔥 #Soup @pip_the_lighthouse"
TEXTS = {
    "en": """
Missed the bus again, so I walked home in the rain and honestly it was the best part of my day.
Why does every recipe start with a story about somebody's grandmother? Just tell me how long to boil the rice.
New shoes, same tired feet. We finished the whole coastal path before lunch and then slept until dinner.
If you leave your umbrella on the train, that is the train's umbrella now. I don't make the rules.
Proud of the team today! Nobody believed in us back in March and look where we are now.
The council wants to close the library on Mondays. Please come to the meeting and tell them what you think.
I have watched this film four times and I still don't understand what the dog was doing there.
thinking about soup. not any soup in particular, just the general idea of soup
""",
    "de": """
Schon wieder den Bus verpasst, jetzt laufe ich eben im Regen nach Hause und finde es gar nicht so schlimm.
Warum fängt jedes Rezept mit einer langen Geschichte an? Ich will nur wissen, wie lange der Reis kochen muss.
Heute sind wir den ganzen Weg an der Küste entlang gewandert und haben danach bis zum Abend geschlafen.
Wer seinen Schirm in der Bahn vergisst, sieht ihn nie wieder. So sind die Regeln, ich kann nichts dafür.
Ich bin so stolz auf die Mannschaft! Im März hat noch niemand an uns geglaubt.
Die Stadt will die Bücherei montags schließen. Kommt bitte alle zur Sitzung und sagt eure Meinung.
Den Film habe ich jetzt viermal gesehen und verstehe immer noch nicht, was der Hund da wollte.
kann mir jemand erklären warum mein drucker nur nachts funktioniert
""",
    "fr": """
J'ai encore raté le bus, alors je suis rentrée à pied sous la pluie et c'était le meilleur moment de la journée.
Pourquoi chaque recette commence par une histoire de grand-mère ? Dites-moi juste combien de temps cuire le riz.
On a marché toute la matinée le long de la côte et après on a dormi jusqu'au soir.
Si tu oublies ton parapluie dans le train, il appartient au train. C'est comme ça, je n'y peux rien.
Très fier de l'équipe ce soir ! Personne ne croyait en nous au mois de mars.
La mairie veut fermer la bibliothèque le lundi. Venez à la réunion pour dire ce que vous en pensez.
J'ai vu ce film quatre fois et je ne comprends toujours pas ce que le chien faisait là.
quelqu'un peut m'expliquer pourquoi mon imprimante ne marche que la nuit
""",
    "es": """
Perdí el autobús otra vez, así que volví a casa andando bajo la lluvia y fue lo mejor del día.
¿Por qué todas las recetas empiezan con la historia de una abuela? Solo quiero saber cuánto se cuece el arroz.
Hoy caminamos toda la mañana por la costa y después dormimos hasta la hora de cenar.
Si dejas el paraguas en el tren, ya es del tren. Yo no hago las reglas.
¡Qué orgullo de equipo! En marzo nadie creía en nosotros y mira dónde estamos ahora.
El ayuntamiento quiere cerrar la biblioteca los lunes. Venid a la reunión y decid lo que pensáis.
He visto esta película cuatro veces y todavía no entiendo qué hacía allí el perro.
alguien me explica por qué mi impresora solo funciona de noche
""",
    "pt": """
Perdi o ônibus de novo, então voltei a pé na chuva e foi a melhor parte do meu dia.
Por que toda receita começa com a história de uma avó? Só quero saber quanto tempo o arroz fica no fogo.
Hoje caminhamos a manhã inteira pela praia e depois dormimos até a hora do jantar.
Se você esquece o guarda-chuva no trem, ele já é do trem. Não sou eu quem faz as regras.
Que orgulho do time! Em março ninguém acreditava na gente e olha onde estamos agora.
A prefeitura quer fechar a biblioteca às segundas. Venham à reunião e digam o que vocês acham.
Já vi esse filme quatro vezes e ainda não entendi o que o cachorro estava fazendo ali.
alguém me explica por que a minha impressora só funciona de noite
""",
    "it": """
Ho perso di nuovo l'autobus, così sono tornata a casa a piedi sotto la pioggia ed è stato bellissimo.
Perché ogni ricetta comincia con la storia di una nonna? Ditemi solo quanto deve cuocere il riso.
Oggi abbiamo camminato tutta la mattina lungo la costa e poi abbiamo dormito fino a cena.
Se lasci l'ombrello sul treno, ormai è del treno. Non le faccio io le regole.
Che orgoglio questa squadra! A marzo nessuno credeva in noi e guardate dove siamo adesso.
Il comune vuole chiudere la biblioteca il lunedì. Venite alla riunione e dite che cosa ne pensate.
Ho visto questo film quattro volte e non capisco ancora che cosa ci facesse lì il cane.
qualcuno mi spiega perché la mia stampante funziona soltanto di notte
""",
    "nl": """
Alweer de bus gemist, dus ik ben in de regen naar huis gelopen en eigenlijk was dat best lekker.
Waarom begint elk recept met een verhaal over iemands oma? Zeg gewoon hoe lang de rijst moet koken.
We hebben de hele ochtend langs de kust gewandeld en daarna tot het avondeten geslapen.
Als je je paraplu in de trein laat liggen, dan is die van de trein. Ik maak de regels niet.
Zo trots op het team vandaag! In maart geloofde niemand in ons en kijk nu eens.
De gemeente wil de bibliotheek op maandag sluiten. Kom naar de vergadering en zeg wat je ervan vindt.
Ik heb deze film vier keer gezien en ik snap nog steeds niet wat die hond daar deed.
kan iemand uitleggen waarom mijn printer het alleen 's nachts doet
""",
    "sv": """
Missade bussen igen, så jag gick hem i regnet och det var faktiskt dagens bästa stund.
Varför börjar varje recept med en historia om någons mormor? Säg bara hur länge riset ska koka.
Vi vandrade längs kusten hela förmiddagen och sedan sov vi ända till middagen.
Glömmer du paraplyet på tåget så är det tågets paraply nu. Det är inte jag som bestämmer.
Så stolt över laget i dag! I mars var det ingen som trodde på oss.
Kommunen vill stänga biblioteket på måndagar. Kom till mötet och säg vad ni tycker.
Jag har sett den här filmen fyra gånger och förstår fortfarande inte vad hunden gjorde där.
kan någon förklara varför min skrivare bara fungerar på natten
""",
    "pl": """
Znowu uciekł mi autobus, więc wróciłam do domu pieszo w deszczu i to była najlepsza część dnia.
Dlaczego każdy przepis zaczyna się od historii o babci? Powiedzcie tylko, jak długo gotować ryż.
Całe przedpołudnie szliśmy wzdłuż wybrzeża, a potem spaliśmy aż do kolacji.
Jeśli zostawisz parasol w pociągu, to jest już parasol pociągu. Nie ja ustalam zasady.
Jestem bardzo dumny z drużyny! W marcu nikt w nas nie wierzył, a teraz popatrzcie.
Miasto chce zamykać bibliotekę w poniedziałki. Przyjdźcie na spotkanie i powiedzcie, co myślicie.
Widziałem ten film cztery razy i dalej nie rozumiem, co tam robił ten pies.
czy ktoś mi wytłumaczy czemu moja drukarka działa tylko w nocy
""",
    "tr": """
Yine otobüsü kaçırdım, yağmurda eve kadar yürüdüm ve açıkçası günün en güzel kısmı buydu.
Neden her tarif birinin ninesiyle başlıyor? Bana sadece pirincin kaç dakika pişeceğini söyleyin.
Bütün sabah sahil boyunca yürüdük, sonra da akşam yemeğine kadar uyuduk.
Şemsiyeni trende unutursan artık o trenin şemsiyesidir. Kuralları ben koymuyorum.
Takımla gurur duyuyorum! Mart ayında kimse bize inanmıyordu, şimdi bakın neredeyiz.
Belediye kütüphaneyi pazartesi günleri kapatmak istiyor. Toplantıya gelin ve düşüncenizi söyleyin.
Bu filmi dört kez izledim ve köpeğin orada ne yaptığını hâlâ anlamadım.
yazıcım neden sadece geceleri çalışıyor biri bana anlatabilir mi
""",
    "id": """
Ketinggalan bus lagi, jadi aku jalan kaki pulang sambil hujan-hujanan dan ternyata seru juga.
Kenapa setiap resep dimulai dengan cerita tentang nenek? Bilang saja berapa lama nasinya harus dimasak.
Tadi pagi kami jalan di sepanjang pantai, lalu tidur sampai waktunya makan malam.
Kalau payungmu tertinggal di kereta, berarti itu sudah punya kereta. Bukan aku yang bikin aturan.
Bangga sekali dengan tim ini! Bulan Maret tidak ada yang percaya kepada kita.
Pemerintah kota mau menutup perpustakaan setiap hari Senin. Ayo datang ke rapat dan sampaikan pendapatmu.
Aku sudah nonton film ini empat kali dan masih tidak mengerti anjing itu sedang apa di sana.
ada yang bisa jelaskan kenapa printerku cuma jalan kalau malam
""",
    "ru": """
Опять опоздала на автобус и пошла домой пешком под дождём, и это было лучшее за весь день.
Почему каждый рецепт начинается с истории про бабушку? Просто скажите, сколько варить рис.
Всё утро мы шли вдоль берега, а потом спали до самого ужина.
Если забыл зонт в поезде, то это теперь зонт поезда. Не я придумал правила.
Горжусь командой! В марте в нас никто не верил, а теперь посмотрите.
Город хочет закрыть библиотеку по понедельникам. Приходите на собрание и скажите, что думаете.
Я видел этот фильм четыре раза и всё ещё не понимаю, что там делала собака.
кто-нибудь объяснит почему мой принтер работает только ночью
""",
    "uk": """
Знову запізнилася на автобус і пішла додому пішки під дощем, і це було найкраще за весь день.
Чому кожен рецепт починається з історії про бабусю? Просто скажіть, скільки варити рис.
Увесь ранок ми йшли вздовж берега, а потім спали аж до вечері.
Якщо забув парасольку в потязі, то це вже парасолька потяга. Не я вигадав ці правила.
Дуже пишаюся командою! У березні в нас ніхто не вірив, а тепер подивіться.
Місто хоче зачиняти бібліотеку щопонеділка. Приходьте на збори й скажіть, що думаєте.
Я бачив цей фільм чотири рази і досі не розумію, що там робив собака.
хтось пояснить чому мій принтер працює тільки вночі
""",
    "ar": """
فاتتني الحافلة مرة أخرى فمشيت إلى البيت تحت المطر وكان ذلك أجمل ما في يومي.
لماذا تبدأ كل وصفة بقصة عن الجدة؟ قولوا لي فقط كم دقيقة أطبخ الأرز.
مشينا على طول الساحل طوال الصباح ثم نمنا حتى موعد العشاء.
إذا نسيت مظلتك في القطار فقد صارت للقطار. لست أنا من يضع القواعد.
فخور جدا بالفريق اليوم! لم يكن أحد يؤمن بنا في شهر مارس.
تريد البلدية إغلاق المكتبة كل يوم اثنين. تعالوا إلى الاجتماع وقولوا رأيكم.
شاهدت هذا الفيلم أربع مرات وما زلت لا أفهم ماذا كان الكلب يفعل هناك.
هل يشرح لي أحد لماذا لا تعمل طابعتي إلا في الليل
""",
    "fa": """
باز هم به اتوبوس نرسیدم و زیر باران پیاده به خانه رفتم و راستش بهترین بخش روزم بود.
چرا هر دستور غذایی با قصه‌ی مادربزرگ شروع می‌شود؟ فقط بگویید برنج چقدر باید بپزد.
تمام صبح کنار ساحل راه رفتیم و بعد تا وقت شام خوابیدیم.
اگر چترت را در قطار جا بگذاری دیگر مال قطار است. من که قانون را ننوشته‌ام.
امروز خیلی به این تیم افتخار می‌کنم! در ماه مارس هیچ‌کس به ما باور نداشت.
شهرداری می‌خواهد کتابخانه را دوشنبه‌ها ببندد. به جلسه بیایید و نظرتان را بگویید.
این فیلم را چهار بار دیده‌ام و هنوز نمی‌فهمم آن سگ آنجا چه می‌کرد.
کسی می‌تواند بگوید چرا چاپگر من فقط شب‌ها کار می‌کند
""",
    "zh": """
又没赶上公交车，只好冒着雨走回家，其实这是我今天最开心的时候。
为什么每个菜谱都要先讲奶奶的故事？直接告诉我米饭要煮多久就好了。
我们沿着海边走了一个上午，然后一直睡到吃晚饭。
如果你把雨伞忘在火车上，那就是火车的雨伞了，规矩不是我定的。
今天真为球队骄傲！三月份的时候没有人相信我们。
市政府想在星期一关闭图书馆，请大家来开会，说说你们的想法。
這部電影我看了四次，還是不明白那隻狗在那裡做什麼。
有没有人能解释一下为什么我的打印机只在晚上工作
""",
    "ja": """
またバスに乗り遅れて、雨の中を歩いて帰ったけど、今日いちばん楽しい時間だった。
どうしてレシピはいつもおばあちゃんの話から始まるの？お米を何分炊くのかだけ教えて。
午前中ずっと海沿いを歩いて、それから夕飯まで寝てしまった。
電車に傘を忘れたら、それはもう電車の傘です。決まりを作ったのは私じゃない。
今日のチームは本当に誇らしい！三月には誰も信じてくれなかったのに。
市が月曜日に図書館を閉めようとしています。会議に来て意見を聞かせてください。
この映画は四回見たけど、あの犬が何をしていたのかまだ分からない。
なんでうちのプリンターは夜しか動かないのか誰か説明して
""",
    "ko": """
또 버스를 놓쳐서 비를 맞으며 집까지 걸어왔는데 오늘 중에 제일 좋은 시간이었다.
왜 모든 요리법은 할머니 이야기로 시작할까? 밥을 몇 분 지어야 하는지만 알려 줘.
오전 내내 바닷가를 걷고 저녁 먹을 때까지 잤다.
기차에 우산을 두고 내리면 그건 이제 기차의 우산이다. 규칙은 내가 만든 게 아니다.
""",
    "th": """
ตกรถเมล์อีกแล้ว เลยเดินตากฝนกลับบ้าน แต่จริงๆ ก็สนุกดีนะ
ทำไมสูตรอาหารทุกสูตรต้องเริ่มด้วยเรื่องของคุณยาย บอกแค่ว่าต้องหุงข้าวนานเท่าไหร่ก็พอ
วันนี้พวกเราเดินเลียบชายหาดทั้งเช้า แล้วก็นอนยาวจนถึงเวลาอาหารเย็น
ถ้าลืมร่มไว้บนรถไฟ ร่มนั้นก็เป็นของรถไฟแล้ว ฉันไม่ได้เป็นคนตั้งกฎ
""",
    "he": """
שוב פספסתי את האוטובוס, אז הלכתי הביתה ברגל בגשם וזה היה החלק הכי טוב ביום.
למה כל מתכון מתחיל בסיפור על סבתא? פשוט תגידו לי כמה זמן לבשל את האורז.
הלכנו לאורך החוף כל הבוקר ואחר כך ישנו עד ארוחת הערב.
אם שכחת את המטרייה ברכבת, היא כבר של הרכבת. לא אני קבעתי את הכללים.
""",
}
# With spaces where words end, particles and endings being words too.
WORDS = {
    "ja": """
また バス に 乗り遅れ て 雨 の 中 を 歩い て 帰っ た けど 今日 いちばん 楽しい 時間 だっ た
どうして レシピ は いつも おばあちゃん の 話 から 始まる の お米 を 何 分 炊く の か だけ 教え て
午前 中 ずっと 海沿い を 歩い て それから 夕飯 まで 寝 て しまっ た
電車 に 傘 を 忘れ たら それ は もう 電車 の 傘 です
この 映画 は 四 回 見 た けど あの 犬 が 何 を し て い た の か まだ 分から ない
なんで うち の プリンター は 夜 しか 動か ない の か 誰 か 説明 し て
""",
    "zh": """
又 没 赶上 公交车 只好 冒 着 雨 走 回家 其实 这 是 我 今天 最 开心 的 时候
为什么 每个 菜谱 都 要 先 讲 奶奶 的 故事 直接 告诉 我 米饭 要 煮 多久 就 好 了
我们 沿着 海边 走 了 一 个 上午 然后 一直 睡 到 吃 晚饭
如果 你 把 雨伞 忘 在 火车 上 那 就 是 火车 的 雨伞 了 规矩 不 是 我 定 的
今天 真 为 球队 骄傲 三月份 的 时候 没有 人 相信 我们
有没有 人 能 解释 一下 为什么 我 的 打印机 只 在 晚上 工作
""",
    "th": """
ตก รถเมล์ อีก แล้ว เลย เดิน ตาก ฝน กลับ บ้าน แต่ จริงๆ ก็ สนุก ดี นะ
ทำไม สูตร อาหาร ทุก สูตร ต้อง เริ่ม ด้วย เรื่อง ของ คุณยาย บอก แค่ ว่า ต้อง หุง ข้าว นาน เท่าไหร่ ก็ พอ
วันนี้ พวกเรา เดิน เลียบ ชายหาด ทั้ง เช้า แล้ว ก็ นอน ยาว จน ถึง เวลา อาหาร เย็น
ถ้า ลืม ร่ม ไว้ บน รถไฟ ร่ม นั้น ก็ เป็น ของ รถไฟ แล้ว ฉัน ไม่ ได้ เป็น คน ตั้ง กฎ
""",
}


def accuracy() -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("characters", "right", "open", "wrong")]
    for length in LENGTHS:
        found: Counter[str] = Counter()
        for language, lines in TEXTS.items():
            for line in lines.strip().splitlines():
                said = post_language(Post(line[:length] + BEHIND))
                found["open" if said is None else "right" if said == language else "wrong"] += 1
        rows.append((str(length), *(str(found[name]) for name in rows[0][1:])))
    return rows


def account(path: Path) -> tuple[str, ...]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    posts = [Post(record["text"], record["is_retweet"]) for record in records]
    began = time.process_time()
    found = languages(posts)
    each = (time.process_time() - began) / len(posts)
    return (path.stem, str(len(posts)), str(dict(found.counts)), str(found.unknown), f"{each * 1e6:.0f} µs")


def first() -> tuple[str, ...]:
    """What the model costs: seconds, and memory that this process has more. Before that babel, which the bot has."""
    post_language(Post("", language="en"))
    before, began = resident(), time.process_time()
    post_language(Post("So this is the first text that needs it"))
    return ("the model", f"{time.process_time() - began:.2f} s", f"{(resident() - before) / 1e6:.0f} MB")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def word_lengths() -> list[tuple[str, ...]]:
    words = {language: text.split() for language, text in WORDS.items()}
    return [(language, f"{sum(map(len, found)) / len(found):.2f}") for language, found in words.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="JSON Lines files of English accounts")
    args = parser.parse_args()
    print_report("Loading", [("what", "CPU time", "memory"), first()])
    print_report(f"Posts in {len(TEXTS)} languages", accuracy())
    print_report("Words", [("language", "characters a word"), *word_lengths()])
    if args.posts:
        print_report(
            "Accounts", [("account", "posts", "languages", "open", "CPU time a post"), *map(account, args.posts)]
        )


if __name__ == "__main__":
    main()
