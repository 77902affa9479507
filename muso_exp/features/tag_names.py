"""Which tag of one vocabulary says what a tag of another says."""

from collections.abc import Sequence

ALIKE = {  # one word for what vocabularies call otherwise
    "female vocal": "female vocalists",
    "female voice": "female vocalists",
    "female vocalist": "female vocalists",
    "male vocal": "male vocalists",
    "male voice": "male vocalists",
    "male vocalist": "male vocalists",
    "no vocal": "instrumental",
    "no vocals": "instrumental",
    "no voice": "instrumental",
    "chill": "chillout",
    "electronica": "electronic",
    "hiphop": "hip hop",
    "r&b": "rnb",
}
FORMER = ("music", "revival")  # last words that a tag is looked up without


def plain_tag(tag: str) -> str:
    """Return a tag in small letters, hyphens as blanks, by one of several equal names."""
    words = " ".join(tag.casefold().replace("-", " ").replace("_", " ").split())
    return ALIKE.get(words, words)


def matched_tags(asked: Sequence[str], known: Sequence[str]) -> list[int]:
    """Return the number of the known tag that says most nearly what each asked tag says, or -1.

    The same tag; else the longest known one that an asked tag ends with, word by word: "melodic
    rock" is a kind of "rock". A last "music" or "revival" is left out before that.

    Args:
        asked: tags to be matched.
        known: tags that there are; of several that are equal, the first.
    """
    places: dict[str, int] = {}
    for number, tag in enumerate(known):
        places.setdefault(plain_tag(tag), number)
    found = []
    for tag in asked:
        words = plain_tag(tag).split()
        if len(words) > 1 and words[-1] in FORMER:
            words = words[:-1]
        ends = [ALIKE.get(end, end) for end in (" ".join(words[k:]) for k in range(len(words)))]
        found.append(next((places[end] for end in ends if end in places), -1))
    return found
