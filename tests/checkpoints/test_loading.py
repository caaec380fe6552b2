"""Ready networks from checkpoints of this project; those of the reference: tests/reference."""

import pytest
import torch

from master_thesis.checkpoints.loading import export_network, fill_vgg, init_network, load_network, make_network
from master_thesis.checkpoints.reading import Checkpoint, write_weights
from master_thesis.checkpoints.typed import load_chn, load_cpn, load_dfpn
from master_thesis.errors import UserError
from master_thesis.models.chn import CHN
from master_thesis.models.dfpn import DFPN
from master_thesis.models.registry import NETWORKS, NetworkSpec
from master_thesis.models.vgg import VGG16
from tests.factories import CHN_SIZES, DFPN_SIZES, checkpoint_of

SIZES = {"dfpn": DFPN_SIZES, "chn": CHN_SIZES}
LOAD = {"dfpn": load_dfpn, "chn": load_chn}


@pytest.fixture(params=SIZES)
def kind(request):
    return request.param


@pytest.fixture
def made(kind):
    torch.manual_seed(0)
    return make_network(kind, SIZES[kind])


@pytest.fixture
def path(tmp_path, made, kind):
    """A checkpoint of a tiny network."""
    torch.save(checkpoint_of(made, kind, SIZES[kind]), tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def assert_same(a, b, **tolerance):
    assert a.state_dict().keys() == b.state_dict().keys()
    for name, tensor in a.state_dict().items():
        torch.testing.assert_close(b.state_dict()[name], tensor, **tolerance)


def message_of(function, *arguments):
    with pytest.raises(UserError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_network_comes_back_with_its_sizes_ready_to_use(path, made, kind):
    loaded = LOAD[kind](path)
    assert type(loaded) is NETWORKS[kind].cls
    assert_same(made, loaded)
    assert not any(module.training for module in loaded.modules())
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_a_network_travels_in_half_precision(path, made, kind, tmp_path):
    exported = tmp_path / "network.safetensors"
    export_network(path, exported)
    assert exported.stat().st_size < path.stat().st_size
    loaded = LOAD[kind](exported)
    assert_same(made, loaded, atol=1e-3, rtol=1e-2)
    assert all(tensor.dtype == torch.float32 for tensor in loaded.state_dict().values())


def test_only_own_networks_are_exported(tmp_path):
    path = tmp_path / "other.ckpt"
    torch.save({"state_dict": {"a": torch.ones(1)}}, path)
    expected = f"{path} should be a checkpoint of this project, but does not say what it holds"
    assert message_of(export_network, path, tmp_path / "network.safetensors") == expected


def test_a_network_of_another_kind(path, kind):
    other = {"dfpn": "chn", "chn": "dfpn"}[kind]
    assert message_of(LOAD[other], path) == f"{path} should hold {other.upper()}, but it holds {kind.upper()}"
    assert message_of(load_cpn, path) == f"{path} should hold CPN, but it holds {kind.upper()}"


@pytest.mark.parametrize("load", [load_dfpn, load_chn, load_cpn])
def test_a_checkpoint_of_something_else(tmp_path, load):
    path = tmp_path / "other.ckpt"
    torch.save({"state_dict": {"layer.weight": torch.ones(1)}}, path)
    name = load.__name__.removeprefix("load_").upper()
    assert message_of(load, path) == f"{path} should hold the weights of {name}, but holds none of them"


def test_a_checkpoint_that_lacks_a_tensor(tmp_path, made, kind):
    checkpoint = checkpoint_of(made, kind, SIZES[kind])
    missing = next(iter(checkpoint["state_dict"]))
    del checkpoint["state_dict"][missing]
    path = tmp_path / "last.ckpt"
    torch.save(checkpoint, path)
    message = message_of(LOAD[kind], path)
    assert message.startswith(f"{path} should hold the weights of {kind.upper()}, but does not: ")
    assert missing.removeprefix("network.") in message


@pytest.mark.parametrize(
    "changes",
    [{"width": 5}, {"width": 0}, {"width": -1}, {"width": "wide"}, {"colour": 3}, {"width": 2**50}],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")  # of a network without channels
def test_sizes_that_do_not_fit_or_make_no_sense(tmp_path, made, kind, changes, monkeypatch):
    import jaxtyping

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would object first; users do not have it
    path = tmp_path / "last.ckpt"
    torch.save(checkpoint_of(made, kind, SIZES[kind] | changes), path)
    assert message_of(LOAD[kind], path).startswith(f"{path} should hold the weights of {kind.upper()}, but does not: ")


class Switchable(torch.nn.Linear):
    """A network with arguments that are no numbers."""

    def __init__(self, is_wide=False, norm="none", width=2, scales=(1, 2)):
        super().__init__(width, width * (1 + is_wide), bias=norm != "none")


SPEC = NetworkSpec("switchable", f"x.{__name__}:Switchable", "switchable")


@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
def test_arguments_may_be_switches_and_words(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(NetworkSpec, "cls", property(lambda spec: Switchable))
    monkeypatch.setattr("master_thesis.checkpoints.loading.NETWORKS", {"switchable": SPEC})
    monkeypatch.setattr("master_thesis.checkpoints.loading.find_network", lambda family: SPEC)
    sizes, path = {"is_wide": True, "norm": "batch", "scales": ("fine", False)}, tmp_path / f"x.{suffix}"
    network = make_network("switchable", sizes)
    assert (network.out_features, network.bias is None) == (4, False)
    if suffix == "ckpt":
        torch.save(checkpoint_of(network, "switchable", sizes), path)
    else:
        write_weights(path, {"kind": "switchable", "sizes": sizes}, network.state_dict())
    assert_same(network, load_network(Checkpoint.read(path), "switchable"))


@pytest.mark.parametrize("value", ["x" * 100, None, {"a": 1}, (1, None), [[1]], float("nan"), -1])
def test_arguments_that_are_neither_numbers_nor_switches_nor_words_are_refused(value):
    with pytest.raises(UserError, match=r"should be numbers in \[0, 4096\], true, false or short words, got norm = "):
        make_network("chn", {"norm": value})


def test_a_kind_that_does_not_exist(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {}, "network": {"kind": "gan", "sizes": {}}}, path)
    assert message_of(load_dfpn, path) == f"{path} should hold DFPN, but it holds GAN"


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.ckpt"
    assert message_of(load_dfpn, path) == f"there should be a checkpoint at {path}, but there is no such file"


def test_sizes_survive_json(tmp_path):
    path = tmp_path / "dfpn.safetensors"
    write_weights(path, {"kind": "dfpn", "sizes": SIZES["dfpn"]}, make_network("dfpn", SIZES["dfpn"]).state_dict())
    assert isinstance(load_dfpn(path), DFPN)


def test_vgg_takes_the_blocks_it_has_from_a_file(tmp_path):
    path = tmp_path / "vgg16.pth"
    whole, four_blocks = VGG16(5, width=2), VGG16(4, width=2)
    torch.save({name: tensor + 1 for name, tensor in whole.state_dict().items()}, path)
    before = four_blocks.features[0].weight.clone()
    assert fill_vgg(four_blocks, str(path)) is four_blocks
    assert torch.equal(four_blocks.features[0].weight, before + 1)


def test_random_vgg_weights_stay():
    vgg = VGG16(2, width=2)
    before = vgg.features[0].weight.clone()
    assert torch.equal(fill_vgg(vgg, "random").features[0].weight, before)


def test_vgg_weights_that_do_not_fit(tmp_path):
    path = tmp_path / "vgg16.pth"
    torch.save(VGG16(2, width=3).state_dict(), path)
    message = message_of(fill_vgg, VGG16(2, width=2), str(path))
    assert message.startswith(f"--vgg_weights {path}: should hold VGG16, but does not fit: ")


def test_new_networks_have_the_thesis_sizes_by_default():
    assert isinstance(make_network("chn", {"num_blocks": 1}), CHN)
    assert make_network("chn", {"num_blocks": 1}).head[0].out_channels == 64


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, torch.uint8])
@pytest.mark.parametrize("suffix", ["ckpt", "safetensors"])
@pytest.mark.filterwarnings("ignore:Casting complex")
def test_numbers_that_are_not_real_are_refused(tmp_path, dtype, suffix):
    """Whole numbers would be copied into the weights without a word, complex ones with half of them lost."""
    sizes, path = {"width": 4, "growth": 2, "num_blocks": 1}, tmp_path / f"wrong.{suffix}"
    state = make_network("chn", sizes).state_dict()
    name = next(iter(state))
    state[name] = state[name].to(dtype)
    entry = {"kind": "chn", "sizes": sizes}
    if suffix == "ckpt":
        torch.save({"state_dict": {f"network.{k}": v for k, v in state.items()}, "network": entry}, path)
    else:
        if dtype.is_complex:
            pytest.importorskip("safetensors", "0.7", reason="it holds no complex numbers before")
        write_weights(path, entry, state)
    told = f"{path} should hold real numbers, but {name} holds {str(dtype).removeprefix('torch.')}"
    for use in (
        lambda: load_chn(path),
        lambda: init_network(make_network("chn", sizes), path),
        lambda: export_network(path, tmp_path / "made.safetensors"),
    ):
        with pytest.raises(UserError) as error:
            use()
        assert str(error.value) == told
    assert not (tmp_path / "made.safetensors").exists()


@pytest.mark.parametrize("sizes", [{"num_blocks": 10**9}, {"width": 4096, "growth": 4096, "num_blocks": 1000}])
def test_a_checkpoint_cannot_ask_for_all_memory(tmp_path, sizes):
    path = tmp_path / "greedy.ckpt"
    entry = {"kind": "chn", "sizes": sizes}
    torch.save({"state_dict": {"network.head.0.weight": torch.ones(1)}, "network": entry}, path)
    with pytest.raises(
        UserError, match=r"greedy\.ckpt should hold the weights of CHN, but does not: (the arguments of a|a) network"
    ):
        load_chn(path)
