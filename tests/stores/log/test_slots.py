import numpy as np
from cadent.stores.log.slots import NO_SLOT, SlotTable
from hypothesis import given
from hypothesis import strategies as st

# Near one another, far apart, at both ends.
IDS = st.integers(0, 3000) | st.integers(0, 2**32 - 1) | st.sampled_from([1023, 1024, 2**32 - 1])
EXTEND = st.tuples(st.just("extend"), st.lists(IDS, max_size=30))
CUT = st.tuples(st.just("cut"), st.integers(0, 40))
CALLS = st.lists(EXTEND | CUT, max_size=6)


def ids_of(numbers):
    return np.array(numbers, np.uint32)


@given(CALLS, st.lists(IDS))
def test_ids_have_the_slots_that_they_were_given(calls, others):
    table, given_ = SlotTable(), []
    for name, argument in calls:
        if name == "extend":
            new = [id_ for id_ in dict.fromkeys(argument) if id_ not in given_]
            table.extend(ids_of(new))
            given_ += new
        else:
            table.cut(argument)
            del given_[argument:]
        asked = given_[::-1] + others
        slots = [given_.index(id_) if id_ in given_ else NO_SLOT for id_ in asked]
        assert table.find(ids_of(asked)).tolist() == slots
        assert (table.ids.tolist(), len(table)) == (given_, len(given_))
