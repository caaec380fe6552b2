"""A libturbojpeg that is another library leaves the decoding to OpenCV."""

import logging
import sys
from types import ModuleType

from master_thesis.images import codec


def test_libjpeg_under_the_name_of_libturbojpeg_is_not_used(monkeypatch, caplog):
    class Other:
        def __init__(self):
            raise AttributeError("undefined symbol: tj3Init")

    module = ModuleType("turbojpeg")
    module.TurboJPEG = Other
    monkeypatch.setitem(sys.modules, "turbojpeg", module)
    codec._turbojpeg.cache_clear()
    with caplog.at_level(logging.INFO, logger="master_thesis"):
        assert [codec._turbojpeg() for _ in range(2)] == [None, None]
    assert [r.message for r in caplog.records] == [
        "JPEG is decoded by OpenCV (what is installed as libturbojpeg is another library)"
    ]
    codec._turbojpeg.cache_clear()
