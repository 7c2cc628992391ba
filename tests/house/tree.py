"""The project's own files, as git knows them."""

import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def tracked() -> tuple[Path, ...]:
    """Return every file that is in git and still there, relative to the project."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=PROJECT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if (PROJECT / path).is_file())


def text_of(path: Path) -> str | None:
    """Return what stands in a tracked file; None when it is no text."""
    data = (PROJECT / path).read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
