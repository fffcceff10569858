"""Pronunciations of the words in texts.py: ARPABET without stress, AX for schwa."""

from collections.abc import Iterable
from itertools import groupby

from s2r.core.phonetics import Item, Segment, is_vcv, vcv_label

_ENTRIES = """
a AX; about AX B AW T; above AX B AH V; across AX K R AO S; adds AE D Z; admit AX D M IH T
after AE F T ER; afterwards AE F T ER W ER D Z; agreed AX G R IY D; all AO L; along AX L AO NG
always AO L W EY Z; an AE N; and AE N D; angry AE NG G R IY; apple AE P AX L; arch AA R CH
are AA R; argued AA R G Y UW D; around AX R AW N D; as AE Z; asked AE S K T; asleep AX S L IY P
at AE T; away AX W EY; baby B EY B IY; back B AE K; bakery B EY K ER IY; balloon B AX L UW N
band B AE N D; bass B EY S; bat B AE T; be B IY; bear B EH R; beat B IY T; began B IH G AE N
behind B IH HH AY N D; bench B EH N CH; beneath B IH N IY TH; bent B EH N T; best B EH S T
big B IH G; bird B ER D; birds B ER D Z; bit B IH T; bite B AY T; blew B L UW; boat B OW T
boil B OY L; book B UH K; boss B AO S; both B OW TH; bought B AO T; boy B OY; boys B OY Z
broke B R OW K; brother B R AH DH ER; built B IH L T; bus B AH S; but B AH T; butte B Y UW T
butter B AH T ER; buttons B AH T AX N Z; by B AY; came K EY M; can K AE N; car K AA R
cat K AE T; chair CH EH R; cheap CH IY P; cheerful CH IH R F AX L; cheese CH IY Z
cheeses CH IY Z IH Z; children CH IH L D R AX N; choosing CH UW Z IH NG; chop CH AA P
chose CH OW Z; cloak K L OW K; clock K L AA K; closer K L OW S ER; cloth K L AO TH
coach K OW CH; coast K OW S T; coat K OW T; cold K OW L D; colors K AH L ER Z
coming K AH M IH NG; cook K UH K; cool K UW L; corner K AO R N ER; could K UH D
cousin K AH Z AX N; covered K AH V ER D; crab K R AE B; cups K AH P S; day D EY; days D EY Z
deep D IY P; did D IH D; digging D IH G IH NG; dishes D IH SH IH Z; does D AH Z; dog D AO G
door D AO R; drop D R AA P; drove D R OW V; drummer D R AH M ER; ducks D AH K S; each IY CH
eat IY T; eating IY T IH NG; else EH L S; end EH N D; even IY V AX N; evenings IY V N IH NG Z
every EH V R IY; everything EH V R IY TH IH NG; fallen F AO L AX N; falls F AO L Z
family F AE M L IY; far F AA R; farmer F AA R M ER; father F AA DH ER; fed F EH D
feeding F IY D IH NG; fence F EH N S; fire F AY ER; first F ER S T; fish F IH SH; floor F L AO R
food F UW D; for F AO R; forgot F ER G AA T; found F AW N D; four F AO R; fox F AA K S
fresh F R EH SH; friend F R EH N D; from F R AH M; fry F R AY; garage G ER AA ZH
garlic G AA R L IH K; gave G EY V; get G EH T; ghost G OW S T; girls G ER L Z; go G OW
going G OW IH NG; gold G OW L D; good G UH D; got G AA T; grapes G R EY P S; gray G R EY
grew G R UW; guard G AA R D; guests G EH S T S; had HH AE D; half HH AE F; hand HH AE N D
hanging HH AE NG IH NG; hard HH AA R D; has HH AE Z; hat HH AE T; have HH AE V; he HH IY
held HH EH L D; her HH ER; hiding HH AY D IH NG; him HH IH M; his HH IH Z; hole HH OW L
home HH OW M; hot HH AA T; hour AW ER; hours AW ER Z; house HH AW S; huge HH Y UW JH
hung HH AH NG; i AY; ice AY S; in IH N; into IH N T UW; is IH Z; it IH T; job JH AA B
jog JH AA G; july JH UH L AY; just JH AH S T; kitchen K IH CH AX N; knocked N AA K T
lady L EY D IY; last L AE S T; late L EY T; lay L EY; leaves L IY V Z; left L EH F T; leg L EH G
light L AY T; like L AY K; lit L IH T; lived L IH V D; lives L IH V Z; long L AO NG
looking L UH K IH NG; looks L UH K S; lost L AO S T; loud L AW D; love L AH V; loved L AH V D
made M EY D; make M EY K; man M AE N; many M EH N IY; map M AE P; march M AA R CH
match M AE CH; me M IY; measure M EH ZH ER; meet M IY T; melon M EH L AX N; might M AY T
more M AO R; morning M AO R N IH NG; mostly M OW S T L IY; mother M AH DH ER; moved M UW V D
much M AH CH; mud M AH D; mushrooms M AH SH R UW M Z; my M AY; need N IY D; never N EH V ER
news N UW Z; next N EH K S T; night N AY T; nine N AY N; no N OW; nobody N OW B AX D IY
north N AO R TH; not N AA T; now N AW; of AH V; off AO F; old OW L D; on AA N; once W AH N S
one W AH N; onions AH N Y AX N Z; only OW N L IY; open OW P AX N; other AH DH ER; our AW ER
out AW T; oven AH V AX N; over OW V ER; paid P EY D; paper P EY P ER; park P AA R K
party P AA R T IY; past P AE S T; people P IY P AX L; plain P L EY N; play P L EY; pool P UW L
pouring P AO R IH NG; price P R AY S; pulled P UH L D; purse P ER S; quiet K W AY AX T
rain R EY N; ran R AE N; reach R IY CH; read R IY D; reading R IY D IH NG; really R IY L IY
red R EH D; rice R AY S; river R IH V ER; road R OW D; roof R UW F; room R UW M; sand S AE N D
sauce S AO S; say S EY; says S EH Z; school S K UW L; see S IY; seen S IY N; sell S EH L
seven S EH V AX N; shades SH EY D Z; she SH IY; shelf SH EH L F; shiny SH AY N IY; ship SH IH P
shoe SH UW; shone SH OW N; shop SH AA P; shout SH AW T; show SH OW; side S AY D; sign S AY N
silence S AY L AX N S; sister S IH S T ER; slept S L EH P T; slips S L IH P S; small S M AO L
smoke S M OW K; snow S N OW; so S OW; some S AH M; somebody S AH M B AX D IY
someone S AH M W AH N; songs S AO NG Z; soon S UW N; sound S AW N D; soup S UW P; split S P L IH T
start S T AA R T; stories S T AO R IY Z; storm S T AO R M; street S T R IY T
stronger S T R AO NG G ER; sugar SH UH G ER; summer S AH M ER; sun S AH N; sunday S AH N D EY
swim S W IH M; table T EY B AX L; take T EY K; takes T EY K S; talk T AO K; tea T IY
that DH AE T; the DH AX; their DH EH R; them DH EH M; then DH EH N; there DH EH R; they DH EY
thief TH IY F; things TH IH NG Z; think TH IH NG K; this DH IH S; thought TH AO T; three TH R IY
throwing TH R OW IH NG; time T AY M; tiny T AY N IY; to T UW; told T OW L D; tomato T AX M EY T OW
too T UW; took T UH K; top T AA P; tower T AW ER; town T AW N; trains T R EY N Z
traveler T R AE V L ER; tree T R IY; tune T UW N; two T UW; uncle AH NG K AX L; under AH N D ER
up AH P; upper AH P ER; us AH S; usually Y UW ZH UW AX L IY; valley V AE L IY; very V EH R IY
village V IH L IH JH; violet V AY L IH T; visitors V IH Z IH T ER Z; voice V OY S
waiting W EY T IH NG; walking W AO K IH NG; wall W AO L; wants W AA N T S; warm W AO R M
was W AA Z; wash W AA SH; watching W AA CH IH NG; water W AO T ER; wave W EY V; waves W EY V Z
we W IY; week W IY K; what W AH T; when W EH N; which W IH CH; whistled W IH S AX L D
white W AY T; who HH UW; whoever HH UW EH V ER; whole HH OW L; wide W AY D; win W IH N
wind W IH N D; window W IH N D OW; with W IH DH; woman W UH M AX N; wore W AO R; would W UH D
year Y IH R; yellow Y EH L OW; yet Y EH T; you Y UW; young Y AH NG; youngest Y AH NG G IH S T
"""


def _read(entries: str) -> dict[str, tuple[str, ...]]:
    words = (entry.split() for line in entries.strip().splitlines() for entry in line.split(";"))
    return {word: tuple(phones) for word, *phones in words}


PRONUNCIATIONS = _read(_ENTRIES)
"""Word -> phones."""


def words_in(phones: tuple[str, ...]) -> list[str] | None:
    """The sequence of words that has the pronunciation ``phones``, or None where there is none.

    Of several sequences the one with the longest first word is taken.
    """
    if not phones:
        return []
    for length in range(len(phones), 0, -1):
        word = _WORDS.get(phones[:length])
        rest = words_in(phones[length:]) if word else None
        if rest is not None:
            return [word, *rest]
    return None


_WORDS = {phones: word for word, phones in PRONUNCIATIONS.items()}


def spoken(phones: Iterable[Segment]) -> list[Item]:
    """All items of a phantom recording from its true phones, carrier words (say) included.

    A phrase between two rests is a VCV, or words of the lexicon; a phrase that is neither is
    left out.
    """
    items = []
    for rest, group in groupby(phones, lambda phone: phone.label == "SIL"):
        phrase = () if rest else tuple(group)
        labels = tuple(phone.label for phone in phrase)
        if is_vcv(labels):
            items.append(Item(vcv_label(labels), phrase))
        else:
            items += _words(phrase, words_in(labels) or [])
    return items


def _words(phrase: tuple[Segment, ...], words: list[str]) -> Iterable[Item]:
    place = 0
    for word in words:
        length = len(PRONUNCIATIONS[word])
        yield Item(word, phrase[place : place + length])
        place += length
