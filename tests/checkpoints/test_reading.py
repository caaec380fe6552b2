"""Checkpoints are data: every kind is read, nothing in them is run, and what is wrong is said in one line."""

import json
import os
import pickle
import struct
import zipfile
from argparse import Namespace

import pytest
import safetensors.torch
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.utilities.parsing import AttributeDict

from master_thesis.checkpoints.reading import network_entry, network_state, read_checkpoint, write_weights
from master_thesis.errors import UserError
from master_thesis.models.reference import CHN_KEYS, CPN_KEYS, DFPN_KEYS, rename_reference

WEIGHTS = {"network.layer.weight": torch.arange(6.0).view(2, 3)}
OWN = {"state_dict": WEIGHTS, "network": {"kind": "dfpn", "sizes": {"width": 4, "corr_widths": (2, 3)}}}


def message_of(path):
    with pytest.raises(UserError) as error:
        read_checkpoint(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "last.ckpt"


def test_an_own_checkpoint_comes_back_and_says_what_it_holds(path):
    torch.save(OWN, path)
    checkpoint = read_checkpoint(str(path))
    assert network_entry(checkpoint) == OWN["network"]
    state = network_state(checkpoint, "dfpn")
    assert list(state) == ["layer.weight"]
    assert torch.equal(state["layer.weight"], WEIGHTS["network.layer.weight"])


def test_own_tensors_without_the_networks_prefix_are_left_out(path):
    torch.save(OWN | {"state_dict": WEIGHTS | {"perceptual.vgg.weight": torch.ones(1)}}, path)
    assert list(network_state(read_checkpoint(path), "dfpn")) == ["layer.weight"]


def test_weights_travel_as_safetensors_with_what_they_are(tmp_path):
    path = tmp_path / "small.safetensors"
    write_weights(path, {"kind": "chn", "sizes": {"width": 4}}, {"layer.weight": torch.ones(2).half()})
    checkpoint = read_checkpoint(path)
    assert network_entry(checkpoint) == {"kind": "chn", "sizes": {"width": 4}}
    assert network_state(checkpoint, "chn")["layer.weight"].dtype == torch.float32
    assert list(tmp_path.iterdir()) == [path]


def test_safetensors_of_others_are_read_too(tmp_path):
    path = tmp_path / "vgg.safetensors"
    safetensors.torch.save_file({"features.0.weight": torch.ones(2)}, path)
    checkpoint = read_checkpoint(path)
    assert network_entry(checkpoint) is None
    assert list(checkpoint["state_dict"]) == ["features.0.weight"]


def test_lightning_classes_in_old_checkpoints_are_tolerated_and_nothing_of_them_is_kept(path):
    options = AttributeDict(lr=1e-4)
    torch.save(
        OWN
        | {
            "callbacks": {ModelCheckpoint: {"best_model_path": "x"}, EarlyStopping: {"wait_count": 1}},
            "hyper_parameters": Namespace(lr=1e-4, opt=Namespace(a=1)),
            "hparams": options,
        },
        path,
    )
    checkpoint = read_checkpoint(path)
    assert network_entry(checkpoint) == OWN["network"]
    assert not hasattr(checkpoint["hyper_parameters"], "lr")
    assert ModelCheckpoint not in checkpoint["callbacks"]
    assert type(checkpoint["hparams"]) is not AttributeDict


class Attack:
    """A pickle that runs a command when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("is_zip", [True, False])
@pytest.mark.parametrize("place", ["itself", "inside"])
def test_code_is_refused_and_not_run(path, is_zip, place):
    witness = path.with_name("witness")
    attack = Attack(os.system, f"touch {witness}")
    content = attack if place == "itself" else OWN | {"hyper_parameters": attack}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    assert message_of(path) == f"{path} asks for posix.system to be run while it is read: refused"
    assert not witness.exists()


def test_code_in_a_bare_pickle_is_refused_and_not_run(path):
    witness = path.with_name("witness")
    path.write_bytes(pickle.dumps(Attack(os.mkdir, str(witness)), protocol=2))
    assert message_of(path) == f"{path} asks for posix.mkdir to be run while it is read: refused"
    assert not witness.exists()


@pytest.mark.parametrize("name", ["builtins.eval", "pytorch_lightning.callbacks.lambda_function.LambdaCallback"])
def test_even_what_looks_familiar_is_refused(path, name):
    module, _, function = name.rpartition(".")
    path.write_bytes(b"\x80\x02c" + module.encode() + b"\n" + function.encode() + b"\n)R.")
    assert f"{path} asks for " in message_of(path)


def test_a_stand_in_runs_nothing(path):
    """Arguments and state of a tolerated class could be anything."""
    torch.save(OWN | {"hyper_parameters": Attack(Namespace)}, path)
    assert network_entry(read_checkpoint(path)) == OWN["network"]


def test_a_file_that_is_missing(path):
    assert message_of(path) == f"there should be a checkpoint at {path}, but there is no such file"


def test_a_folder(tmp_path):
    assert message_of(tmp_path) == f"there should be a checkpoint at {tmp_path}, but there is no such file"


def damaged(path):
    return f"{path} should be a checkpoint, but it is damaged (truncated?) or something else"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file(path, share):
    torch.save(OWN, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert message_of(path) in (damaged(path), f"{path} should be a checkpoint, but it is damaged or something else")


@pytest.mark.parametrize("content", [b"hello", b"\x89PNG\r\n\x1a\n" * 9, b"\x00" * 99, b"PK\x03\x04" + b"x" * 99])
def test_another_kind_of_file(path, content):
    path.write_bytes(content)
    assert message_of(path) in (damaged(path), f"{path} should be a checkpoint, but it is damaged or something else")


def test_damaged_safetensors(tmp_path):
    path = tmp_path / "small.safetensors"
    safetensors.torch.save_file({"a": torch.ones(9)}, path)
    path.write_bytes(path.read_bytes()[:-9])
    assert message_of(path) == damaged(path)


def test_safetensors_with_a_damaged_note(tmp_path):
    path = tmp_path / "small.safetensors"
    safetensors.torch.save_file({"a": torch.ones(9)}, path, metadata={"network": "{not json"})
    assert message_of(path) == damaged(path)


def packed(path, method=zipfile.ZIP_DEFLATED):
    """The same checkpoint as a zip file that is compressed."""
    with zipfile.ZipFile(path) as whole:
        content = {name: whole.read(name) for name in whole.namelist()}
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in content.items():
            made.writestr(name, data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packed_checkpoint_is_refused(path, method):
    """A thousand times its bytes in memory."""
    torch.save({"state_dict": {"a": torch.zeros(10**5)}}, path)
    packed(path, method)
    assert path.stat().st_size < 10**4
    assert message_of(path) == (
        f"{path} is compressed and would take more memory than its size: refused, no checkpoint is"
    )


def test_the_same_bytes_cannot_be_counted_twice(path):
    """Members that lie on top of each other: nothing is compressed, and yet it grows."""
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data/0", bytes(10**5))
        first = made.infolist()[0]
        for i in range(1, 9):
            twin = zipfile.ZipInfo(f"archive/data/{i}")
            twin.file_size = twin.compress_size = first.file_size
            twin.CRC, twin.header_offset = first.CRC, first.header_offset
            made.filelist.append(twin)
            made.NameToInfo[twin.filename] = twin
    assert "is compressed and would take more memory than its size" in message_of(path)


TOO_MUCH = {
    "strides of 0": lambda: torch.zeros(1).expand(10**6, 10**6),
    "overlapping": lambda: torch.zeros(200).as_strided((90, 90), (1, 1)),
    "nowhere": lambda: torch.empty(10**6, 10**6, device="meta"),
    "sparse": lambda: torch.sparse_coo_tensor([[0]], [1.0], (10**9,)),
}


@pytest.mark.parametrize("make", TOO_MUCH.values(), ids=TOO_MUCH)
@pytest.mark.parametrize("place", ["weights", "optimiser"])
@pytest.mark.filterwarnings("ignore:Validating sparse", "ignore:.*sparse.*invariant.*")
def test_a_tensor_that_is_not_all_there_is_refused(path, make, place):
    tensor = make()
    torch.save(
        {"state_dict": {"a": tensor}} if place == "weights" else OWN | {"optimizer_states": [{"s": tensor}]}, path
    )
    assert path.stat().st_size < 10**4
    message = message_of(path)
    assert message.startswith(f"{path} holds an incomplete tensor ({tuple(tensor.shape)}, float32, torch.")
    assert message.endswith("): refused")


def test_tensors_may_share_their_memory(path):
    """Columns of one matrix, the same weights twice: as torch writes them."""
    whole = torch.arange(12.0).view(3, 4)
    torch.save({"state_dict": {"a": whole, "b": whole.t(), "c": whole[:, 1], "d": whole}}, path)
    state = read_checkpoint(path)["state_dict"]
    assert torch.equal(state["b"], whole.t())
    assert torch.equal(state["c"], whole[:, 1])


def test_a_checkpoint_that_holds_itself_is_read(path):
    checkpoint = dict(OWN)
    checkpoint["itself"] = [checkpoint]
    torch.save(checkpoint, path)
    assert network_entry(read_checkpoint(path)) == OWN["network"]


@pytest.mark.parametrize("name", ["huge.ckpt", "huge.safetensors"])
def test_a_file_beyond_the_limit_is_refused_unread(tmp_path, name):
    with (tmp_path / name).open("wb") as file:
        file.truncate(2**33 + 1)  # a hole: it takes no room on the disk
    assert message_of(tmp_path / name) == f"{tmp_path / name} has 8589934593 bytes, more than the limit of 8589934592"


def test_an_old_file_that_claims_a_lot_is_refused(path):
    """Before zip files, the size of a storage stood in the pickle alone."""
    torch.save({"a": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    claimed = data.replace(b"M\xe8\x03", b"\x8a\x06" + (2**46).to_bytes(6, "little"))
    assert claimed != data
    path.write_bytes(claimed)
    assert "it is damaged" in message_of(path)


def claiming(header, data=b"\0" * 64):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2**27) + b"{}",
        claiming({"a": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 64]}}),
        claiming({"a": {"dtype": "F32", "shape": [2**63, 2], "data_offsets": [0, 64]}}),
        claiming({"a": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}),
        claiming({"a": {"dtype": "F32", "shape": [16], "data_offsets": [64, 0]}}),
        claiming({"a": {"dtype": "F33", "shape": [16], "data_offsets": [0, 64]}}),
        claiming({x: {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]} for x in "abcdefgh"}),
        claiming(b"[" * 10**5),
    ],
    ids=["header", "long header", "shape", "overflow", "offsets", "backwards", "dtype", "overlapping", "nested"],
)
def test_safetensors_that_claim_a_lot_are_refused(tmp_path, content):
    path = tmp_path / "greedy.safetensors"
    path.write_bytes(content)
    assert message_of(path) == damaged(path)


def test_something_else_that_torch_saved(path):
    torch.save([torch.ones(2)], path)
    assert message_of(path) == f"{path} should be a checkpoint, but it holds a list"


@pytest.mark.parametrize("state", [5, None, [torch.ones(1)], {3: torch.ones(1)}, {"a": "b"}])
def test_what_is_no_tensor_with_a_name_is_left_out(state):
    assert network_state({"state_dict": state}, "dfpn") == {}


@pytest.mark.parametrize("entry", [None, "dfpn", {}, {"kind": "dfpn"}, {"kind": 3, "sizes": {}}, {"sizes": {}}])
def test_an_entry_that_says_nothing_counts_as_none(entry):
    assert network_entry({"network": entry}) is None


@pytest.mark.parametrize(
    ("names", "theirs", "ours"),
    [
        (DFPN_KEYS, "corr.conv.conv_1.2.weight", "conv4d.over_refs.2.weight"),
        (DFPN_KEYS, "corr.conv.conv_2.4.bias", "conv4d.over_target.4.bias"),
        (DFPN_KEYS, "corr_mixer.mixer.23.weight", "mixer.layers.23.weight"),
        (DFPN_KEYS, "flow_64.nn.0.weight", "estimator_64.layers.0.weight"),
        (DFPN_KEYS, "flow_256.nn.40.bias", "estimator_256.layers.40.bias"),
        (DFPN_KEYS, "model_vgg.features.21.weight", "vgg.features.21.weight"),
        (DFPN_KEYS, "model_vgg.features.24.weight", None),  # the fifth block
        (DFPN_KEYS, "corr.model_vgg.features.0.weight", None),  # the same once more
        (DFPN_KEYS, "model_vgg.classifier.0.weight", None),
        (DFPN_KEYS, "mean", None),
        (CHN_KEYS, "nn.conv_first.0.weight", "head.0.weight"),
        (CHN_KEYS, "nn.rrdb_trunk.19.rdb3.conv5.bias", "trunk.19.blocks.2.convs.4.bias"),
        (CHN_KEYS, "nn.trunk_conv.weight", "trunk.20.weight"),
        (CHN_KEYS, "nn.upconv2.weight", "enlarge.1.weight"),
        (CHN_KEYS, "nn.conv_last.bias", "tail.2.bias"),
        (CHN_KEYS, "model_lpips.net.slice1.0.weight", None),
        (CPN_KEYS, "module.A_Encoder.conv12.conv.0.weight", "encoder.conv12.weight"),
        (CPN_KEYS, "A_Regressor.conv5b.conv.0.bias", "regressor.conv5b.bias"),
        (CPN_KEYS, "module.A_Regressor.conv6a.conv.0.weight", None),  # its authors never call it
        (CPN_KEYS, "module.A_Regressor.fc.weight", "regressor.fc.weight"),
        (CPN_KEYS, "module.A_Encoder.mean", None),
    ],
)
def test_names_of_the_reference_implementation(names, theirs, ours):
    assert list(rename_reference({theirs: torch.ones(1)}, names)) == ([ours] if ours else [])


def test_an_aligner_is_found_inside_a_chn_checkpoint():
    state = {"model_aligner.corr.conv.conv_1.0.weight": torch.ones(1), "nn.conv_last.bias": torch.ones(3)}
    assert list(network_state({"state_dict": state}, "dfpn")) == ["conv4d.over_refs.0.weight"]
    assert list(network_state({"state_dict": state}, "chn")) == ["tail.2.bias"]
