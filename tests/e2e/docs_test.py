"""docs/language.md speaks the truth: each of its blocks is checked by the program."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

MILLWRIGHT = os.environ["MILLWRIGHT"]
DATA = {
    "orders": "order,shop,customer,amount,note,paid_after,placed\n"
              "1,a,ann,10,gift,5,2024-01-01T10:00:00Z\n2,b,bob,20,,,2024-01-02T10:00:00Z\n",
    "returns": "order,shop,returned\n1,a,2024-01-05T10:00:00Z\n",
    "plan": "shop,discount,start\na,0.1,2024-01-03T08:00:00Z\n",
    "places": "shop,town\na,Rome\n",
    "tills": "till,shop,cents,load,at\nt1,a,250,0.5,2024-01-01T10:00:00Z\n",
}
FEATURE, LABEL = "  amount: amount\n", "any(returns by id over next 14d)"
MOMENT = f"    moment:   on orders\n    label:    {LABEL}\n"


def blocks(kind):
    text = Path("docs/language.md").read_text()
    found = re.findall(rf"^```{kind}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"docs/language.md has no block of {kind}"
    return found


def check(folder, project):
    (folder / "millwright.yaml").write_text(project)
    done = subprocess.run([MILLWRIGHT, "check", "-C", folder], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def accepted(folder, project, what):
    status, output = check(folder, project)
    if status != 0:
        sys.exit(f"{what} must be accepted, got exit {status}\n{output}")


def refused(folder, project, line, reason):
    status, output = check(folder, project)
    if status != 3 or reason not in output:
        sys.exit(f"{line}\nmust be refused with\n{reason}\ngot exit {status}\n{output}")


def main(folder):
    (folder / "data").mkdir()
    for stream, rows in DATA.items():
        (folder / "data" / f"{stream}.csv").write_text(rows)
    project, = blocks("yaml")
    accepted(folder, project, "the project")
    for block in blocks("features"):
        lines = "".join(f"  {line}\n" for line in block.splitlines())
        accepted(folder, project.replace(FEATURE, FEATURE + lines), block)
    for block in blocks("streams"):
        accepted(folder, project.replace("streams:\n", "streams:\n" + block), block)
    for label in "".join(blocks("labels")).splitlines():
        accepted(folder, project.replace(LABEL, label), label)
    for moment in "".join(blocks("moments")).splitlines():
        label = "any(returns by shop over next 30d)"
        assert MOMENT in project
        accepted(folder, project.replace(MOMENT, f"    moment: {moment}\n    label: {label}\n"), moment)
    for block in blocks("each"):
        lines = "".join(f"  {line}\n" for line in block.splitlines())
        moment = "    moment: on orders each tags as tag\n    label: any(returns by shop over next 30d)\n"
        accepted(folder, project.replace(FEATURE, FEATURE + lines).replace(MOMENT, moment), block)
    cases = re.findall(r"^(x: .*)\n +# (.*)$", "".join(blocks("refused")), re.MULTILINE)
    for line, reason in cases:
        refused(folder, project.replace(FEATURE, f"{FEATURE}  {line}\n"), line, reason)
    print(f"docs/language.md holds; {len(cases)} mistakes are refused in its words")


with tempfile.TemporaryDirectory() as temporary:
    main(Path(temporary))
