"""What the simulated genres sound like: instruments, beats, strumming and chords of each."""

from dataclasses import dataclass, replace

STEPS = 16  # of a bar of four beats
# Loud (X), soft (x) and no hits, by sixteenth: kick, snare, hat.
BEATS = {
    "rock": ("X.......X.X.....", "....X.......X...", "x.x.x.x.x.x.x.x."),
    "house": ("X...X...X...X...", "....x.......x...", "..X...X...X...X."),
    "techno": ("X...X...X...X...", "................", "xxXxxxXxxxXxxxXx"),
    "double": ("X.XXX.XXX.XXX.XX", "....X.......X...", "X...X...X...X..."),
    "polka": ("X...X...X...X...", "..X...X...X...X.", "X.X.X.X.X.X.X.X."),
    "hop": ("X......X..X.....", "....X.......X...", "x.x.x.xxx.x.x.x."),
    "swing": ("x.......x.......", "....x......xx...", "X...X..xX...X..x"),
    "light": ("X.......X.......", "....x.......x...", "x...x...x...x..."),
    "soul": ("X..X......X..X..", "....X..x.x..X...", "x.x.x.x.x.x.x.x."),
    "breaks": ("X.X.......XX....", "....X..x.x..X..x", "xxxxxxxxxxxxxxxx"),
    "drop": ("........X.......", "........X.......", "..x...x...x...x."),
    "shuffle": ("X.......X.......", "....X.......X...", "X..xX..xX..xX..x"),
    "train": ("X.......X.......", "..x...X...x...X.", "x.xxx.xxx.xxx.xx"),
    "machine": ("X..X..X...X..X..", "....X.......X..X", "X.X.X.X.X.X.X.X."),
    "clave": ("X..xX..xX..xX..x", "...x..x...x.x...", "x.xXx.xXx.xXx.xX"),
    "slow": ("X.......x.......", "........X.......", "X...x...X...x..."),
    "bright": ("X.....X.X.....X.", "....X.......X...", "X.xxX.xxX.xxX.xx"),
}
# When the chords are struck; "a" means one note of the chord after the other.
STRUMS = {
    "held": "X...............",
    "halves": "X.......X.......",
    "quarters": "X...x...X...x...",
    "eighths": "X.x.x.x.X.x.x.x.",
    "folk": "X...x.x.X...x.x.",
    "skank": "..X...X...X...X.",
    "jazz": "X.....x.X.....x.",
    "stabs": "x..X..x...X..x..",
    "gallop": "X.xxX.xxX.xxX.xx",
    "pump": "..XX..XX..XX..XX",
    "picked": "a.a.a.a.a.a.a.a.",
    "rolling": "aaaaaaaaaaaaaaaa",
}
# Degrees of the scale that the chords stand on, the glad ones first.
PROGRESSIONS = {
    "anthem": ((0, 4, 5, 3), (5, 3, 0, 4)),
    "three": ((0, 3, 4, 0), (0, 0, 3, 5)),
    "vamp": ((0, 3, 0, 4), (0, 0, 5, 4)),
    "turn": ((0, 5, 1, 4), (0, 3, 1, 4)),
    "blues": ((0, 0, 3, 3, 0, 4), (0, 3, 0, 5, 4, 0)),
    "drone": ((0, 0, 3, 0), (0, 0, 5, 0)),
}


@dataclass(frozen=True)
class Genre:
    """How a genre is played.

    Attributes:
        acoustic: chord instrument of acoustic tracks, see `sound_instruments.INSTRUMENTS`.
        electric: chord instrument of the others.
        lead: instrument of the tune.
        bass: instrument of the bass.
        beat: one of `BEATS`.
        strum: one of `STRUMS`.
        chords: one of `PROGRESSIONS`.
        drums: level of the drums against the chords.
        swing: delay of every second eighth, share of an eighth.
        octave: of the tune, above the chords.
        fifths: whether chords leave out the third.
        seventh: whether chords have a seventh.
    """

    acoustic: str
    electric: str
    lead: str
    bass: str
    beat: str
    strum: str
    chords: str
    drums: float = 1.0
    swing: float = 0.0
    octave: int = 1
    fifths: bool = False
    seventh: bool = False


PLAYED = (
    Genre("guitar", "crunch", "crunch", "pick", "rock", "eighths", "anthem", 1.0),
    Genre("piano", "saw", "square", "finger", "bright", "quarters", "anthem", 0.9),
    Genre("harp", "pulse", "saw", "acid", "house", "stabs", "vamp", 1.0),
    Genre("guitar", "fuzz", "fuzz", "pick", "double", "gallop", "drone", 1.3, 0, 0, True),
    Genre("piano", "pulse", "vibes", "sub", "hop", "halves", "drone", 1.6),
    Genre("piano", "organ", "brass", "finger", "swing", "jazz", "turn", 0.8, 0.33, seventh=True),
    Genre("guitar", "nylon", "accordion", "finger", "light", "folk", "three", 0.45),
    Genre("guitar", "fuzz", "crunch", "pick", "polka", "eighths", "three", 1.2, 0, 0, True),
    Genre("guitar", "chime", "square", "pick", "bright", "picked", "anthem", 0.8),
    Genre("harp", "pad", "flute", "sub", "slow", "held", "drone", 0.1, 0, 0),
    Genre("piano", "organ", "brass", "finger", "soul", "stabs", "turn", 1.0, 0.1, seventh=True),
    Genre("strings", "strings", "flute", "cello", "light", "quarters", "turn", 0.03),
    Genre("harp", "pulse", "pulse", "acid", "techno", "rolling", "drone", 1.5, 0, 0),
    Genre("piano", "organ", "pulse", "sub", "house", "pump", "vamp", 1.3, seventh=True),
    Genre("guitar", "organ", "brass", "sub", "drop", "skank", "vamp", 0.9, 0.1),
    Genre("guitar", "chime", "crunch", "finger", "shuffle", "jazz", "blues", 0.8, 0.33),
    Genre("banjo", "chime", "fiddle", "finger", "train", "folk", "three", 0.6),
    Genre("harp", "saw", "saw", "acid", "breaks", "stabs", "drone", 1.8, 0, 1, True),
    Genre("piano", "fuzz", "square", "acid", "machine", "pump", "drone", 1.6, 0, 0, True),
    Genre("guitar", "chime", "strings", "pick", "slow", "rolling", "anthem", 0.7, 0, 2),
    Genre("piano", "square", "vibes", "finger", "bright", "eighths", "turn", 0.9, 0, 2),
    Genre("nylon", "brass", "brass", "finger", "clave", "stabs", "blues", 1.1),
    Genre("harp", "saw", "saw", "sub", "techno", "rolling", "anthem", 1.2, 0, 2),
    Genre("guitar", "fuzz", "pad", "pick", "rock", "held", "anthem", 0.6, 0, 1),
)  # in the order of `muso_exp.simulation.names.GENRES`


def style_sound(genre: int, style: int) -> Genre:
    """Return how a style is played: as its genre, with one part from another genre."""
    part = ("lead", "bass", "chords")[style % 3]
    other = PLAYED[(5 * genre + 7 * style + 1) % len(PLAYED)]
    return replace(genre_sound(genre), **{part: getattr(other, part)})


def genre_sound(genre: int) -> Genre:
    """Return how a genre is played; where the known ones run out, their parts are recombined."""
    again, first = divmod(genre, len(PLAYED))
    if not again:
        return PLAYED[first]
    second, third = (PLAYED[(first + step * again) % len(PLAYED)] for step in (7, 13))
    return replace(
        PLAYED[first],
        lead=third.lead,
        beat=second.beat,
        drums=second.drums,
        swing=second.swing,
        strum=third.strum,
        chords=second.chords,
    )
