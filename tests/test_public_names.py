"""The names that the package exports."""

import ast
import subprocess
import sys
from pathlib import Path

import master_thesis


def test_every_name_of_the_stub_can_be_imported_and_is_listed():
    stub = ast.parse(Path(master_thesis.__file__).with_suffix(".pyi").read_text())
    names = {alias.name for node in stub.body for alias in node.names}
    assert names == set(master_thesis.__all__) <= set(dir(master_thesis))
    assert all(getattr(master_thesis, name).__name__ == name for name in names)


def test_importing_the_package_imports_nothing_heavy():
    code = "import sys, master_thesis; sys.exit(len({'torch', 'numpy', 'cv2', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
