"""TLS as clients know it: curl and Python's ssl verify the certificate and get their answers, over
kept-alive connections, in pieces and large; who speaks plain HTTP or an old version gets nothing; and
what is wrong with certificate or key is said at the start."""
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import tempfile

from serving import fresh_order, prepare, run, start, stop

PREDICT = "/v1/models/big/predict"


def make_certificate(folder, name):
    """A key and a certificate for localhost and 127.0.0.1, signed by itself."""
    files = f"{folder}/{name}.pem", f"{folder}/{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def lock(folder, key):
    locked = f"{folder}/locked.key"
    subprocess.run(["openssl", "ec", "-in", key, "-aes128", "-passout", "pass:word", "-out", locked], check=True,
                   capture_output=True)
    return locked


def options(certificate, key):
    return "--listen", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key


def check_refusals(folder, certificate, key):
    other = make_certificate(folder, "other")
    for words, code, says in [(options(certificate, key)[:4], 2, "--tls-key"),
                              ((*options(certificate, key), "--plain-http"), 2, "--plain-http"),
                              (options(f"{folder}/none.pem", key), 3, "none.pem"),
                              (options(key, key), 3, "certificate in PEM"),
                              (options(certificate, other[1]), 3, "other.key"),
                              (options(certificate, lock(folder, key)), 3, "without a passphrase")]:
        refused = run(folder, "serve", *words)
        assert refused.returncode == code and says in refused.stderr, refused


def check_python(port, certificate):
    trust = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection("localhost", port, timeout=20, context=trust)
    events = [fresh_order(f"t{i}") for i in range(3000)]  # more than a TLS record, there and back
    for i in range(50):
        body = {"events": events} if i % 10 == 0 else {"event": fresh_order("t1")}
        connection.request("POST", PREDICT, json.dumps({**body, "record": False}))
        answer = connection.getresponse()
        made = json.loads(answer.read())
        assert answer.status == 200, made
        assert len(made["predictions"]) == 3000 if i % 10 == 0 else "prediction" in made
    assert connection.sock.version() == "TLSv1.3"
    connection.close()


def check_drops(port, certificate):
    """A request by single bytes, each a record of its own; then a peer that goes without a word."""
    trust = ssl.create_default_context(cafile=certificate)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        with trust.wrap_socket(raw, server_hostname="127.0.0.1") as secure:
            for byte in b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n":
                secure.sendall(bytes([byte]))
            assert secure.recv(1000).startswith(b"HTTP/1.1 200"), "by bytes"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        try:
            assert not raw.recv(1000).startswith(b"HTTP/"), "plain HTTP must not be answered"
        except ConnectionResetError:
            pass
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw, old.wrap_socket(raw):
            raise AssertionError("TLS 1.1 must be refused")
    except (ssl.SSLError, ConnectionError):
        pass


def check_curl(port, certificate):
    if not shutil.which("curl"):
        raise SystemExit("serve_tls: curl is not installed; scripts/setup brings it")
    for trust, code in [(("--cacert", certificate), 0), ((), 60)]:
        got = subprocess.run(["curl", "-sS", "--max-time", "20", *trust, f"https://localhost:{port}/healthz"],
                             capture_output=True, text=True)
        assert got.returncode == code and ("ok" in got.stdout) == (code == 0), got


def main(folder):
    prepare(folder)
    certificate, key = make_certificate(folder, "site")
    check_refusals(folder, certificate, key)
    process, port = start(folder, *options(certificate, key))
    check_curl(port, certificate)
    check_python(port, certificate)
    check_drops(port, certificate)
    check_curl(port, certificate)
    stop(process)
    print("answered by TLS, and by nothing else")


with tempfile.TemporaryDirectory() as temporary:
    main(temporary)
