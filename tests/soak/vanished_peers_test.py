"""Peers that vanish: their machine lost its power or its cable, so that nothing says they have gone. Some were idle, some in
the middle of a request, some were to read more than fits on the way. After the deadlines of idleness and of reading and
the half minute that the kernel then waits for an acknowledgement, neither the server nor the kernel holds any of them;
others are answered all the time.

The peers have a network of their own (a namespace, which needs root), whose cable is pulled before they are killed."""
import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS, THEIRS, OF_EACH = "10.77.0.1", "10.77.0.2", 40
HELD_S = 130  # 75 s idle, 30 s unacknowledged, and the kernel looks at longer and longer intervals
READY = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
LARGE = b"GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n"
HALF = b"POST /v1/events/orders HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{"


def ip(*words, pid=None):
    inside = ["nsenter", "-t", str(pid), "-n"] if pid else []
    subprocess.run([*inside, "ip", *words], check=True)


def be_the_peers(port):
    """Connections that are answered, and then are left as they are."""
    kept = []
    for rest in [b"", HALF, LARGE * 300] * OF_EACH:
        kept.append(socket.create_connection((OURS, port), timeout=20))
        kept[-1].sendall(READY)
        assert kept[-1].recv(4096).startswith(b"HTTP/1.1 200")
        kept[-1].sendall(rest)
    print("ready", flush=True)
    time.sleep(600)


def join_networks():
    """The process that keeps the peers' network."""
    holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE)
    atexit.register(holder.kill)
    holder.stdout.readline()
    ip("link", "set", "lo", "up")
    ip("link", "add", "here", "type", "veth", "peer", "name", "there")
    ip("link", "set", "there", "netns", str(holder.pid))
    ip("addr", "add", f"{OURS}/24", "dev", "here")
    ip("link", "set", "here", "up")
    ip("addr", "add", f"{THEIRS}/24", "dev", "there", pid=holder.pid)
    ip("link", "set", "there", "up", pid=holder.pid)
    return holder.pid


def held_by_the_kernel(port):
    """Connections with the peers, whatever their state: /proc/net/tcp has addresses back to front, in hexadecimal."""
    theirs = socket.inet_aton(THEIRS)[::-1].hex().upper()
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(f":{port:04X}") and line[2].startswith(theirs) for line in lines)


def held_by_the_server(pid):
    """Its sockets: files it may open meanwhile, as the log a second time, to sync it."""
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{name}").startswith("socket:") for name in os.listdir(folder))


def is_answered(port):
    with socket.create_connection((OURS, port), timeout=20) as connection:
        connection.sendall(READY)
        return connection.recv(4096).startswith(b"HTTP/1.1 200")


def check(process, port, network):
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    server = next(pid for pid in children if b"\0server\0" in Path(f"/proc/{pid}/cmdline").read_bytes())
    before = held_by_the_server(server)
    peers = subprocess.Popen(["nsenter", "-t", str(network), "-n", sys.executable, __file__, str(port)],
                             stdout=subprocess.PIPE, text=True)
    atexit.register(peers.kill)
    assert peers.stdout.readline() == "ready\n"
    ip("link", "set", "there", "down", pid=network)
    peers.kill()
    peers.wait()
    assert held_by_the_server(server) >= before + 3 * OF_EACH and held_by_the_kernel(port) == 3 * OF_EACH
    begun = time.monotonic()
    while held_by_the_kernel(port) > 0 or held_by_the_server(server) > before:
        held = held_by_the_server(server) - before, held_by_the_kernel(port)
        assert time.monotonic() < begun + HELD_S, f"after {HELD_S} s the server holds {held[0]}, the kernel {held[1]}"
        assert is_answered(port)
        time.sleep(1)
    print(f"{3 * OF_EACH} peers vanished, none was held after {time.monotonic() - begun:.0f} s")


def main(folder):
    from serving import begin, stop, write_project
    write_project(folder)
    network = join_networks()
    process, said = begin(folder, "--listen", f"{OURS}:0", "--plain-http", "--tokens", "off")
    check(process, said["port"], network)
    stop(process)


if len(sys.argv) > 1:
    be_the_peers(int(sys.argv[1]))
elif "MILLWRIGHT_TEST_NETWORK" not in os.environ:
    if subprocess.run(["unshare", "-n", "true"], check=False).returncode != 0:
        print("left out: this user may make no network")
        sys.exit()
    os.execvpe("unshare", ["unshare", "-n", sys.executable, __file__], {**os.environ, "MILLWRIGHT_TEST_NETWORK": "own"})
else:
    sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
    with tempfile.TemporaryDirectory() as temporary:
        main(temporary)
