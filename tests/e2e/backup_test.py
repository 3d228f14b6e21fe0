"""A copy of the project's folder is a backup, as docs/files.md says: of one that nothing runs on, and of one whose
processes all stand still, as in a snapshot of the file system. Taken elsewhere it answers as the original did, has each
event and prediction that was acknowledged before, makes recorded predictions again bit by bit, and goes on."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading

from serving import call, order, prepare, run, start, stop

NOT_KEPT = "socket", "lock", "lake.lock", "spill-*", "checkpoints"


def rows_of(folder, statement):
    done = run(folder, "sql", "--json", statement)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def predict(port, name):
    code, made = call(port, "POST", "/v1/models/big/predict", {"event": order(name, amount=len(name))})
    assert code == 200, made
    return made["id"]


class Client(threading.Thread):
    """Asks for predictions until it is told to end; what it has got an answer to stands in `made`."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.made, self.over = port, {}, False
        self.start()

    def run(self):
        while not self.over:
            name = f"live{len(self.made)}"
            self.made[name] = predict(self.port, name)


def family(process):
    found = [process.pid]
    for pid in found:
        found += [int(child) for child in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    return found


def copy_frozen(process, folder, copy):
    """What was acknowledged before all stood still is in the copy, whatever the processes were about."""
    frozen = []
    while set(family(process)) - set(frozen):
        for pid in set(family(process)) - set(frozen):
            os.kill(pid, signal.SIGSTOP)
            frozen.append(pid)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*NOT_KEPT))
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


def check_restored(folder, made, events):
    process, port = start(folder, "--listen", "127.0.0.1:0", "--clock", "2024-03-01T12:00:00Z")
    known = {row["id"] for row in rows_of(folder, "SELECT id FROM predictions")}
    assert set(made.values()) <= known, set(made.values()) - known
    for name, identity in list(made.items())[:2]:
        again = run(folder, "predictions", "replay", identity)
        assert again.returncode == 0, again.stdout + again.stderr
        assert predict(port, name) == identity  # sent again it is a repeat
    after = predict(port, "after")
    assert after not in known
    assert rows_of(folder, "SELECT count(*) AS n FROM orders")[0]["n"] >= events + 1
    stop(process)
    verified = run(folder, "features", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def main(base):
    home, stopped, frozen = f"{base}/home", f"{base}/stopped", f"{base}/frozen"
    os.mkdir(home)
    prepare(home)
    process, port = start(home, "--listen", "127.0.0.1:0", "--clock", "2024-03-01T12:00:00Z")
    made = {name: predict(port, name) for name in ["a", "bb", "ccc"]}
    stop(process)
    subprocess.run(["cp", "-a", home, stopped], check=True)

    process, port = start(home, "--listen", "127.0.0.1:0", "--clock", "2024-03-01T12:00:00Z")
    client = Client(port)
    while len(client.made) < 300:
        client.join(0.01)
    before = dict(client.made)
    copy_frozen(process, home, frozen)
    client.over = True
    client.join(20)
    stop(process)
    shutil.rmtree(home)  # nothing of the copies may need it

    check_restored(stopped, made, 603)
    check_restored(frozen, {**made, **before}, 603 + len(before))
    print(f"two copies answer as the original; {len(made) + len(before)} acknowledged predictions are there")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as base:
        main(base)
