"""The answers of a rating study, in one SQLite file that is safe however the server stops.

Every answer is a separate transaction, written to the disk (write-ahead log, full synchronisation)
before the method returns. A connection is used for one transaction only: threads do not share it,
and the log is merged into the file whenever nothing is being written.

The file stores the manifest of the clips, so it can be analysed without them, and it accepts no
answers to other clips.
"""

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from s2r.apps.rating.checks import with_checks
from s2r.apps.rating.order import presentation, seed_of
from s2r.apps.rating.progress import progress_of
from s2r.core.errors import UserError
from s2r.core.files import atomic_path

ANSWERS = ("real", "synthesised")
SCALE = range(1, 6)
"""Naturalness, from 1 (very unnatural) to 5 (completely natural)."""

NOT_OPENED = (
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL),
    *(sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_FULL),
)
"""SQLite's codes for a file that may be right."""

LONGEST_COMMENT = 2000
CODE = re.compile(r"[^\W_][\w-]{0,31}")
"""Letters and digits of any script."""

ANSWER_COLUMNS = ["rater", "seed", "position", "block", "clip", "word", "subject", "recording"]
ANSWER_COLUMNS += ["item", "part", "kind", "system", "answer", "naturalness", "time"]

TABLES = """
CREATE TABLE raters (rater TEXT PRIMARY KEY, seed INTEGER NOT NULL, time TEXT NOT NULL);
CREATE TABLE answers (rater TEXT NOT NULL REFERENCES raters, clip TEXT NOT NULL,
    position INTEGER NOT NULL, block INTEGER NOT NULL, answer TEXT NOT NULL,
    naturalness INTEGER, time TEXT NOT NULL, PRIMARY KEY (rater, clip));
CREATE TABLE comments (rater TEXT NOT NULL REFERENCES raters, word TEXT NOT NULL,
    comment TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (rater, word));
"""


ADDED = ("code", "consent")
"""Columns of the raters that files of version 0.1 lack: the code as it was typed first, and the
time of the consent."""


class PageError(UserError):
    """An error for which the page has a ``text`` in the language of the raters."""

    def __init__(self, sentence: str, text: str):
        super().__init__(sentence)
        self.text = text


class Answers:
    """The answers to one manifest; safe to use from several threads and processes.

    Methods raise UserError for a request that is not valid, and ``sqlite3.Error`` where the file
    cannot be written (disk full, for example): then nothing was stored.
    """

    def __init__(self, path: str | Path, manifest: pd.DataFrame):
        """Open or create ``path``; UserError where it holds answers to another manifest."""
        self.path = Path(path)
        self._practice = manifest.loc[manifest["part"] == "practice", "clip"].tolist()
        self._test = manifest[manifest["part"] == "test"]
        self._checks = manifest.loc[manifest["part"] == "attention", "clip"].tolist()
        self._rated = {*self._test["clip"], *self._checks}
        self._study = int(manifest["seed"].iloc[0])
        # One connection at a time: one that opens while the last one merges the log may be refused.
        self._lock = threading.Lock()
        if not self.path.exists():
            with atomic_path(self.path) as temporary, _connection(temporary) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.executescript(TABLES)
                manifest.to_sql("manifest", database, index=False)
        if _read(self.path)["manifest"].to_dict("records") != manifest.to_dict("records"):
            raise UserError(
                f"{self.path} holds answers to other clips: rename it to keep them, or give "
                "another file with --answers."
            )
        with self._transaction() as database:
            known = {row[1] for row in database.execute("PRAGMA table_info(raters)")}
            for column in ADDED:
                if column not in known:
                    database.execute(f"ALTER TABLE raters ADD COLUMN {column} TEXT")

    def session(self, code: str, consent: bool = False) -> dict:
        """What the page of a rater needs; the first call with a code adds the rater.

        The code is kept as it was typed first; later its letters may be large or small. The time of
        the first call with ``consent`` is kept too.

        Keys: ``rater``; ``practice`` and ``clips``, lists of {clip, word}, in their order;
        ``answers`` {clip: {answer, naturalness}} and ``comments`` {word: text}, as stored;
        ``words``.
        """
        rater = normal_code(code)
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO raters (rater, seed, time, code) VALUES (?, ?, ?, ?)",
                (rater, seed_of(self._study, rater), _now(), code.strip()),
            )
            if consent:
                database.execute(
                    "UPDATE raters SET consent = coalesce(consent, ?) WHERE rater = ?",
                    (_now(), rater),
                )
            answered = database.execute(
                "SELECT clip, answer, naturalness FROM answers WHERE rater = ?", (rater,)
            ).fetchall()
            comments = database.execute(
                "SELECT word, comment FROM comments WHERE rater = ?", (rater,)
            ).fetchall()
            words = dict(database.execute("SELECT clip, word FROM manifest").fetchall())
        order = self._order(rater)["clip"]
        return {
            "rater": code.strip(),
            "practice": [{"clip": clip, "word": words[clip]} for clip in self._practice],
            "clips": [{"clip": clip, "word": words[clip]} for clip in order],
            "answers": {clip: {"answer": a, "naturalness": n} for clip, a, n in answered},
            "comments": dict(comments),
            "words": sorted(set(self._test["word"])),
        }

    def answer(self, code: str, clip: str, answer: str) -> None:
        """Store whether a clip looked real or synthesised; the first answer counts."""
        rater = normal_code(code)
        _demand(answer in ANSWERS, f"The answer must be {' or '.join(ANSWERS)}.")
        _demand(clip in self._rated, f"{clip!r} is not a clip to rate.")
        place = self._order(rater).set_index("clip").loc[clip]
        row = (rater, clip, int(place["position"]), int(place["block"]), answer, _now())
        with self._transaction() as database:
            _entered(database, rater)
            database.execute(
                "INSERT OR IGNORE INTO answers (rater, clip, position, block, answer, time) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )

    def naturalness(self, code: str, clip: str, value: int) -> None:
        """Store the naturalness of a clip that has an answer; the first value counts."""
        rater = normal_code(code)
        _demand(type(value) is int and value in SCALE, "The naturalness must be 1, 2, 3, 4 or 5.")
        with self._transaction() as database:
            updated = database.execute(
                "UPDATE answers SET naturalness = coalesce(naturalness, ?) "
                "WHERE rater = ? AND clip = ?",
                (value, rater, clip),
            )
            _demand(updated.rowcount == 1, "Say first whether this clip is real or synthesised.")

    def comment(self, code: str, word: str, text: str) -> None:
        """Store a comment on a word; it replaces an earlier one."""
        rater = normal_code(code)
        _demand(isinstance(text, str) and len(text) <= LONGEST_COMMENT, "The comment is too long.")
        _demand(word in set(self._test["word"]), f"{word!r} is not a word of this study.")
        with self._transaction() as database:
            _entered(database, rater)
            database.execute(
                "INSERT OR REPLACE INTO comments VALUES (?, ?, ?, ?)", (rater, word, text, _now())
            )

    def counts(self) -> tuple[int, int]:
        """Raters and answers so far."""
        with self._transaction() as database:
            count = "SELECT (SELECT count(*) FROM raters), (SELECT count(*) FROM answers)"
            return database.execute(count).fetchone()

    def progress(self) -> pd.DataFrame:
        """How far each rater is (`s2r.apps.rating.progress`)."""
        with self._lock:
            return progress_of(_read(self.path))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _connection(self.path) as database:
            yield database

    def _order(self, rater: str) -> pd.DataFrame:
        seed = seed_of(self._study, rater)
        return with_checks(presentation(self._test, seed), self._checks, seed)


def normal_code(code: str) -> str:
    """What a rater is known by: the code in small letters, no spaces around it.

    Raises UserError if the code is not valid.
    """
    typed = unicodedata.normalize("NFC", code.strip()) if isinstance(code, str) else ""
    if not CODE.fullmatch(typed):
        raise PageError("The code must have 1 to 32 letters, digits, - or _.", "bad_code")
    return typed.casefold()


def read_answers(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """All answers (columns ``ANSWER_COLUMNS``), comments (``rater, word, comment``) and raters.

    ``rater`` is the code as it was typed first; ``naturalness`` is missing where a rater stopped
    before giving it. The raters are those of `s2r.apps.rating.progress`. Raises UserError where
    the file is missing or is not a file of answers.
    """
    if not Path(path).is_file():
        raise UserError(f"{path} does not exist: nobody has rated yet (`s2r rate`).")
    tables = _read(path)
    rows = tables["answers"].merge(tables["manifest"], on="clip", validate="many_to_one")
    rows = rows.merge(tables["raters"][["rater", "seed"]], on="rater", suffixes=("_clips", ""))
    rows = rows.sort_values(["rater", "position"], ignore_index=True)[ANSWER_COLUMNS]
    comments = (
        tables["comments"].query("comment != ''").sort_values(["rater", "word"], ignore_index=True)
    )
    raters = progress_of(tables)
    typed = dict(zip(raters["key"], raters["rater"], strict=True))
    rows, comments = (part.assign(rater=part["rater"].map(typed)) for part in (rows, comments))
    return (
        rows.astype({"naturalness": "Int64"}),
        comments[["rater", "word", "comment"]],
        raters.drop(columns="key"),
    )


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction that is on the disk when the block ends, and undone if the block fails."""
    database = sqlite3.connect(path, timeout=30)
    try:
        database.execute("PRAGMA synchronous=FULL")
        with database:
            yield database
    finally:
        database.close()


def _read(path: str | Path) -> dict[str, pd.DataFrame]:
    try:
        with _connection(Path(path)) as database:
            return {
                name: pd.read_sql(f"SELECT * FROM {name}", database)
                for name in ("manifest", "raters", "answers", "comments")
            }
    except (sqlite3.DatabaseError, pd.errors.DatabaseError) as error:
        cause = error.__cause__ if isinstance(error, pd.errors.DatabaseError) else error
        # Whatever it holds, it cannot be opened: no permission, no locks on its file system, ...
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in NOT_OPENED:
            raise UserError(
                f"{path} cannot be used here ({cause}): see that you may read and write it and its "
                "folder, that no other program holds it, and that it is on a local disk."
            ) from error
        raise UserError(f"{path} is not a file of answers: rename it, or name another.") from error


def _entered(database: sqlite3.Connection, rater: str) -> None:
    row = database.execute("SELECT 1 FROM raters WHERE rater = ?", (rater,)).fetchone()
    _demand(row is not None, "This code is not known: start again from the first page.")


def _demand(condition: bool, sentence: str) -> None:
    if not condition:
        raise UserError(sentence)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
