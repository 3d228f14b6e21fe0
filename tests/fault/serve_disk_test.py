"""A disk that fills up under a running server: what cannot be written is refused, with 507 and the
reason, and nothing of it is promised; whatever only reads is answered; and once there is room all
goes on by itself. Without a server commands that read go on too. As root, on a small file system of
its own. So it is where a file may grow no further (ulimit -f), which nobody needs to be root for: it would
end the process by a signal."""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from serving import MILLWRIGHT, call, order, prepare, run, start, stop  # noqa: E402

NOW = "2024-03-01T12:00:00Z"


def mount(folder):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder],
                          capture_output=True, check=False)
    return done.returncode == 0


def fill(state):
    """Leaves no block free; what the log has begun of its last one is all that is left."""
    room = os.statvfs(state)
    with open(state / "ballast", "wb") as ballast:
        ballast.write(bytes(room.f_bavail * room.f_frsize))
    assert os.statvfs(state).f_bavail == 0


def send(port, name):
    return call(port, "POST", "/v1/events/orders", {"events": [order(name)]})


def send_until_refused(port):
    """The events that were acknowledged, and the one that was not."""
    taken = []
    for i in range(1000):
        status, answer = send(port, f"e{i}")
        if status != 200:
            assert status == 507 and answer["type"].endswith("no-space"), (status, answer)
            assert "send it again" in answer["hint"], answer
            return taken, f"e{i}"
        assert answer["accepted"] == 1, answer
        taken.append(f"e{i}")
    sys.exit("1,000 events went onto a full disk")


def reads_are_answered(port, prediction, why="space"):
    for path in ("/healthz", "/v1/models", "/v1/streams", f"/v1/predictions/{prediction}"):
        status, answer = call(port, "GET", path)
        assert status == 200, (path, status, answer)
    status, answer = call(port, "GET", "/readyz")
    assert status == 503 and why in answer["detail"], (status, answer)


def writes_are_refused(port, unwritten):
    for _ in range(3):  # a retry finds no repeat: that would be a promise
        status, answer = send(port, unwritten)
        assert status == 507, (status, answer)
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": order("p1")})
    assert status == 507, (status, answer)


def goes_on(port, unwritten):
    until = time.monotonic() + 10
    while (answer := send(port, "late"))[0] != 200:
        assert time.monotonic() < until, answer
        time.sleep(0.05)
    status, answer = send(port, unwritten)
    assert status == 200 and answer["accepted"] + answer["repeats"] == 1, answer


def main(folder):
    state = folder / ".millwright"
    if os.geteuid() != 0 or not mount(state):
        print("needs root and the right to mount")
        return
    prepare(folder)
    process, port = start(folder, "--clock", NOW, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": order("p0")})
    assert status == 200, answer
    prediction = answer["id"]
    fill(state)
    taken, unwritten = send_until_refused(port)
    reads_are_answered(port, prediction)
    writes_are_refused(port, unwritten)
    assert process.poll() is None
    (state / "ballast").unlink()
    goes_on(port, unwritten)
    process.kill()
    process.wait(20)

    process, port = start(folder, "--clock", NOW, "--listen", "127.0.0.1:0")
    for name in taken + ["late", unwritten]:
        status, answer = send(port, name)
        assert (status, answer["repeats"]) == (200, 1), (name, answer)
    stop(process)
    fill(state)
    for words in (["status"], ["models", "list"], ["check"]):
        done = run(folder, *words)
        assert done.returncode == 0, done  # the catalog, which cannot be shared now, is read alone
    print(f"{len(taken)} events fitted into the log's last block, {unwritten} had to wait")


def limited(folder):
    prepare(folder)
    process, port = start(folder, "--clock", NOW, "--listen", "127.0.0.1:0")
    status, answer = call(port, "POST", "/v1/models/big/predict", {"event": order("p0")})
    assert status == 200, answer
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    server = min(map(int, children))  # the first that was started
    size = max(path.stat().st_size for path in (folder / ".millwright/log").iterdir())
    resource.prlimit(server, resource.RLIMIT_FSIZE, (size + 1000, resource.RLIM_INFINITY))
    taken, unwritten = send_until_refused(port)
    reads_are_answered(port, answer["id"], "File too large")
    writes_are_refused(port, unwritten)
    resource.prlimit(server, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    goes_on(port, unwritten)
    assert str(server) in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    stop(process)
    process, port = start(folder, "--clock", NOW, "--listen", "127.0.0.1:0")
    for name in taken + ["late", unwritten]:
        status, answer = send(port, name)
        assert (status, answer["repeats"]) == (200, 1), (name, answer)
    stop(process)

    def tie_hands():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

    output = folder / "built.csv"
    done = subprocess.run([MILLWRIGHT, "features", "build", "--output", output, "-C", folder], check=False,
                          capture_output=True, text=True, preexec_fn=tie_hands)
    assert done.returncode == 4 and "File too large" in done.stderr and not output.exists(), done


with tempfile.TemporaryDirectory() as temporary:
    limited(pathlib.Path(temporary))
with tempfile.TemporaryDirectory() as temporary:
    try:
        main(pathlib.Path(temporary))
    finally:
        subprocess.run(["umount", "-l", f"{temporary}/.millwright"], capture_output=True,
                       check=False)
