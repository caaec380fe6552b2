import zipfile
from pathlib import Path

import pytest

from master_thesis.errors import UserError
from master_thesis.images import archive as module
from master_thesis.images.archive import extract_images


def pack(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_images_are_written_in_natural_order_without_anything_else(tmp_path):
    members = {"10.png": b"ten", "2.PNG": b"two", "notes.txt": b"", "__MACOSX/._2.png": b"hidden"}
    files = extract_images(pack(tmp_path / "a.zip", members), tmp_path)
    assert [Path(file).read_bytes() for file in files] == [b"two", b"ten"]
    assert [file.rsplit("/")[-1] for file in files] == ["000000.png", "000001.png"]


def test_names_in_a_zip_do_not_lead_out_of_the_folder(tmp_path):
    (tmp_path / "inside").mkdir()
    files = extract_images(pack(tmp_path / "a.zip", {"../../evil.png": b"x"}), tmp_path / "inside")
    assert files == (str(tmp_path / "inside" / "000000.png"),)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "inside"]


@pytest.mark.parametrize("damage", [lambda data: b"no zip", lambda data: data.replace(b"pixels", b"pixelz", 1)])
def test_damaged_archives_are_refused(tmp_path, damage):
    path = pack(tmp_path / "a.zip", {"1.png": b"pixels" * 9}, zipfile.ZIP_STORED)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=r"a\.zip should be a zip of images, but cannot be read"):
        extract_images(path, tmp_path)


def test_archives_without_images_or_with_too_much_are_refused(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"a\.zip should hold images, but has none"):
        extract_images(pack(tmp_path / "a.zip", {"notes.txt": b""}), tmp_path)
    monkeypatch.setattr(module, "MAX_BYTES", 99)
    bomb = pack(tmp_path / "b.zip", {"1.png": bytes(60), "2.png": bytes(60)})
    with pytest.raises(UserError, match=r"b\.zip holds 120 bytes, more than the limit of 99"):
        extract_images(bomb, tmp_path)
    assert not list(tmp_path.glob("*.png"))
