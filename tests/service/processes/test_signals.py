import os
import signal

import pytest
from cadent.service.processes.signals import Signals


def test_signals_come_in_order_once():
    with Signals([signal.SIGUSR1, signal.SIGUSR2]) as signals:
        os.kill(os.getpid(), signal.SIGUSR2)
        os.kill(os.getpid(), signal.SIGUSR1)
        assert signals.wait(1) == [signal.SIGUSR2, signal.SIGUSR1]
        assert signals.wait(0) == []


def test_a_wait_ends_when_its_time_is_over():
    with Signals([signal.SIGUSR1]) as signals:
        assert signals.wait(0.01) == []


def test_more_signals_than_fit_do_not_block_and_do_not_get_lost_as_a_whole():
    with Signals([signal.SIGUSR1]) as signals:
        for _ in range(100_000):
            signal.raise_signal(signal.SIGUSR1)
        assert set(signals.wait(1)) == {signal.SIGUSR1}


def test_handlers_are_what_they_were_afterwards():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Signals([signal.SIGTERM, signal.SIGINT]):
        assert signal.getsignal(signal.SIGTERM) != before[0]
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_an_interrupt_is_no_exception_while_it_is_collected():
    with Signals([signal.SIGINT]) as signals:
        signal.raise_signal(signal.SIGINT)
        assert signals.wait(1) == [signal.SIGINT]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
