from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.ports import unheard
from bot.sources.formats.encoding import SAMPLE, find_encoding, text_file
from bot.sources.formats.lines import jsonl_posts, plain_posts, text_lines
from bot.sources.formats.reading import Meter
from bot.sources.formats.table import csv_posts
from tests.bot.sources.formats.archives import read

FRENCH = """\
Ce matin le phare est resté allumé jusqu'à neuf heures, parce que personne n'osait réveiller le gardien.
J'ai goûté la soupe aux poireaux de ma voisine : trop salée, mais préparée avec tant d'amitié que j'en ai repris.
Où étaient donc passées mes lunettes ? Sur mon nez, évidemment, comme à l'époque où je cherchais mon chapeau.
Le chat a décidé que la boîte à chaussures était désormais sa résidence d'été ; je paie déjà le loyer en croquettes.
Après l'orage, la forêt sentait la mousse, le bois mouillé et un peu le café que j'avais renversé près du chêne.
Rien n'est plus têtu qu'une fenêtre gonflée par l'humidité, sauf peut-être mon frère quand il répare un vélo.
Demain je répète avec la chorale : trois ténors enrhumés, une alto géniale et un chef qui compte à l'envers.
À la gare, un garçon m'a demandé si les trains rêvaient ; j'ai répondu que seuls les derniers wagons le faisaient.
La mairie a repeint le pont en bleu pâle, et les canards, très à cheval sur les traditions, boudent depuis jeudi.
Je n'ai pas réussi le gâteau aux noix, mais la fumée a dessiné au plafond une île déserte que je trouve très réussie.
"""

GERMAN = """\
Heute früh hat der Bäcker mir ein Brötchen geschenkt, weil ich über seinen Witz mit der Brezel gelacht habe.
Draußen stürmt es, drinnen pfeift der Kessel, und der Hund hält beides für eine persönliche Beleidigung.
Ich wollte nur kurz die Blumen gießen; nun stehe ich bis zu den Knöcheln im Wasser und grüße höflich die Nachbarn.
Die Straßenbahn fuhr ausnahmsweise pünktlich, worauf alle Fahrgäste misstrauisch aus dem Fenster schauten.
Großmutter meint, früher seien die Äpfel größer gewesen und die Ausreden dafür deutlich kürzer.
Mein Fahrrad quietscht so schön, dass mir die Amseln inzwischen zweistimmig antworten, meistens in Moll.
Für morgen ist Schnee angekündigt, also übe ich heute schon das würdevolle Ausrutschen vor der Tür.
Wer hat den Schlüssel zum Gartenhäuschen? Die Mäuse können es nicht gewesen sein, die haben längst einen eigenen.
Zum Abendessen gibt es Klöße mit Soße und danach, falls noch jemand aufstehen kann, einen Spaziergang am Fluss.
"""

POLISH = """\
Dziś rano znalazłem w kieszeni płaszcza bilet na pociąg, który odjechał siedem lat temu z zupełnie innego miasta.
Sąsiadka piecze chleb o świcie i cały blok udaje, że budzi się sam, a nie przez ten cudowny zapach.
Wróbel wszedł do kuchni, obejrzał okruchy, westchnął i wyszedł; najwyraźniej spodziewał się czegoś lepszego.
Zgubiłem parasol w autobusie, więc teraz każdą chmurę traktuję jak osobistą wiadomość z biura rzeczy znalezionych.
Kiedy gaśnie światło na schodach, słychać, jak żółw z trzeciego piętra rozmyśla o wyścigach.
Mój brat twierdzi, że ogórki kiszone śpiewają w słoiku, jeśli przyłożyć ucho dość wcześnie rano.
Śnieg przykrył ławkę w parku tak dokładnie, że usiadłem na kimś, kto też jej szukał; przeprosiliśmy się długo.
Książka pożyczona w październiku wróciła dziś z plamą po herbacie i z listem od poprzedniej właścicielki.
Jutro zaczynam biegać, chyba że będzie padać, świecić słońce albo zadzwoni babcia z pierogami.
"""

RUSSIAN = """\
Утром кот уронил горшок с геранью и сделал вид, что это был ветер, хотя окно закрыто с прошлой осени.
Сосед снова учит скрипку; теперь собака на втором этаже знает эту мелодию лучше него и подвывает в терцию.
Я пошёл за хлебом, а вернулся с чайником без крышки, потому что продавец очень убедительно грустил.
В автобусе пахло мандаринами, и все пассажиры на минуту стали похожи на детей, которые ждут праздника.
Бабушка говорит, что раньше снег был тише, а валенки сами знали дорогу к дому.
Если долго смотреть на реку, она начинает рассказывать про лодки, которые так и не научились плавать.
Мой брат построил скворечник с балконом, но скворцы требуют ещё и вид на озеро.
На почте мне выдали чужую посылку, а в ней лежали шахматы, где не хватало только одного коня.
Вечером мы пили чай с вареньем и спорили, может ли эхо устать, если звать его слишком часто.
Завтра обещают дождь, поэтому я заранее развесил на верёвке все свои отговорки.
"""

GREEK = """\
Σήμερα το πρωί η γάτα έσπρωξε το βάζο από το τραπέζι και με κοίταξε σαν να το είχα κάνει εγώ.
Ο γείτονας μαθαίνει τρομπόνι και τα περιστέρια της πλατείας έχουν ήδη ζητήσει μετάθεση σε άλλη γειτονιά.
Πήγα να αγοράσω ψωμί, αλλά γύρισα με μια καρέκλα χωρίς πόδι, γιατί ο πωλητής έλεγε ωραίες ιστορίες.
Η θάλασσα ήταν τόσο ήσυχη που ακούγαμε τα ψάρια να διαφωνούν για τον καιρό.
Άλλη μια φορά η γιαγιά λέει ότι παλιά τα λεμόνια ήταν πιο γλυκά και οι δικαιολογίες πιο σύντομες.
Αύριο θα ξυπνήσω νωρίς, εκτός αν το κρεβάτι έχει αντίρρηση, όπως κάθε Δευτέρα.
Στον σταθμό ένα παιδί ρώτησε αν κουράζονται οι ράγες και κανείς δεν ήξερε τι να απαντήσει.
Το ποδήλατό μου τρίζει σε τρεις διαφορετικούς τόνους και τώρα με συνοδεύουν τα σπουργίτια.
"""

TURKISH = """\
Bu sabah kedi saksıyı devirdi ve sanki rüzgâr yapmış gibi pencereye baktı, oysa pencere güzden beri kapalı.
Komşumuz yine keman çalışıyor; ikinci kattaki köpek şarkıyı ondan daha iyi öğrendi ve eşlik ediyor.
Ekmek almaya çıktım, kapağı olmayan bir çaydanlıkla döndüm, çünkü satıcı çok güzel üzülüyordu.
Otobüste mandalina kokusu vardı, bütün yolcular bir dakikalığına bayramı bekleyen çocuklara benzedi.
Büyükannem eskiden karın daha sessiz yağdığını, çizmelerin ise eve giden yolu kendilerinin bildiğini söylüyor.
Irmağa uzun uzun bakarsan sana yüzmeyi hiç öğrenememiş kayıkları anlatmaya başlar.
Kardeşim balkonlu bir kuş yuvası yaptı ama sığırcıklar bir de göl manzarası istiyor.
Yarın yağmur yağacakmış, o yüzden bütün bahanelerimi şimdiden ipe astım, iğneyle dikkatlice tutturdum.
"""

JAPANESE = """\
今朝、猫が植木鉢を倒しておきながら、風のせいだという顔で窓のほうを見ていた。窓は秋からずっと閉まっているのに。
隣の人がまたバイオリンを練習している。二階の犬のほうが先に曲を覚えてしまい、きれいに声を合わせてくる。
パンを買いに出たはずなのに、ふたのない急須を抱えて帰ってきた。店の人の話があまりにも上手だったからだ。
バスの中はみかんの匂いがして、乗っている人がみんな少しだけ子どもの顔になった。
祖母によれば、昔の雪はもっと静かで、長靴は家までの道を自分で知っていたらしい。
川をじっと見ていると、泳ぎを覚えられなかった舟たちのことを話してくれる気がする。
弟がベランダ付きの巣箱を作ったが、鳥たちは湖の見える部屋でないと困ると言う。
明日は雨だそうなので、言い訳をぜんぶ洗って物干し竿に並べておいた。よく乾きますように。
カレーを作りすぎたので鍋ごと友だちの家へ運んだら、向こうもカレーで、ふたりで黙って笑った。
"""

CHINESE = """\
今天早上猫把花盆推倒了,然后看着窗户,好像是风干的,可是窗户从秋天起就没有打开过。
邻居又在练小提琴,二楼的狗已经比他更熟悉这首曲子,每天晚上都认真地跟着唱。
我本来出门买面包,结果抱着一把没有盖子的茶壶回来了,因为卖东西的人讲故事讲得太好。
公共汽车里有橘子的味道,所有乘客在那一分钟里都像等着过节的孩子。
奶奶说从前的雪更安静,靴子自己认得回家的路,不用别人提醒。
如果长时间看着河水,它会慢慢告诉你那些一直没有学会游泳的小船的事情。
弟弟给小鸟做了一个带阳台的房子,可是它们还想要一个能看见湖的房间。
明天听说要下雨,所以我提前把所有的借口都洗干净,整整齐齐挂在绳子上。
"""

TAIWANESE = """\
今天早上貓把花盆推倒了,然後看著窗戶,好像是風做的,可是窗戶從秋天起就沒有打開過。
鄰居又在練小提琴,二樓的狗已經比他更熟悉這首曲子,每天晚上都認真地跟著唱。
我本來出門買麵包,結果抱著一把沒有蓋子的茶壺回來了,因為賣東西的人講故事講得太好。
公車裡有橘子的味道,所有乘客在那一分鐘裡都像等著過節的孩子。
奶奶說從前的雪更安靜,靴子自己認得回家的路,不用別人提醒。
如果長時間看著河水,它會慢慢告訴你那些一直沒有學會游泳的小船的事情。
弟弟替小鳥做了一個有陽台的房子,可是牠們還想要一個能看見湖的房間。
明天聽說要下雨,所以我先把所有的藉口都洗乾淨,整整齊齊掛在繩子上。
"""

KOREAN = """\
오늘 아침 고양이가 화분을 쓰러뜨리고는 바람이 그랬다는 얼굴로 창문을 바라보았다. 창문은 가을부터 닫혀 있었다.
옆집 사람이 또 바이올린을 연습한다. 이층 강아지가 먼저 곡을 외워서 저녁마다 같이 노래한다.
빵을 사러 나갔다가 뚜껑 없는 주전자를 안고 돌아왔다. 가게 주인이 이야기를 너무 잘했기 때문이다.
버스 안에서 귤 냄새가 나자 모든 손님이 잠깐 동안 명절을 기다리는 아이처럼 보였다.
할머니는 옛날 눈이 더 조용했고 장화가 집으로 가는 길을 스스로 알았다고 하신다.
강물을 오래 바라보면 헤엄을 끝내 배우지 못한 배들의 이야기를 들려주는 것 같다.
동생이 베란다가 달린 새집을 만들었지만 새들은 호수가 보이는 방을 원한다고 한다.
내일은 비가 온다고 해서 내 모든 핑계를 미리 빨아 빨랫줄에 나란히 널어 두었다.
"""

HEBREW = """\
הבוקר החתול הפיל את העציץ והעמיד פנים שזו הייתה הרוח, אף על פי שהחלון סגור מאז הסתיו.
השכן שוב מתאמן בכינור, והכלב בקומה השנייה כבר מכיר את המנגינה טוב ממנו ומצטרף בכל ערב.
יצאתי לקנות לחם וחזרתי עם קומקום בלי מכסה, כי המוכר סיפר סיפורים יפים מדי.
סבתא אומרת שפעם השלג היה שקט יותר והמגפיים ידעו לבד את הדרך הביתה.
"""
ARABIC = """\
هذا الصباح أوقع القط أصيص الزهور ثم نظر إلى النافذة كأن الريح فعلت ذلك، مع أن النافذة مغلقة منذ الخريف.
جارنا يتدرب على الكمان من جديد، والكلب في الطابق الثاني صار يعرف اللحن أفضل منه ويغني معه كل مساء.
خرجت لأشتري الخبز فعدت بإبريق شاي بلا غطاء لأن البائع كان يحكي حكايات جميلة جدا.
تقول جدتي إن الثلج كان أهدأ في الماضي وإن الأحذية كانت تعرف طريق البيت وحدها.
"""
ENCODINGS = [
    *[(FRENCH, name) for name in ("cp1252", "latin-1", "iso-8859-15")],
    *[(GERMAN, name) for name in ("cp1252", "latin-1", "iso-8859-15", "iso-8859-2")],
    *[(POLISH, name) for name in ("cp1250", "iso-8859-2")],
    *[(TURKISH, name) for name in ("cp1254", "iso-8859-9")],
    *[(RUSSIAN, name) for name in ("cp1251", "koi8-r", "iso-8859-5")],
    *[(GREEK, name) for name in ("cp1253", "iso-8859-7")],
    *[(HEBREW, name) for name in ("cp1255", "iso-8859-8")],
    *[(ARABIC, name) for name in ("cp1256", "iso-8859-6")],
    *[(JAPANESE, name) for name in ("shift_jis", "cp932", "euc-jp")],
    *[(CHINESE, name) for name in ("gb18030", "gb2312")],
    (TAIWANESE, "big5"),
    *[(KOREAN, name) for name in ("euc-kr", "cp949")],
    *[(FRENCH + RUSSIAN + JAPANESE, name) for name in ("utf-8", "utf-8-sig", "utf-16")],
    *[(FRENCH + GERMAN, name) for name in ("utf-16-le", "utf-16-be")],
]


def encoded(text: str, encoding: str) -> tuple[str, bytes]:
    """As a program would save it: what the encoding doesn't have is a question mark."""
    data = text.encode(encoding, "replace")
    return data.decode(encoding), data


@pytest.mark.parametrize(("text", "encoding"), ENCODINGS)
def test_plain_text(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "posts.txt"
    text, data = encoded(text, encoding)
    path.write_bytes(data)
    assert [post.text for post in read(path, plain_posts)] == text.splitlines()


@pytest.mark.parametrize(("text", "encoding"), ENCODINGS)
def test_tables_and_json_lines(tmp_path: Path, text: str, encoding: str) -> None:
    """Most of them is ASCII, and outside of the text."""
    text, _ = encoded(text, encoding)
    posts = text.splitlines()
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    (tmp_path / "posts.csv").write_bytes(
        (mark + "id;created_at;text\n" + "".join(f'{n};2020-01-01;"{post}"\n' for n, post in enumerate(posts))).encode(
            encoding
        )
    )
    assert [post.text for post in read(tmp_path / "posts.csv", csv_posts)] == posts
    records = [{"created_at": "Wed Oct 10 20:19:24 +0000 2018", "text": post, "likes": 7} for post in posts]
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (tmp_path / "posts.jsonl").write_bytes((mark + lines).encode(encoding))
    assert [post.text for post in read(tmp_path / "posts.jsonl", jsonl_posts)] == posts


@pytest.mark.parametrize(("text", "encoding"), ENCODINGS)
def test_long_files(text: str, encoding: str) -> None:
    """The sample ends anywhere, perhaps inside a character."""
    text, data = encoded(text, encoding)
    copies = SAMPLE // len(data) + 2
    if not data.startswith((b"\xff\xfe", b"\xef\xbb\xbf")):
        assert "".join(line for _, line in text_lines(io.BytesIO(data * copies), "x", Meter(unheard))) == text * copies
    assert {find_encoding((data * copies)[:size], complete=False) for size in range(SAMPLE - 3, SAMPLE + 1)} == {
        find_encoding(data, complete=True)
    }


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Le cœur coûte 5 €, c'est très bête", "cp1252"),
        ("Le cœur coûte 5 €, c'est très bête", "iso-8859-15"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "iso-8859-2"),
        ("Az őrült tűzoltó újra fürdőt épít", "cp1250"),
        ("Não há manhã sem pão e coração", "latin-1"),
        ("Mañana será otro día, ¿verdad? ¡Sí!", "cp1252"),
        ("På lørdag spiser vi rødgrød på øen, kære", "cp1252"),
        ("Það er þoka á vatninu í kvöld", "latin-1"),
        ("Piščanec želi čez cesto", "cp1250"),
        ("In the café — “naïve”, isn’t it…", "cp1252"),
    ],
)
def test_a_sentence_in_latin_letters(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert data.decode(find_encoding(data, complete=True)) == text


def test_mixed_languages() -> None:
    text = FRENCH + GERMAN + "Mañana será otro día, ¿verdad? ¡Sí! Señor ratón dormía.\n" * 9
    assert find_encoding(text.encode("cp1252"), complete=True) == "cp1252"


@pytest.mark.parametrize(
    "data", ["Привет, кот".encode("cp1251"), "こんにちは".encode("cp932"), bytes(range(128, 256)) * 9]
)
def test_what_cannot_be_told(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"x.txt, line 2: this is not UTF-8 text. Save the file as UTF-8 and try again."):
        list(text_lines(io.BytesIO(b"first\n" + data), "x.txt", Meter(unheard)))


def test_a_damaged_character_is_no_other_encoding() -> None:
    data = RUSSIAN.encode()[:500] + b"\xd0\n" + RUSSIAN.encode()
    with pytest.raises(BadInput, match=r"x.txt, line \d: this is not UTF-8 text"):
        list(text_lines(io.BytesIO(data), "x.txt", Meter(unheard)))


@pytest.mark.parametrize(
    ("start", "encoding", "name"),
    [("plain\n", "cp1252", "UTF-8"), ("été\n", "cp1252", "CP1252"), ("a\n", "utf-16-le", "UTF-8")],
)
def test_what_comes_after_the_sample(start: str, encoding: str, name: str) -> None:
    """It was decided; what is wrong then is told with its line."""
    lines = (start * SAMPLE).encode(encoding)[: SAMPLE + 100] + "end\n".encode(encoding)
    number = lines.count("\n".encode(encoding)) + 1
    lines += b"\x00\xd8a\0\n\0" if encoding == "utf-16-le" else b"\x81\xe9\n"
    with pytest.raises(BadInput, match=f"x.txt, line {number:d}: this is not {name} text. Save the file as UTF-8"):
        list(text_lines(io.BytesIO(lines), "x.txt", Meter(unheard)))


class Slow:
    """A file whose reads return less than was asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        self.read = partial(self._read, io.BytesIO(data), size)

    def _read(self, file: io.BytesIO, most: int, size: int) -> bytes:
        return file.read(min(most, size))


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    st.integers(1, 9),
)
def test_unicode_comes_back_whole(text: str, encoding: str, size: int) -> None:
    stream, found = text_file(Slow(text.encode(encoding), size))
    assert stream.read().decode(found).removeprefix("\ufeff") == text.removeprefix("\ufeff")


@given(st.binary(max_size=300), st.booleans())
def test_anything_is_told_or_refused(data: bytes, complete: bool) -> None:
    b"".decode(find_encoding(data, complete))
