"""Match damaged titles back to themselves: coverage by method, wrong matches, songs per second.

    python benchmarks/match_songs.py [FMA_CSV_GZ]

With fma-rock-vs-hiphop.csv.gz its titles are the catalogue (the extract has no artists: all stand
under one, the hardest case for fuzzy matching); without it, the simulated world is. Each title is
damaged in one way; a match is wrong if it is not a song of the title that was damaged.
"""

import sys
import time
import unicodedata

import numpy as np
import pandas as pd

from muso_exp.features.matching import METHODS, match_songs
from muso_exp.simulation.msd import track_names
from muso_exp.simulation.world import simulate_world

Songs = tuple[list[str], list[str]]


def damage(title: str, kind: str, rng: np.random.Generator) -> str:
    """Return the title, damaged in one way."""
    if kind == "case":
        return title.swapcase()
    if kind == "accents composed otherwise":
        return unicodedata.normalize("NFD", title).replace(" ", "  ", 1)
    if kind == "accents and punctuation lost":
        plain = unicodedata.normalize("NFKD", title)
        return "".join(c for c in plain if c.isalnum() or c == " ")
    if kind == "suffix":
        return title + str(
            rng.choice([" (Album Version)", " feat. Somebody", " - Remastered 2009"])
        )
    if kind == "a letter lost":
        place = int(rng.integers(max(len(title), 1)))
        return title[:place] + title[place + 1 :]
    return title


def report(songs: Songs, seed: int = 0) -> None:
    """Print a row per kind of damage."""
    artists, titles = songs
    folded = [" ".join(title.casefold().split()) for title in titles]
    for kind in ("none", "case", "accents composed otherwise", "accents and punctuation lost",
                 "suffix", "a letter lost"):  # fmt: skip
        rng = np.random.default_rng(seed)
        queries = artists, [damage(title, kind, rng) for title in titles]
        began = time.perf_counter()
        found = match_songs(queries, songs, METHODS)
        seconds = time.perf_counter() - began
        matched = np.flatnonzero(found.target >= 0)
        wrong = [q for q in matched if folded[found.target[q]] != folded[q]]
        by_method = np.bincount(found.method[matched], minlength=len(METHODS))
        shares = ", ".join(
            f"{name} {n / len(titles):.4f}" for name, n in zip(METHODS, by_method, strict=True)
        )
        sys.stdout.write(
            f"{kind:30} {shares}; matched {len(matched) / len(titles):.4f}, "
            f"wrong {len(wrong)} of {len(titles)}, {len(titles) / seconds:.0f} songs/s\n"
        )
        for query in wrong[:3]:
            found_title = titles[found.target[query]]
            sys.stdout.write(f"    {titles[query]!r} as {queries[1][query]!r}: {found_title!r}\n")


def main() -> None:
    """Read or simulate the songs and report."""
    if len(sys.argv) > 1:
        table = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
        titles = [title for title in table["title"] if title.strip()]
        report((["FMA"] * len(titles), titles))
        return
    world = simulate_world(50, 2000)
    names = [track_names(world, track) for track in range(20000)]
    report(([artist for artist, _ in names], [title for _, title in names]))


if __name__ == "__main__":
    main()
