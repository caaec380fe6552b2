"""What pip-audit says is not taken for more than it is."""

import pytest

from scripts.audit import verdict

GOOD = {"name": "numpy", "version": "2.0", "vulns": []}
WEAK = {"name": "pillow", "version": "9.0", "vulns": [{"id": "CVE-1"}, {"id": "CVE-2"}]}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.11.0)"}
OWN = {"name": "master_thesis", "skip_reason": "distribution marked as editable"}


@pytest.mark.parametrize(
    ("packages", "said", "code"),
    [
        ([UNKNOWN, OWN], "nothing was checked: no advisory data base knows any of the 1 packages (no network?)", 1),
        ([GOOD, OWN], "1 packages checked, 0 with known weaknesses", 0),
        ([GOOD, UNKNOWN], "1 packages checked, 0 with known weaknesses\nnot checked: torch", 0),
        ([GOOD, WEAK], "pillow 9.0: CVE-1, CVE-2\n2 packages checked, 1 with known weaknesses", 1),
    ],
)
def test_only_what_was_looked_up_counts(packages, said, code):
    assert verdict({"dependencies": packages}) == (said, code)
