import os
import signal

import pytest

from master_thesis.cli.main import main
from master_thesis.training import signals, testing

# Lightning's advice on workers and loggers is not what these tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def test_a_signal_ends_a_test_with_what_is_left_undone(sample_tree, tmp_path, monkeypatch, capsys):
    """SIGINT is handled by the same function."""
    number, code = signal.SIGTERM, 143
    assert signals.SIGNALS == (signal.SIGINT, signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(number)
    shown, original = [], testing.ClipFigures.test_step

    def step(self, clip, batch_idx):
        shown.append(clip.names)
        if len(shown) == 3:
            os.kill(os.getpid(), number)
        original(self, clip, batch_idx)

    monkeypatch.setattr(testing.ClipFigures, "test_step", step)
    options = "--test_size 32 48 --frames_spacing 2 --batch_size 2 --accelerator cpu --enable_progress_bar false"
    with pytest.raises(SystemExit) as end:
        main(f"test dfpn --preset small --data_path {sample_tree} {options}".split())
    assert end.value.code == code
    assert signal.getsignal(number) == before
    message = f"{signal.Signals(number).name}: stopped; not done: blob-lingering"
    assert message in capsys.readouterr().err.splitlines(), "the other sequence is done after two of four batches"
