"""Did a name from the wire become a path? Looks at files around the product's store directory."""

import time
from collections.abc import Iterator
from pathlib import Path

from ..scene import Scene
from ..verdicts import Finding
from .checks import fail

#: Part of every name that a case tries to smuggle out; nothing else is called so.
MARK = "dulspec_ae"


def _outside(store: Path) -> list[Path]:
    return [store.parent, store.parent.parent, Path("/"), Path("/tmp")]  # noqa: S108 - looked at, not used


def no_escape(scene: Scene) -> Iterator[Finding]:
    """No file appears outside the store directory (looked at with --store-dir)."""
    store = scene.settings.store_dir
    if store is None:
        return
    for folder in dict.fromkeys(_outside(store.resolve())):
        for path in folder.glob(f"*{MARK}*"):
            # Left by an earlier run, perhaps of another product: not this product's doing.
            if path.stat().st_mtime >= scene.began - 2.0:
                yield fail(f"{path} lies outside the store directory")


def stored_files(store: Path | None) -> set[Path]:
    """All files under the store directory."""
    return set() if store is None else {path for path in store.rglob("*") if path.is_file()}


def leftovers(scene: Scene, before: set[Path]) -> set[Path]:
    """New files under the store directory, once they had `timeout` seconds to go away."""
    extra: set[Path] = set()
    for piece in scene.clock.slices(scene.settings.timeout):
        extra = stored_files(scene.settings.store_dir) - before
        if not extra:
            break
        # A product's clean-up gives the tester no event: look again.
        time.sleep(piece)
    return extra
