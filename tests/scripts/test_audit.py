"""A report of pip-audit counts only the packages that were looked up."""

import pytest

from scripts.audit import verdict

GOOD = {"name": "numpy", "version": "2.0", "vulns": []}
VULNERABLE = {"name": "pillow", "version": "9.0", "vulns": [{"id": "CVE-1"}, {"id": "CVE-2"}]}
UNKNOWN = {"name": "torch", "skip_reason": "Dependency not found on PyPI and could not be audited: torch (2.11.0)"}
OWN = {"name": "master_thesis", "skip_reason": "distribution marked as editable"}


@pytest.mark.parametrize(
    ("packages", "summary", "code"),
    [
        ([UNKNOWN, OWN], "nothing was checked: no advisory database knows any of the 1 packages (no network?)", 1),
        ([GOOD, OWN], "1 packages checked, 0 with known vulnerabilities", 0),
        ([GOOD, UNKNOWN], "1 packages checked, 0 with known vulnerabilities\nnot checked: torch", 0),
        ([GOOD, VULNERABLE], "pillow 9.0: CVE-1, CVE-2\n2 packages checked, 1 with known vulnerabilities", 1),
    ],
)
def test_only_packages_that_were_looked_up_count(packages, summary, code):
    assert verdict({"dependencies": packages}) == (summary, code)
