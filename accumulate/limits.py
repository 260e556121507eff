"""What the accumulator may hold."""

from __future__ import annotations

from dataclasses import dataclass

from ..schema.errors import ConfigError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """``grace_s`` None: a window closes one step after its end. Past windows close when quiet for ``quiet_s`` seconds, or the
    longest quiet first while all open windows take more than ``open_windows_bytes``. ``paths`` and ``aliases`` (other
    spellings of a path: raw tags, leading dots) bound what is remembered of names."""

    open_windows_bytes: int = 64 * MIB
    grace_s: int | None = None
    quiet_s: float = 1.0
    paths: int = 50_000_000
    aliases: int = 1_000_000

    def __post_init__(self) -> None:
        if self.open_windows_bytes < MIB:
            raise ConfigError(f"open_windows_bytes is {self.open_windows_bytes}; want at least {MIB}")
        if self.grace_s is not None and self.grace_s < 0:
            raise ConfigError(f"grace is {self.grace_s}s; want 0 or more")
        if self.quiet_s < 0 or self.paths < 1 or self.aliases < 0:
            raise ConfigError(f"quiet_s {self.quiet_s}, paths {self.paths}, aliases {self.aliases}; want no negative limit")
