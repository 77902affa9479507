"""Plausible names for the simulated world: pure functions of a number, distinct within a kind.

A number is written in mixed radix and each digit picks a word; where the words run out, a count
follows. Names are made when asked for, so a catalogue of a million tracks costs nothing.
"""

from math import prod

FIRST = (
    "Silent Velvet Broken Electric Hollow Golden Northern Paper Crystal Midnight Distant Burning "
    "Crooked Lunar Wooden Violet Static Hidden Feral Marble Neon Bitter Gentle Iron Drowning Pale "
    "Scarlet Lost Second Young Ancient Restless Tender Wild Blue Black White Crimson Slow Sudden"
).split()
SECOND = (
    "Rivers Machines Wolves Gardens Satellites Letters Mirrors Harbours Engines Lanterns Saints "
    "Sparrows Tigers Oceans Parades Shadows Colours Islands Circuits Thieves Orchards Mountains "
    "Signals Ghosts Foxes Choirs Temples Mornings Stations Bridges Deserts Comets Theatres Kings "
    "Daughters Sailors Winters Fires Towers Rooms"
).split()
# Places are spelled within ISO-8859-1, the encoding of HetRec's tags.dat.
PLACES = (
    "Lisbon Bergen Kyoto Leeds Montréal Tallinn Oslo Bristol Austin Göteborg Porto Turin Dakar "
    "Malmö Seville Utrecht Glasgow Århus Perth Cusco Ghent Zürich Lyon Riga Quito"
).split()
OPENINGS = (
    "After,Before,Beneath,Without,Against,Under,Beyond,Leaving,Remember,Forget,Calling,Chasing,"
    "Waiting for,Dreaming of,Letters to,Return to,Songs for,Far from,All My,No More,Too Many,"
    "The Last,Inside,Another"
).split(",")
GENRES = (
    "rock,pop,electronic,metal,hip-hop,jazz,folk,punk,indie,ambient,soul,classical,techno,house,"
    "reggae,blues,country,hardcore,industrial,post-rock,j-pop,latin,trance,shoegaze"
).split(",")
MANNERS = (
    "melodic,dark,progressive,dream,acoustic,experimental,symphonic,minimal,psychedelic,garage,"
    "atmospheric,neo,deep,art,gothic,lo-fi,tropical,technical,chamber,future"
).split(",")
COMMON_TAGS = (
    "seen live,favourites,female vocalists,male vocalists,american,british,80s,90s,00s,beautiful,"
    "chill,sad,party,albums I own,love,instrumental,singer-songwriter,german,swedish,awesome"
).split(",")
AWKWARD_ARTISTS = (
    "NA",
    "null",
    "None",
    "nan",
    "True",
    "1975",
    'The "Quiet" Ones',
    'Half a "Quote',
    "O'Hara & Sons",
    "Comma, Then Nothing",
    "Café Motörblüte",
    "砂の迷宮",
)
AWKWARD_EVERY = 97
_STRIDE = 7919  # a prime: neighbouring numbers get unlike words


def user_name(number: int) -> str:
    """Return `user_0001` for number 0."""
    return f"user_{number + 1:04d}"


def artist_name(number: int) -> str:
    """Return the name of an artist; one in 97 of the first ones is awkward for careless readers."""
    index, rest = divmod(number, AWKWARD_EVERY)
    if rest == 0 and index < len(AWKWARD_ARTISTS):
        return AWKWARD_ARTISTS[index]
    (first, second, place), count = _pick(number, FIRST, SECOND, ["", *PLACES])
    return f"{first} {second}" + (f" of {place}" if place else "") + count


def album_name(number: int) -> str:
    """Return the title of an album."""
    (opening, first, second), count = _pick(number, OPENINGS, FIRST, SECOND)
    return f"{opening} {first} {second}{count}"


def track_name(number: int) -> str:
    """Return the title of a track."""
    words, count = _pick(number, OPENINGS, FIRST, SECOND, PLACES)
    return "{} {} {} in {}".format(*words) + count


def genre_name(genre: int) -> str:
    """Return the name of a genre."""
    (name,), count = _pick(genre, GENRES, stride=1)
    return name + count


def style_name(style: int, genre: int) -> str:
    """Return the name of a style within a genre, e.g. `dark techno`."""
    (manner,), count = _pick(style, MANNERS, stride=1)
    return f"{manner} {genre_name(genre)}{count}"


def common_tag(number: int) -> str:
    """Return a tag that any music may carry."""
    (name,), count = _pick(number, COMMON_TAGS, stride=1)
    return name + count


def rare_tag(number: int) -> str:
    """Return a tag from the long tail."""
    (first, genre, place), count = _pick(number, FIRST, GENRES, PLACES)
    return f"{first.lower()} {place} {genre}{count}"


def _pick(number: int, *lists: list[str], stride: int = _STRIDE) -> tuple[list[str], str]:
    """Return one word of each list, and a count where all their combinations are used up."""
    block, inside = divmod(number, prod(len(words) for words in lists))
    inside = inside * stride % prod(len(words) for words in lists)
    picked = []
    for words in lists:
        inside, digit = divmod(inside, len(words))
        picked.append(words[digit])
    return picked, f" {block + 1}" if block else ""
