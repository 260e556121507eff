"""The manifest on the disk, as the one writer of a folder sees it."""

from __future__ import annotations

from pathlib import Path

from ..disk import replace_file
from .manifest import Manifest


class ManifestFile:
    """``manifest`` is what the file holds. All calls raise OSError when the disk refuses, Damaged and StoreError as ``parse``.

    A disk may fail after the rename that puts a new manifest in place, and before that is durable. Then readers see the new
    one, and a machine that stops may come back with the old one: the file is ``in_doubt`` until a replacement succeeds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = Manifest()
        self.in_doubt = False

    def read(self) -> None:
        """Take up what is there."""
        self.manifest = Manifest.parse(self.path.read_bytes(), str(self.path))

    def replace(self, manifest: Manifest) -> None:
        """The file holds ``manifest``, durably. After an error it holds that or what it held, and so does ``manifest``."""
        before, was_in_doubt, self.in_doubt = self.manifest, self.in_doubt, True
        try:
            replace_file(self.path, manifest.pack())
        except OSError:
            self.read()
            self.in_doubt = was_in_doubt or self.manifest != before
            raise
        self.manifest, self.in_doubt = manifest, False

    def settle(self) -> None:
        """End the doubt: what the file holds is written anew, durably."""
        if self.in_doubt:
            self.read()
            self.replace(self.manifest)
