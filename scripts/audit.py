"""Reads a report of pip-audit and counts packages that it could not look up as not checked.

Where no advisory database can be reached, pip-audit skips every package and reports no known vulnerabilities. Run it
with ``make audit``, or:

    pip-audit --skip-editable --format json | python -m scripts audit
"""

from __future__ import annotations

import json
import sys
from typing import Any


def verdict(report: dict[str, Any]) -> tuple[str, int]:
    """Returns a summary and the exit code: 0 if at least one package was checked and none is vulnerable.

    Args:
        report: the output of ``pip-audit --format json``.
    """
    packages = [p for p in report["dependencies"] if not p.get("skip_reason", "").startswith("distribution marked")]
    skipped = [p["name"] for p in packages if "skip_reason" in p]
    checked = [p for p in packages if "skip_reason" not in p]
    if not checked:
        return f"nothing was checked: no advisory database knows any of the {len(skipped)} packages (no network?)", 1
    vulnerable = [p for p in checked if p["vulns"]]
    lines = [f"{p['name']} {p['version']}: {', '.join(v['id'] for v in p['vulns'])}" for p in vulnerable]
    lines.append(f"{len(checked)} packages checked, {len(vulnerable)} with known vulnerabilities")
    lines += [f"not checked: {', '.join(skipped)}"] if skipped else []
    return "\n".join(lines), int(bool(vulnerable))


def main() -> None:
    text = sys.stdin.read()
    if not text.strip():
        raise SystemExit("nothing was checked: pip-audit printed no report (see above)")
    summary, code = verdict(json.loads(text))
    print(summary)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
