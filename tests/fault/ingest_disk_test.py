#!/usr/bin/env python3
"""A disk that fills up in the middle of an ingest, at every fill level that matters: exit code 4, it
is said, the lake is what it was, and the ingest succeeds once there is room.

As root the state lies on a small file system of its own; otherwise a limit on the size of files
stands in for it.
"""
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from bad_shop import Shop, orders  # noqa: E402

FREE_KB = (0, 4, 16, 48, 80, 112, 144, 200, 300)


def mount(folder, size_kb):
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", folder],
                          capture_output=True, check=False)
    return done.returncode == 0


class FullDisk(Shop):
    def setUp(self):
        super().setUp()
        self.write_orders(orders(3000))

    def ingest_fails(self, before, kind=None, **more):
        """False if it went well after all; else all that must hold does."""
        answer = self.run_command("ingest", **more)
        if answer.code == 0:
            return False
        self.assertEqual(answer.code, 4, str(answer))
        self.assertTrue(answer.err.strip())
        spoken = self.run_command("ingest", "--json", **more)
        self.assertEqual(spoken.code, 4, str(spoken))
        self.assertTrue(spoken.json["error"]["message"])
        if kind:
            self.assertEqual(spoken.json["error"]["type"], kind, str(spoken))
        if before:
            self.assertEqual(self.lake(), before)
        return True

    def test_small_file_system(self):
        if os.geteuid() != 0 or not mount(self.state, 4096):
            self.skipTest("needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        self.write_orders(orders(300))
        self.succeeds("ingest")
        before = self.lake()
        self.write_orders(orders(3000))
        ballast = self.state / "ballast"
        outcomes = []
        for free_kb in FREE_KB:
            ballast.unlink(missing_ok=True)
            room = os.statvfs(self.state)
            size = room.f_bavail * room.f_frsize - free_kb * 1024
            ballast.write_bytes(bytes(max(size, 0)))
            outcomes.append(self.ingest_fails(before, kind="no-space"))
            if not outcomes[-1]:
                break
        self.assertTrue(outcomes[0], "no room at all, and yet it was taken in")
        ballast.unlink()
        self.succeeds("ingest")
        self.assertEqual(self.lake(), [float(number) for number in range(1, 3001)])

    def test_no_room_for_the_files_of_ids(self):
        """An ingest does without them, leaves nothing of them, and the next one makes them."""
        if os.geteuid() != 0 or not mount(self.state, 16384):
            self.skipTest("needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        rows, count = orders(70_030), 70_000
        self.write_orders(rows[:count + 1])
        self.succeeds("ingest")
        ballast = self.state / "ballast"
        for room_kb, has_files in ((1024, False), (8192, True)):
            ballast.unlink(missing_ok=True)
            room = os.statvfs(self.state)
            ballast.write_bytes(bytes(room.f_bavail * room.f_frsize - room_kb * 1024))
            self.write("more.csv", "".join(",".join(row) + "\n" for row in
                                           rows[:20] + rows[count + 1:count + 11]))
            report = self.succeeds("ingest", "orders", "--from", "more.csv", "--json").json
            figures = [report["files"][0][key] for key in ("events", "corrections", "repeats")]
            self.assertEqual(figures, [10, 0, 19])
            found = [path.suffix for path in (self.state / "ids").rglob("*") if path.is_file()]
            self.assertEqual(sorted(found), [".list", ".list", ".run", ".run"] * has_files)
            count += 10
        self.assertEqual(self.lake(), [float(number) for number in range(1, count + 1)])

    def test_no_room_for_a_first_ingest(self):
        if os.geteuid() != 0 or not mount(self.state, 4):
            self.skipTest("needs root and the right to mount")
        self.addCleanup(subprocess.run, ["umount", "-l", self.state], check=False)
        self.assertTrue(self.ingest_fails(None, kind="no-space"))
        subprocess.run(["mount", "-o", "remount,size=4096k", self.state], check=True)
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), 3000)

    def test_limit_on_files(self):
        limits = [1024 * kb for kb in (1, 8, 24, 40, 64, 80)]  # SQLite's commits fail otherwise than its files' making
        outcomes = []
        for limit in limits:
            def stay_within():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            shutil.rmtree(self.state, ignore_errors=True)
            outcomes.append(self.ingest_fails(None, kind="no-space", preexec_fn=stay_within))
        self.assertTrue(all(outcomes), outcomes)
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), 3000)


if __name__ == "__main__":
    unittest.main()
