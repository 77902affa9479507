"""A folder of sound small enough to check by hand: twelve tones of three artists, with plays."""

from pathlib import Path

import numpy as np
import soundfile

RATE, SECONDS, WINDOW = 8000, 1.2, 2400
N_CLIPS = 12
GENRES = ["low", "high"]
ARTISTS = ["one", "two", "three", "four"]


def write_tone(path: Path, pitch: float, seconds: float = SECONDS, amplitude: float = 0.3) -> None:
    time = np.arange(int(RATE * seconds)) / RATE
    waveform = amplitude * np.sin(2 * np.pi * pitch * time)
    soundfile.write(path, waveform, RATE, subtype="PCM_16")


def write_sound_folder(root: Path) -> Path:
    """Clip i is by artist i // 3, of genre i % 2, and tagged by both."""
    (root / "audio").mkdir(parents=True)
    rows = ["path,track_id,artist,title,genre,tags"]
    for i in range(N_CLIPS):
        write_tone(root / "audio" / f"{i}.wav", 200 + 100 * i)
        artist, genre = ARTISTS[i // 3], GENRES[i % 2]
        rows.append(f"audio/{i}.wav,{i + 1},{artist},song {i},{genre},{genre}|{artist}|loud")
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    write_plays(root)
    return root


def write_plays(root: Path) -> None:
    """User u plays songs u, u - 1 and u - 6 of the twelve, u + 1 times; song 13 has no sound."""
    events = []
    for user in range(N_CLIPS):
        for song in (user % N_CLIPS, (user - 1) % N_CLIPS, (user - 6) % N_CLIPS, N_CLIPS):
            events += [f"{user + 1}\t1\t1\t{song + 1}\t{1000 + k}" for k in range(user + 1)]
    (root / "LFM-1b_LEs.txt").write_text("\n".join(events) + "\n")
    songs = [f"{i + 1}\tsong {i}\t{i // 3 + 1}" for i in range(N_CLIPS + 1)]
    (root / "LFM-1b_tracks.txt").write_text("\n".join(songs) + "\n")
    names = [*ARTISTS, "unheard"]
    artists = [f"{number}\t{name}" for number, name in enumerate(names, start=1)]
    (root / "LFM-1b_artists.txt").write_text("\n".join(artists) + "\n")
