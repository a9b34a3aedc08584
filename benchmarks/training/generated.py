"""A file of Sentiment140's form and full size, of words drawn at random."""

from pathlib import Path

import numpy as np

ROWS_PER_PART = 50_000
USERS_PER_ROW = 0.41
"""Sentiment140 has 659,775 users in its 1,600,000 rows."""

ZIPF = 1.1
"""Exponent of the frequency of words by rank."""

WORDS = 40_000
ODD = (
    "&amp;",
    "&quot;",
    "http://bit.ly/4kq2",
    "@someone",
    "#fail",
    "sooo",
    ":)",
    ":(",
    "café",
    "☺",
)
"""What tweets have besides words; every third text has one, every thirtieth a sign not in ASCII."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def write_sentiment140(path: Path, rows: int, seed: int = 0) -> None:
    """Write rows of `target,ids,date,flag,user,text`, every field quoted, without a header.

    Texts are 3 to 25 words long, some twice in the file; labels and users are drawn at random.
    """
    random = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    lengths = random.integers(2, 9, WORDS)
    words = np.array(["".join(random.choice(letters[: 8 + 2 * n], n)) for n in lengths])
    shares = 1 / np.arange(1, WORDS + 1) ** ZIPF
    shares /= shares.sum()
    users = max(10, round(rows * USERS_PER_ROW))
    with path.open("w", encoding="utf-8", newline="") as file:
        for start in range(0, rows, ROWS_PER_PART):
            count = min(ROWS_PER_PART, rows - start)
            sizes = random.integers(3, 26, count)
            drawn = iter(random.choice(words, int(sizes.sum()), p=shares).tolist())
            odd = random.choice(ODD[:-2], count)
            rare = random.choice(ODD[-2:], count)
            kind = random.random(count)
            labels = np.where(random.random(count) < 0.5, "0", "4")
            names = random.integers(0, users, count)
            for row in range(count):
                text = " ".join(next(drawn) for _ in range(sizes[row]))
                if kind[row] < 1 / 30:
                    text += f" {rare[row]}"
                elif kind[row] < 1 / 3:
                    text = f"{odd[row]} {text}"
                number = start + row
                date = (
                    f"{DAYS[number % 7]} Apr {1 + number % 28:02} "
                    f"{number % 24:02}:{number % 60:02}:{number // 60 % 60:02} PDT 2009"
                )
                file.write(
                    f'"{labels[row]}","{1467810369 + number}","{date}","NO_QUERY",'
                    f'"user{names[row]}","{text}"\n'
                )
