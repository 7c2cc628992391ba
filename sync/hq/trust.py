"""Whose key the head office believes the first time."""

from dataclasses import dataclass
from pathlib import Path

from config.schema import ENROLLED, FIRST
from sync.protocol.keys import BadKeyError, PublicKey, load_public


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose key is believed: ``first`` keeps each till's first; otherwise a folder of ``TERMINAL.pub``."""

    folder: Path | None
    is_by_token: bool = False
    """Whether only a token lets a till in."""

    @classmethod
    def of(cls, setting: str) -> "Trust":
        """Return what ``trust_tills`` in the settings means."""
        if setting in {FIRST, ENROLLED}:
            return cls(None, setting == ENROLLED)
        return cls(Path(setting))

    def believes(self, terminal: str, key: PublicKey) -> bool:
        """Return whether ``key`` may be kept as the till's."""
        if self.folder is None:
            return not self.is_by_token
        try:
            return load_public(self.folder / f"{terminal}.pub") == key
        except (OSError, BadKeyError):
            return False
