"""Compiled code kept in the home, for a Python that may not write it beside the sources.

Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every process would compile every library again, and a
start of all processes would take three times as long. The home is ours, and what is kept there litters nobody's tree.
"""

import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = "bytecode"
DEFAULT_HOME: Final = ".guerdon"
OPTION: Final = "--home"
WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


def use_bytecode(words: Sequence[str]) -> None:
    """Load compiled code from the home that the arguments name, if an earlier `guerdon up` of this user kept some."""
    folder = _named_home(words) / FOLDER
    if sys.dont_write_bytecode and sys.pycache_prefix is None and _is_ours(folder):
        sys.pycache_prefix = str(folder.resolve())
        sys.dont_write_bytecode = False


def bytecode_environment(home: Path) -> Mapping[str, str]:
    """Say how children keep compiled code in the home; nothing where Python writes it beside the sources."""
    folder = home.resolve() / FOLDER
    if not sys.dont_write_bytecode and sys.pycache_prefix != str(folder):
        return {}
    folder.mkdir(mode=0o700, exist_ok=True)
    return {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""} if _is_ours(folder) else {}


def _named_home(words: Sequence[str]) -> Path:
    # Read by hand, because the parser comes with the very modules that are to be loaded quickly.
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == OPTION and following:
            return Path(following)
        if word.startswith(f"{OPTION}="):
            return Path(word.removeprefix(f"{OPTION}="))
    return Path(os.environ.get("GUERDON_HOME") or DEFAULT_HOME)


def _is_ours(folder: Path) -> bool:
    """Tell whether nobody else could have put code there: the folder and the home are ours, and closed to writers."""
    try:
        found = [place.lstat() for place in (folder, folder.parent)]
    except OSError:
        return False
    return all(
        stat.S_ISDIR(one.st_mode) and one.st_uid == os.geteuid() and not one.st_mode & WRITABLE_BY_OTHERS
        for one in found
    )
