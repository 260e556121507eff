from cadent.service.writer.bound import Bound


def test_a_bound_holds_until_there_is_enough_room_again():
    bound = Bound(100, 90)
    assert [bound.look(value) for value in (95, 100, 101, 95, 91, 90, 95, 100)] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
        False,
    ]
