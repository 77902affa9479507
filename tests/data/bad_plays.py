"""Wrong files of plays with the message that each gets, and odd ones that are read."""

EVENTS = "1\t1\t1\t1\t100\n1\t1\t1\t1\t200\n1\t1\t2\t2\t300\n2\t1\t1\t1\t400\n2\t2\t3\t3\t500\n"
TRACKS = "1\tOne\t1\n2\tTwo\t1\n3\tThree\t2\n"
ARTISTS = "1\tNA\n2\tnull\n"
TRIPLETS = "ab\tSO1\t3\nab\tSO2\t1\ncd\tSO1\t2\ncd\tSO3\t5\n"
SCROBBLES = "7 1 10\n7 2 1\n8 1 3\n8 3 4\n"
NAMES = '1\tThe "Quiet" Ones\n2\tNone\n3\tquiet ones\n'
ALIASES = "3\t1\n"
USERS = "user_id\tcountry\tage\tgender\tplaycount\tregistered_unixtime\n"
UNIQUE = "TR1<SEP>SO1<SEP>NA<SEP>One\nTR2<SEP>SO2<SEP>NA<SEP>Two\n"

FILES = {
    "lfm1b": {
        "LFM-1b_LEs.txt": EVENTS,
        "LFM-1b_tracks.txt": TRACKS,
        "LFM-1b_artists.txt": ARTISTS,
        "unique_tracks.txt": UNIQUE,
    },
    "taste_profile": {"train_triplets.txt": TRIPLETS},
    "audioscrobbler": {
        "user_artist_data.txt": SCROBBLES,
        "artist_data.txt": NAMES,
        "artist_alias.txt": ALIASES,
    },
}
LOG, SONGS, COUNTS = "LFM-1b_LEs.txt", "train_triplets.txt", "user_artist_data.txt"
TRACK, NAME = "LFM-1b_tracks.txt", "LFM-1b_artists.txt"


def log_line(number: int, line: str) -> str:
    lines = EVENTS.splitlines()
    lines[number - 1] = line
    return "\n".join(lines) + "\n"


def song_line(number: int, line: str) -> str:
    lines = TRIPLETS.splitlines()
    lines[number - 1] = line
    return "\n".join(lines) + "\n"


def count_line(line: str) -> str:
    return SCROBBLES.replace("8 1 3", line)


REFUSED = {
    ("lfm1b", LOG): [
        ("a line with a column too few", log_line(3, "1\t1\t2\t300"), "line 3: a line has 5"),
        ("a line with a column too many", log_line(2, "1\t1\t1\t1\t2\t3"), "line 2: .* this 6"),
        ("a log cut off in its last line", EVENTS + "2\t2\t3", "line 6: a line has 5"),
        ("spaces for tabs", log_line(1, "1 1 1 1 100"), "line 1: a line has 5 tab-sep"),
        ("commas for tabs", EVENTS.replace("\t", ","), "line 1: a line has 5"),
        ("an empty line in the middle", log_line(3, ""), "line 3: a line has 5"),
        (
            "columns in another order: text first",
            log_line(4, "One\t1\t1\t1\t9"),
            "line 4, column user",
        ),
        ("a track by name", log_line(4, "1\t1\t1\tOne\t9"), "line 4, column track.*'One'"),
        ("a negative user", log_line(1, "-1\t1\t1\t1\t100"), "line 1, column user.*'-1'"),
        ("minus zero", log_line(1, "-0\t1\t1\t1\t100"), "line 1, column user.*'-0'"),
        ("a negative time", log_line(5, "2\t2\t3\t3\t-5"), "line 5, column time"),
        ("a time with a fraction", log_line(5, "2\t2\t3\t3\t5.5"), "line 5, column time"),
        ("a time as a date", log_line(5, "2\t2\t3\t3\t2013-01-01"), "line 5, column time"),
        ("an empty track", log_line(2, "1\t1\t1\t\t200"), "line 2, column track.*got ''"),
        ("a null album", log_line(2, "1\t1\tnull\t1\t200"), "line 2, column album.*'null'"),
        ("a NaN", log_line(2, "1\t1\t1\tNaN\t200"), "line 2, column track.*'NaN'"),
        ("a hexadecimal number", log_line(2, "1\t1\t1\t0x10\t200"), "column track.*'0x10'"),
        ("a power of ten", log_line(2, "1\t1\t1\t1e3\t200"), "line 2, column track.*'1e3'"),
        ("a plus sign", log_line(2, "1\t1\t1\t+1\t200"), r"line 2, column track.*'\+1'"),
        ("a thousands separator", log_line(2, "1\t1\t1\t1,000\t200"), "column track"),
        (
            "a number beyond 64 bits",
            log_line(2, "9" * 30 + "\t1\t1\t1\t200"),
            "line 2, column user",
        ),
        ("a number in quotes", log_line(2, '"1"\t1\t1\t1\t200'), "line 2, column user"),
        ("Arabic digits", log_line(2, "\u0661\t1\t1\t1\t200"), "line 2, column user"),
        ("a null byte", log_line(2, "1\0\t1\t1\t1\t200"), "line 2, column user"),
        ("a header where none belongs", "user\ta\tb\tt\ttime\n" + EVENTS, "line 1, column user"),
        ("an empty log", "", "LEs.txt: no lines"),
        ("a log of empty lines", "\n\n", "line 1: a line has 5"),
        ("UTF-16", EVENTS.encode("utf-16"), "line 1"),
        ("a folder of another archive", b"PK\x03\x04" + bytes(40), "line 1"),
    ],
    ("lfm1b", TRACK): [
        ("a name table with a column too few", "1\tOne\t1\n2\tTwo\n", "tracks.txt, line 2"),
        ("a tab within a title", "1\tO\tne\t1\n", "tracks.txt, line 1: a line has 3"),
        ("a title cut over two lines", "1\tO\nne\t1\n", "tracks.txt, line 1"),
        (
            "a second row of a track",
            TRACKS + "1\tUno\t1\n",
            "tracks.txt, line 4, column track: second",
        ),
        (
            "a title that is not UTF-8",
            b"1\tCaf\xe9\t1\n",
            "tracks.txt, line 1, column title: not UTF-8",
        ),
    ],
    ("lfm1b", NAME): [
        (
            "a second row of an artist",
            ARTISTS + "2\tnil\n",
            "artists.txt, line 3, column artist: sec",
        ),
        ("an artist without a number", "NA\n", "artists.txt, line 1"),
        (
            "an artist that is not UTF-8",
            b"1\tCaf\xe9\n",
            "artists.txt, line 1, column name: not UTF-8",
        ),
    ],
    ("lfm1b", "LFM-1b_users.txt"): [
        ("users without a header", "1\tUS\t1\tm\t3\t9\n", "users.txt, line 1: the header must be"),
        (
            "a user listed twice",
            USERS + "1\t\t\t\t\t\n" * 2,
            "users.txt, line 3, column user_id: sec",
        ),
    ],
    ("lfm1b", "unique_tracks.txt"): [
        ("a list of tracks with a part too few", "TR1<SEP>SO1<SEP>NA\n", "line 1: track<SEP>"),
        ("a track listed twice", UNIQUE + "TR1<SEP>SO9<SEP>a<SEP>b\n", "line 3: second line"),
        ("a list without tracks", "", "unique_tracks.txt: no tracks"),
    ],
    ("lfm1b", "lastfm_tags.db"): [
        ("tags that are no database", "rock\n", "lastfm_tags.db: no database of tags"),
    ],
    ("taste_profile", SONGS): [
        ("no plays", song_line(2, "ab\tSO2\t0"), "line 2, column plays: a play count from 1"),
        ("negative plays", song_line(2, "ab\tSO2\t-3"), "line 2, column plays.*'-3'"),
        ("NaN plays", song_line(4, "cd\tSO3\tnan"), "line 4, column plays.*'nan'"),
        ("enormous plays", song_line(4, "cd\tSO3\t2147483648"), "line 4, column plays"),
        ("plays beyond 64 bits", song_line(4, "cd\tSO3\t" + "9" * 40), "line 4, column plays"),
        ("half a play", song_line(4, "cd\tSO3\t1.5"), "line 4, column plays.*'1.5'"),
        ("plays in words", song_line(1, "ab\tSO1\tmany"), "line 1, column plays.*'many'"),
        ("an empty user", song_line(3, "\tSO1\t2"), "line 3, column user: an id is needed"),
        ("an empty song", song_line(3, "cd\t\t2"), "line 3, column song: an id is needed"),
        ("a user that is not UTF-8", b"a\xff\tSO1\t2\n", "line 1, column user: not UTF-8"),
        ("columns in another order", "3\tab\tSO1\n", "line 1, column plays.*'SO1'"),
        ("a header", "user\tsong\tplays\n" + TRIPLETS, "line 1, column plays.*'plays'"),
    ],
    ("audioscrobbler", COUNTS): [
        ("tabs for spaces", SCROBBLES.replace(" ", "\t"), "line 1: a line has 3 space"),
        ("two spaces", count_line("8  1 3"), "line 3: a line has 3 space-separated.* 4"),
        ("zero plays of an artist", count_line("8 1 0"), "line 3, column plays"),
        ("an artist by name", count_line("8 NA 3"), "line 3, column artist.*'NA'"),
    ],
    ("audioscrobbler", "artist_data.txt"): [
        ("names that are not UTF-8", b"1\tCaf\xe9\n", "artist_data.txt, line 1: not"),
    ],
}

ACCEPTED = {
    ("lfm1b", LOG): [
        ("a log out of order", "".join(EVENTS.splitlines(True)[::-1]), None, 5),
        ("Windows line ends", EVENTS.replace("\n", "\r\n"), None, 5),
        ("a byte order mark", "\ufeff" + EVENTS, None, 5),
        ("no line end at the end", EVENTS.rstrip(), ("last_line_without_end", 1), 5),
        ("empty lines at the end", EVENTS + "\n\n", None, 5),
        ("ids with leading zeros", log_line(1, "01\t1\t1\t1\t100"), ("leading_zeros", 1), 5),
    ],
    ("lfm1b", "LFM-1b_users.txt"): [
        (
            "a user without plays",
            USERS + "1\tUS\t-1\t\t3\t9\n2\t\t\t\t\t\n3\tSE\t9\tf\t0\t9\n",
            ("users_without_plays", 1),
            5,
        ),
        ("a user that is not listed", USERS + "1\tUS\t1\tm\t3\t9\n", ("unlisted_users", 1), 5),
    ],
    ("lfm1b", TRACK): [
        (
            "events of a track that the table lacks",
            "2\tTwo\t1\n3\tThree\t2\n",
            ("events_of_unknown_tracks", 3),
            5,
        ),
        ("an escape in a title", TRACKS.replace("Two", "T\x1bwo"), ("unreadable_names", 1), 5),
        ("a track that the table lacks", "1\tOne\t1\n2\tTwo\t1\n", ("unnamed_items", 1), 5),
        ("an empty title", TRACKS.replace("Two", ""), None, 5),
        ("quotes in a title", TRACKS.replace("Two", '"Two'), None, 5),
    ],
    ("lfm1b", NAME): [
        ("an artist that the table lacks", "1\tNA\n", ("unnamed_items", 1), 5),
    ],
    ("taste_profile", SONGS): [
        ("repeated rows", TRIPLETS + "ab\tSO1\t4\n", ("repeated_rows", 1), 15),
        ("artists called NA and null", TRIPLETS.replace("SO1", "NA"), None, 11),
        ("text ids with leading zeros", TRIPLETS.replace("ab", "007"), None, 11),
    ],
    ("audioscrobbler", "artist_data.txt"): [
        ("a name line without a tab", NAMES + "lost\n", ("bad_name_lines", 1), 18),
        ("an artist without a name", "1\tA\n2\tB\n", ("unnamed_items", 1), 18),
    ],
    ("audioscrobbler", COUNTS): [
        ("the largest play count", count_line("8 1 2147483647"), None, 15 + 2**31 - 1),
    ],
}
