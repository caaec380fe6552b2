"""What pip-audit found, without its optimism: packages that it could not look up count as not checked.

Where no advisory data base can be reached, pip-audit skips every package and says that there are no known weaknesses.
From the root of a clone: ``make audit``, or

    pip-audit --skip-editable --format json | python -m scripts.audit
"""

from __future__ import annotations

import json
import sys
from typing import Any


def verdict(report: dict[str, Any]) -> tuple[str, int]:
    """What to say, and the exit code: 0 where at least one package was looked up and none has a known weakness.

    Args:
        report: what ``pip-audit --format json`` printed.
    """
    packages = [p for p in report["dependencies"] if not p.get("skip_reason", "").startswith("distribution marked")]
    skipped = [p["name"] for p in packages if "skip_reason" in p]
    checked = [p for p in packages if "skip_reason" not in p]
    if not checked:
        return f"nothing was checked: no advisory data base knows any of the {len(skipped)} packages (no network?)", 1
    weak = [p for p in checked if p["vulns"]]
    lines = [f"{p['name']} {p['version']}: {', '.join(v['id'] for v in p['vulns'])}" for p in weak]
    lines.append(f"{len(checked)} packages checked, {len(weak)} with known weaknesses")
    lines += [f"not checked: {', '.join(skipped)}"] if skipped else []
    return "\n".join(lines), int(bool(weak))


def main() -> None:
    text = sys.stdin.read()
    if not text.strip():
        raise SystemExit("nothing was checked: pip-audit gave no report (see above)")
    said, code = verdict(json.loads(text))
    print(said)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
