from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import TensorDataset

from master_thesis.checkpoints.reading import network_entry
from master_thesis.checkpoints.typed import load_chn, load_dfpn
from master_thesis.configs.training import OptimConfig
from master_thesis.data.loading import BadFiles, ClipLoader
from master_thesis.errors import UserError
from master_thesis.models.chn import CHN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.vgg import VGG16
from master_thesis.records import Losses
from master_thesis.training.chn import CHNTraining
from master_thesis.training.dfpn import DFPNTraining
from master_thesis.training.small import SmallDFPNTraining
from tests.factories import CHN_SIZES, DFPN_SIZES, SMALL_SIZES, make_clip


@pytest.fixture
def dfpn():
    return DFPNTraining(DFPN_SIZES, OptimConfig(lr=0.5, lr_scheduler_step_size=2, lr_scheduler_gamma=0.1))


@pytest.fixture
def chn(dfpn):
    return CHNTraining(CHN_SIZES, OptimConfig(), dfpn.network, VGG16(width=2))


def checkpoint_of(module):
    checkpoint = {"state_dict": module.state_dict()}
    module.on_save_checkpoint(checkpoint)
    return checkpoint


def test_checkpoint_holds_the_network_without_helpers(chn):
    keys = checkpoint_of(chn)["state_dict"].keys()
    assert keys == {f"network.{k}" for k in chn.network.state_dict()}
    assert any(k.startswith("aligner.") for k in dict(chn.named_parameters())), "the aligner is part of the module"


def test_dfpn_saves_its_four_vgg_blocks_once(dfpn):
    convolutions = [k for k in checkpoint_of(dfpn)["state_dict"] if "vgg" in k and k.endswith("weight")]
    assert len(convolutions) == 2 + 2 + 3 + 3


def test_checkpoint_names_its_network_and_loads_without_flags(dfpn, chn, tmp_path):
    for module, load in ((dfpn, load_dfpn), (chn, load_chn)):
        path = tmp_path / "x.ckpt"
        torch.save(checkpoint_of(module), path)
        network = load(path)
        state = network.state_dict()
        assert all(torch.equal(v, state[k]) for k, v in module.network.state_dict().items())
    assert network_entry(checkpoint_of(dfpn)) == {"kind": "dfpn", "sizes": DFPN_SIZES}


def test_loading_a_state_leaves_helpers_unchanged(chn):
    other = CHNTraining(CHN_SIZES, OptimConfig(), chn.aligner.aligner, None)
    before = {k: v.clone() for k, v in chn.aligner.state_dict().items()}
    chn.load_state_dict(checkpoint_of(other)["state_dict"])
    assert all(torch.equal(v, other.network.state_dict()[k]) for k, v in chn.network.state_dict().items())
    assert all(torch.equal(v, before[k]) for k, v in chn.aligner.state_dict().items())


def test_state_with_a_missing_tensor_is_refused(chn):
    state = checkpoint_of(chn)["state_dict"]
    state.pop("network.tail.2.bias")
    with pytest.raises(RuntimeError, match="Missing key"):
        chn.load_state_dict(state)


def test_adam_gets_exactly_the_trainable_parameters(dfpn):
    dfpn._trainer = SimpleNamespace(precision="32-true")
    optimisers = dfpn.configure_optimizers()
    seen = {id(p) for group in optimisers["optimizer"].param_groups for p in group["params"]}
    assert seen == {id(p) for p in dfpn.network.parameters() if p.requires_grad}
    assert not seen & {id(p) for p in dfpn.network.vgg.parameters()}


def test_learning_rate_decays_by_epochs(dfpn):
    dfpn._trainer = SimpleNamespace(precision="32-true")
    optimisers = dfpn.configure_optimizers()
    assert optimisers["lr_scheduler"]["interval"] == "epoch"
    rates = []
    for _ in range(5):
        rates.append(optimisers["optimizer"].param_groups[0]["lr"])
        optimisers["optimizer"].step()
        optimisers["lr_scheduler"]["scheduler"].step()
    assert rates == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005])


def test_clips_without_movement_are_reported_after_an_epoch(dfpn, caplog):
    loader = ClipLoader(TensorDataset(torch.zeros(1)), BadFiles(), 0)
    dfpn._trainer = SimpleNamespace(train_dataloader=loader)
    clip = make_clip(num=1, num_frames=2)
    clip.frames[:, :, 1:] = clip.frames[:, :, :1]
    loader.still_clips.add(replace(clip, is_simulated=torch.tensor([False])))
    dfpn.on_train_epoch_end()
    assert [r.message.partition(", their")[0] for r in caplog.records] == ["1 of 1 real clips stand still"]
    dfpn._trainer = SimpleNamespace(train_dataloader=[clip])  # another loader does not count
    dfpn.on_train_epoch_end()


@pytest.mark.parametrize(
    ("precision", "clip", "is_fused"),
    [("32-true", None, True), ("32-true", 1.0, True), ("bf16-mixed", None, True), ("bf16-mixed", 1.0, False)],
)
def test_optimiser_is_fused_unless_lightning_could_not_clip(dfpn, precision, clip, is_fused):
    dfpn._trainer = SimpleNamespace(precision=precision, gradient_clip_val=clip)
    assert dfpn.configure_optimizers()["optimizer"].defaults["fused"] is is_fused


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_loss_that_is_not_finite_stops_the_run_and_names_the_batch(dfpn, monkeypatch, value):
    monkeypatch.setattr(dfpn, "losses", lambda clip: Losses({"flow": torch.tensor(value), "x": torch.tensor(1.0)}))
    with pytest.raises(UserError, match=rf"the loss is {value} at step 0 \(epoch 0, batch 7, a, b\)"):
        dfpn.training_step(make_clip(size=32), 7)


def test_losses_are_not_computed_in_half_precision(dfpn, chn):
    small = SmallDFPNTraining(SMALL_SIZES, OptimConfig())
    for module, size in ((dfpn, 32), (chn, 32), (small, 64)):
        with torch.autocast("cpu", torch.bfloat16):
            losses = module.losses(make_clip(size=size))
        assert {part.dtype for part in losses.parts.values()} == {torch.float32}, type(module)


def test_checkpoints_of_the_thesis_networks_have_the_documented_size():
    """Adam keeps two more copies of every trainable parameter."""
    megabytes = {}
    with torch.device("meta"):
        for name, kind in (("dfpn", DFPN), ("chn", CHN)):
            sizes = [(p.numel(), p.requires_grad) for p in kind().parameters()]
            megabytes[name] = sum(4 * n * (3 if is_trained else 1) for n, is_trained in sizes) / 1e6
    assert megabytes["dfpn"] <= 210
    assert megabytes["chn"] <= 180
