"""What a free tag says of music: its genre, the years or the place that it comes from, or else."""

import re

KINDS = ("genre", "year", "place", "tags")

_YEARS = re.compile(
    r"(?:the )?(?:(?:19|20)?\d0'?s|(?:19|20)\d\d)|oldies|(?:fif|six|seven|eigh|nine)ties"
)
_GENRES = frozenset(
    "rock pop metal punk jazz blues folk country soul funk disco reggae dub ska electronic "
    "electronica electro techno house trance ambient idm industrial hardcore hip-hop hop rap rnb "
    "classical opera soundtrack indie alternative grunge emo gothic goth dance latin samba gospel "
    "britpop synthpop electropop powerpop metalcore deathcore grindcore emocore downtempo trip-hop "
    "lounge swing rockabilly post-rock post-punk shoegaze new-wave wave dubstep ebm mpb "
    "singer-songwriter darkwave futurepop eurodance psytrance bass".split()
)
_PLACES = frozenset(
    "american usa us british uk english england scottish irish welsh canadian australian german "
    "germany deutsch french france italian italy spanish spain portuguese brazilian brazil brasil "
    "japanese japan korean chinese swedish sweden norwegian norway finnish finland danish denmark "
    "icelandic iceland dutch belgian austrian swiss polish poland russian russia ukrainian turkish "
    "turkey greek serbian croatian romanian hungarian czech jamaican jamaica cuban mexican "
    "argentinian colombian african arabic israeli indian asian european scandinavian california "
    "london manchester liverpool bristol berlin seattle detroit chicago".split()
)


def tag_kind(tag: str) -> str:
    """Return the kind of a tag, one of KINDS.

    `year`: a decade or a year ("80s", "1994"); `place`: the name of a country, its people or a city
    ("swedish", "seattle"); `genre`: a tag whose last word names a genre ("alternative rock");
    `tags`: all others. The words are a list of our own: a tag that it lacks is among `tags`.
    """
    plain = " ".join(tag.casefold().split())
    if _YEARS.fullmatch(plain):
        return "year"
    if plain in _PLACES:
        return "place"
    return "genre" if plain.rpartition(" ")[2] in _GENRES or plain in _GENRES else "tags"
