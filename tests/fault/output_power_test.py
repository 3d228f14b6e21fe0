"""A file that a command writes appears whole even if the power goes: it is synced before it gets its name. A library in
front of libc's writes down each sync of a file and each name that a file is given, in their order."""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from shop import Shop, main

SPY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void note(int file) {
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    FILE *notes = fopen(getenv("SPY_FILE"), "a");
    if (notes && size > 0) fprintf(notes, "sync %.*s\n", (int)size, path);
    if (notes) fclose(notes);
}
int fdatasync(int file) {
    note(file);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
}
int rename(const char *from, const char *to) {
    FILE *notes = fopen(getenv("SPY_FILE"), "a");
    if (notes) fprintf(notes, "name %s\n", to);
    if (notes) fclose(notes);
    return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}
"""


def test_output_is_synced_before_it_is_named():
    with Shop(count=200) as shop:
        spy, notes = shop.folder / "spy.so", shop.folder / "notes"
        (shop.folder / "spy.c").write_text(SPY)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", spy, shop.folder / "spy.c", "-ldl"], check=True)
        shop.ok("ingest")
        environment = dict(os.environ, LD_PRELOAD=str(spy), SPY_FILE=str(notes))
        for name in ("built.csv", "built.parquet"):
            notes.write_text("")
            output = shop.folder / name
            shop.ok("features", "build", "--output", str(output), env=environment)
            seen = [line for line in notes.read_text().splitlines() if name in line]
            assert seen == [f"sync {output}.tmp", f"name {output}"], (name, notes.read_text())


if __name__ == "__main__":
    main(globals())
