"""`python -m tests.audit`: known weaknesses of the installed packages, by pip-audit.

Says how many packages its database knew: an unreachable one must not look like a clean bill. Fails
on a weakness where it is asked to: `make audit` asks, `make lint` only tells, since what was found
elsewhere today must not stop a change that has no part in it.
"""

import json
import subprocess
import sys
from typing import Annotated

import typer

COMMAND = ("-m", "pip_audit", "--local", "--skip-editable", "--format", "json")
QUIET = ("--progress-spinner", "off", "--timeout", "5")


def audit(strict: Annotated[bool, typer.Option(help="Fail on a weakness.")] = False) -> None:
    """Tell the known weaknesses of the installed packages."""
    done = subprocess.run(
        [sys.executable, *COMMAND, *QUIET], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print("audit: not made, its database can't be reached")
        raise typer.Exit(strict) from None
    known = [package for package in packages if "skip_reason" not in package]
    weak = [package for package in known if package["vulns"]]
    print(f"audit: {len(known)} of {len(packages)} packages known, {len(weak)} with a weakness")
    for package in weak:
        for weakness in package["vulns"]:
            mended = ", ".join(weakness["fix_versions"]) or "nowhere yet"
            print(f"  {package['name']} {package['version']}: {weakness['id']}, mended in {mended}")
    raise typer.Exit(bool(weak) and strict)


if __name__ == "__main__":
    typer.run(audit)
