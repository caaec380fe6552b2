import pytest
import torch

from master_thesis.checkpoints.i3d import load_i3d
from master_thesis.errors import UserError
from master_thesis.models.i3d import I3D
from tests.oracles.i3d import random_weights


@pytest.fixture(scope="module")
def published():
    return random_weights(I3D(width=4))


def test_the_published_form_is_loaded_without_its_classifier(tmp_path, published):
    torch.save(published, tmp_path / "i3d.pt")
    network = load_i3d(str(tmp_path / "i3d.pt"))
    assert torch.equal(network.layers.Mixed_5c.b3b.bn.running_var, published["Mixed_5c.b3b.bn.running_var"])
    assert not network.training


def test_weights_from_before_batch_counters_are_loaded(tmp_path, published):
    torch.save({k: v for k, v in published.items() if "num_batches" not in k}, tmp_path / "i3d.pt")
    assert load_i3d(str(tmp_path / "i3d.pt")).num_features == 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Conv3d_1a_7x7.conv3d.weight": torch.zeros(())},
            r"should hold I3D under its published names \(Conv3d_1a_7x7",
        ),
        ({"Conv3d_1a_7x7.conv3d.weight": torch.zeros(6, 3, 7, 7, 7)}, "should hold I3D under its published names"),
        ({"Mixed_3b.b0.bn.bias": torch.zeros(3)}, r"should hold all of I3D and nothing else \(.*Mixed_3b.b0.bn.bias"),
        ({"Mixed_9z.bias": torch.zeros(3)}, "should hold all of I3D and nothing else"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, published, change, message):
    torch.save(published | change, tmp_path / "i3d.pt")
    with pytest.raises(UserError, match=message) as error:
        load_i3d(str(tmp_path / "i3d.pt"))
    assert str(error.value).startswith(f"--i3d_weights {tmp_path}")
    assert "\n" not in str(error.value)
