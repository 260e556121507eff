"""Whatever is done to chunks, a reader finds what plain arithmetic makes of all samples, at every step of the ladder."""

import contextlib

import pytest
from cadent.schema.identity import Mode
from cadent.schema.resolution import DAY_S
from cadent.stores.files.store import FilesStore
from cadent.stores.memory import MemoryStore
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from kept import BASE, BASE_TTL_S, MINUTE, Folder
from parts import Window

# -- what may happen -----------------------------------------------------------------------------------------------------

SAMPLES = st.lists(st.integers(-40, 40).map(lambda number: number / 4), min_size=1, max_size=3)  # sums of quarters are exact
CELLS = st.dictionaries(st.integers(0, 2), SAMPLES, min_size=1)
# Ages that meet in windows, spans and days: in and out of order, in one span and in others.
AGES = st.sampled_from([0, 1, 2, 5, 6, 7, 59, 60, 359, 360, 361, 719, 2_160, 2_161, 4_320, 8_639, 8_640, 12_000])
WRITES = st.tuples(st.just("write"), AGES, CELLS, st.sampled_from([Mode.ADD, Mode.ADD, Mode.REPLACE]))
DIRECT = st.tuples(st.just("direct"), st.integers(0, 30), CELLS)
OTHERS = st.tuples(st.sampled_from(["seal", "keep", "compact", "reopen"]))
ADVANCES = st.tuples(st.just("advance"), st.sampled_from([3_600, 7 * 3_600, DAY_S, 2 * DAY_S]))


def do(folder, name, *arguments):
    if name == "write":
        age, cells, mode = arguments
        folder.write(Window(BASE, folder.now // 10 * 10 - 10 * age, cells, mode=mode))
    elif name == "direct":
        number, cells = arguments
        # Older than the base step takes by more than a window: both never meet in one of ten minutes.
        time = folder.now - BASE_TTL_S - 3_600 - number * 60
        folder.write(Window(MINUTE, time // 60 * 60, cells))
    else:
        getattr(folder, name)(*arguments)


class UnmergedStore(MemoryStore):
    """One that reads many sets as cheaply as few."""

    merges = False

    def merge(self, level, sets):
        raise AssertionError(f"{len(sets)} sets of {level} were to be merged")


def openers(folder):
    return {"memory": MemoryStore, "unmerged": UnmergedStore, "files": lambda: FilesStore(folder, write=True)}


@pytest.mark.parametrize("kind", ["memory", "unmerged", "files"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(calls=st.lists(WRITES | WRITES | DIRECT | OTHERS | ADVANCES, max_size=12))
def test_readers_find_what_all_samples_make(tmp_path_factory, kind, calls):
    path = tmp_path_factory.mktemp("data")
    with contextlib.closing(Folder(path, openers(path)[kind])) as folder:
        for call in calls:
            note(call)
            do(folder, *call)
            folder.check()
