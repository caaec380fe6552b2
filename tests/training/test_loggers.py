import sys
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from pytorch_lightning.loggers import MLFlowLogger, WandbLogger

from master_thesis.errors import UserError
from master_thesis.training import loggers
from master_thesis.training.loggers import log_picture, make_loggers

PICTURE = torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1).expand(3, 4, 6)


@pytest.mark.parametrize("name", ["tensorboard", "csv", "false"])
def test_no_two_runs_share_a_folder(tmp_path, name):
    first, second = (make_loggers(name, tmp_path)[0] for _ in range(2))
    assert [logger.log_dir for logger in (second, first)] == [
        str(tmp_path / "lightning_logs/version_0"), str(tmp_path / "lightning_logs/version_1")
    ]  # fmt: skip


def test_nothing_is_logged_without_a_logger(tmp_path):
    (logger,) = make_loggers("false", tmp_path)
    logger.log_metrics({"train/total": 1.0}, 3)
    logger.log_hyperparams({"lr": 1.0})
    log_picture([logger], "validation/clips", PICTURE, 3)
    logger.save()
    logger.finalize("success")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert logger.log_dir == str(tmp_path / "lightning_logs/version_0"), "checkpoints have a folder of their own"


def test_csv_runs_keep_pictures_as_files(tmp_path):
    loggers = make_loggers("csv", tmp_path)
    log_picture(loggers, "validation/clips", PICTURE, 12)
    with Image.open(tmp_path / "lightning_logs/version_0/pictures/validation/clips_0000012.png") as picture:
        assert (picture.size, picture.getpixel((0, 0))) == ((6, 4), (255, 128, 0))


def test_weights_and_biases_and_mlflow_receive_pictures():
    """Their own packages are optional: a subclass stands in for each logger."""
    seen = []

    class Wandb(WandbLogger):
        def __init__(self):
            pass

        def log_image(self, key, images, step):
            seen.append((key, images[0].shape, step))

    class MLFlow(MLFlowLogger):
        run_id = "run"

        def __init__(self):
            pass

        @property
        def experiment(self):
            return SimpleNamespace(log_image=lambda run, image, file: seen.append((run, image[0, 0].tolist(), file)))

    log_picture([Wandb(), MLFlow()], "validation/clips", PICTURE, 2)
    assert seen == [
        ("validation/clips", (3, 4, 6), 2), ("run", [255, 128, 0], "validation/clips_0000002.png")
    ]  # fmt: skip


@pytest.mark.parametrize("server", ["", "http://127.0.0.1:5000"])
def test_mlflow_gets_a_database_unless_a_server_is_named(tmp_path, server, monkeypatch):
    """MLflow 3 refuses to log to a folder alone."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setattr(loggers, "_require_package", lambda name: None)

    class MLFlow(MLFlowLogger):
        def __init__(self, project, **places):
            self.places = places

    monkeypatch.setattr(loggers, "MLFlowLogger", MLFlow)
    _, logger = make_loggers("mlflow", tmp_path / "new")
    here = {
        "tracking_uri": f"sqlite:///{tmp_path}/new/mlflow.db", "artifact_location": f"file://{tmp_path}/new/mlruns"
    }  # fmt: skip
    assert logger.places == ({"tracking_uri": server} if server else here)


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow"])
def test_a_logger_that_is_not_installed_is_named(tmp_path, name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    message = f"--logger {name} needs the package {name}: pip install {name}, or use --logger csv"
    with pytest.raises(UserError, match=message):
        make_loggers(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow"])
def test_a_logger_that_cannot_be_loaded_is_reported(tmp_path, name, monkeypatch):
    def broken(name):
        raise TypeError("Descriptors cannot be created directly.\nMore advice")

    monkeypatch.setattr(loggers, "import_module", broken)
    monkeypatch.setattr(loggers, "find_spec", lambda name: name)
    message = rf"{name} cannot be loaded \(Descriptors cannot be created directly\.\): .* or use --logger csv"
    with pytest.raises(UserError, match=message):
        make_loggers(name, tmp_path)
