import numpy as np
import pytest
from cadent.schema.errors import QueryError
from recorded import Recorded, evaluate

SOURCE = Recorded({"a": (60, lambda at: at % 7), "b": (60, lambda at: at % 5), "c": (60, lambda at: None if at % 120 else 2.0)})


def test_pairs_are_combined_in_the_order_of_their_lists():
    found = evaluate(SOURCE, "diffSeriesLists(group(a,b),group(b,a))")
    assert [one.name for one in found] == ["diffSeries(a,b)", "diffSeries(b,a)"]
    assert found[0].values.tolist() == (-found[1].values).tolist()


def test_a_pair_is_named_by_its_names_and_known_by_its_expressions():
    (found,) = evaluate(SOURCE, "aggregateSeriesLists(alias(a,'x'),alias(a,'y'),'sumSeries')")
    assert (found.name, found.expression) == ("sumSeries(x,y)", "sumSeries(a)")


def test_a_pair_with_one_value_can_be_refused():
    (found,) = evaluate(SOURCE, "aggregateSeriesLists(a,c,'sum',1)")
    (both,) = evaluate(SOURCE, "multiplySeriesLists(isNonNull(a),isNonNull(c))")
    assert (~np.isnan(found.values)).tolist() == [value == 1.0 for value in both.values.tolist()]


@pytest.mark.parametrize(
    "function", ["sumSeriesLists", "diffSeriesLists", "multiplySeriesLists", "divideSeriesLists", "weightedAverage"]
)
def test_lists_of_different_length_are_refused(function):
    with pytest.raises(QueryError, match=f"{function} wants two lists of as many series, got 3 and 1"):
        evaluate(SOURCE, f"{function}(*,a)")


def test_the_function_that_was_called_is_named():
    with pytest.raises(QueryError, match=r"^aggregateSeriesLists wants two lists"):
        evaluate(SOURCE, "aggregateSeriesLists(*,a,'sum')")
