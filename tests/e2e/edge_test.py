"""libmillwright: an exported model predicts, with libc and libm alone, what `predict` and the server do, to the bit."""
import csv
import io
import json
import os
import subprocess
from pathlib import Path

import each_test
import pyarrow.parquet
import serving
import shop
import stream_fields_test
from answering import Answering
from shop import Shop, main

EDGE = Path(os.environ["MILLWRIGHT"]).parent / "edge"
SIZE_MAX = 300_000


def build(source, folder, *libraries):
    """Compiles as a user would, outside of our build."""
    program = Path(folder) / Path(source).stem
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iinclude", source, *libraries,
                    "-lm", "-o", program], check=True)
    return program


def static(source, folder):
    return build(source, folder, EDGE / "libmillwright.a")


def us(text):
    return int((shop.datetime.fromisoformat(text.replace("Z", "+00:00")) - shop.datetime(1970, 1, 1, tzinfo=shop.timezone.utc))
               / shop.timedelta(microseconds=1))


def stamp(us_):
    return (shop.datetime(1970, 1, 1) + shop.timedelta(microseconds=us_)).isoformat() + "Z"


def rows(lines):
    return list(csv.DictReader(lines))


def values(row):
    """A row of a CSV file in the driver's words; what is empty is missing."""
    return [f"n:{key}={value}" if key in ("amount", "rate", "price") else f"t:{key}={value}" for key, value in row.items() if value]


def driven(shop_, model_file, lines):
    """The words that the driver says of each prediction."""
    program = static("tests/e2e/edge_driver.c", shop_.folder)
    done = subprocess.run([program, model_file], input="".join("\t".join(map(str, line)) + "\n" for line in lines),
                          capture_output=True, text=True, check=True)
    refused = [line for line in done.stdout.splitlines() if line.startswith("!")]
    assert not refused, refused[:3]
    return [line.split() for line in done.stdout.splitlines()]


def drive(shop_, model_file, lines):
    return {words[0]: float(words[2]) for words in driven(shop_, model_file, lines)}


def export(shop_, *version, model="returned"):
    file = str(shop_.folder / "model.mwm")
    told = shop_.ok("models", "export", model, *version, "--output", file, "--json").json()
    assert told["bytes"] == os.path.getsize(file) and told["model"] == model, told
    return file


def predicted(shop_):
    out = shop_.ok("predict", "returned", "--input", str(shop_.folder / "data/orders.csv")).out
    return {row["order_id"]: float(row["prediction"]) for row in rows(io.StringIO(out))}


def history(shop_):
    """What happened, in its order: (when it was known, stream, row)."""
    events = [(us(row["placed"]), "orders", row) for row in rows(shop_.orders)]
    events += [(us(row["returned"]), "returns", row) for row in rows(shop_.returns)]
    if (shop_.folder / "data/rates.csv").exists():
        with open(shop_.folder / "data/rates.csv") as file:
            events += [(us(row["day"]) + 3600 * 10**6, "rates", row) for row in rows(file)]
    return sorted(events, key=lambda event: event[0])


def check_asked(shop_):
    lines = []
    for now, stream, row in history(shop_):
        if stream == "orders":
            lines.append(["predict", now, *values(row)])
        lines.append(["push", now, stream, *values(row)])
    found, expected = drive(shop_, export(shop_), lines), predicted(shop_)
    assert len(expected) > 2000 and len(set(expected.values())) > 100
    assert found == expected, [(id, found.get(id), value) for id, value in expected.items() if found.get(id) != value][:5]


def test_events_give_the_bits_of_predict():
    with Shop() as shop_:
        shop_.ok("ingest")
        shop_.ok("train")
        check_asked(shop_)


def test_numbers_do_too():
    with Answering() as shop_:
        shop_.ok("ingest")
        shop_.ok("train", "worth")
        lines = []
        for row in rows(shop_.orders):
            lines += [["predict", us(row["placed"]), *values(row)], ["push", us(row["placed"]), "orders", *values(row)]]
        found = drive(shop_, export(shop_, model="worth"), lines)
        out = shop_.ok("predict", "worth", "--input", str(shop_.folder / "data/orders.csv")).out
        expected = {row["order_id"]: float(row["prediction"]) for row in rows(io.StringIO(out))}
        assert found == expected and len(set(expected.values())) > 100 and max(expected.values()) > 1


def test_fields_with_windows_do_too():
    with Shop(stream_fields_test.PROJECT) as shop_:
        (shop_.folder / "data/rates.csv").write_text("\n".join(stream_fields_test.rates()) + "\n")
        shop_.ok("ingest")
        shop_.ok("train")
        check_asked(shop_)


def test_moments_that_fall_due_do_too():
    with Shop() as shop_:
        shop_.change("moment:   on orders", "moment:   on orders at time + 1h")
        shop_.ok("ingest")
        shop_.ok("train")
        lines = []
        for now, stream, row in history(shop_):
            lines += [["next", now - 1], ["push", now, stream, *values(row)]]
        found = drive(shop_, export(shop_), [*lines, ["next", us("2030-01-01T00:00:00Z")]])
        assert found == predicted(shop_)


def test_a_server_answers_the_same():
    with Shop() as shop_:
        shop_.ok("ingest")
        shop_.ok("train")
        begin = us(shop_.returns[-1].split(",")[1]) + 10 * 86400 * 10**6
        process, port = serving.start(str(shop_.folder), "--listen", "127.0.0.1:0", "--clock", stamp(begin))
        lines = [["push", now, stream, *values(row)] for now, stream, row in history(shop_)]
        expected = {}
        for i in range(60):
            now = begin + (i + 1) * 600 * 10**6
            row = {"order_id": f"new{i}", "placed": stamp(now), "shop": "abcde"[i * i % 5], "amount": str(i * 7919 % 100)}
            assert serving.call(port, "POST", "/v1/clock", {"now": stamp(now)})[0] == 200
            body = {"event": {**row, "amount": float(row["amount"])}}
            code, answer = serving.call(port, "POST", "/v1/models/returned/predict", body)
            assert code == 200, answer
            expected[row["order_id"]] = answer["prediction"]
            lines += [["predict", now, *values(row)], ["push", now, "orders", *values(row)]]
        serving.stop(process)
        assert drive(shop_, export(shop_), lines) == expected and len(set(expected.values())) > 10


def test_corrections_do_too():
    """By the server, each order being corrected, and corrected again, while others come."""
    with Shop(stream_fields_test.PROJECT) as shop_:
        (shop_.folder / "data/rates.csv").write_text("\n".join(stream_fields_test.rates()) + "\n")
        shop_.ok("ingest")
        shop_.ok("train")
        begin = us(shop_.returns[-1].split(",")[1]) + 10 * 86400 * 10**6
        process, port = serving.start(str(shop_.folder), "--listen", "127.0.0.1:0", "--clock", stamp(begin))
        lines = [["push", now, stream, *values(row)] for now, stream, row in history(shop_)]
        expected, now = {}, begin

        def typed(row):
            return {key: float(value) if key == "amount" else value for key, value in row.items()}

        def later():
            nonlocal now
            now += 60 * 10**6
            assert serving.call(port, "POST", "/v1/clock", {"now": stamp(now)})[0] == 200

        for i in range(40):
            later()
            row = {"order_id": f"new{i}", "placed": stamp(now), "shop": "abcde"[i % 2], "amount": str(i * 7919 % 100)}
            code, answer = serving.call(port, "POST", "/v1/models/returned/predict", {"event": typed(row)})
            assert code == 200, answer
            expected[row["order_id"]] = answer["prediction"]
            lines += [["predict", now, *values(row)], ["push", now, "orders", *values(row)]]
            for change in ({"amount": str(i + 200)}, {"amount": str(i), "shop": "c"})[:i % 3]:
                later()
                before, row = row, {**row, **change}
                code, answer = serving.call(port, "POST", "/v1/events/orders", {"events": [typed(row)]})
                assert code == 200 and answer["corrections"] == 1, answer
                lines.append(["correct", now, "orders", *values(before), "becomes", *values(row)])
        serving.stop(process)
        assert drive(shop_, export(shop_), lines) == expected and len(set(expected.values())) > 10


def test_rankings_do_too():
    with Shop("project: empty\n") as shop_:
        (shop_.folder / "millwright.yaml").write_text(each_test.project_text(shop_.folder))
        shop_.ok("ingest")
        shop_.ok("train", "rank")
        visits = pyarrow.parquet.read_table(shop_.folder / "visits.parquet").to_pylist()
        events = [(us(row["at"].isoformat()), "visits", {**row, "at": row["at"].isoformat(),
                                                         "candidates": json.dumps(row["candidates"] or [])}) for row in visits]
        for stream, time in ("impressions", "at"), ("clicks", "at"), ("items", "changed_at"):
            with open(shop_.folder / f"{stream}.csv") as file:
                events += [(us(row[time]), stream, row) for row in csv.DictReader(file)]
        end = us(shop.stamp(each_test.END))
        lines = [["push", now, stream, *values(row)] for now, stream, row in sorted(events, key=lambda event: event[0]) if now < end]
        asked = [each_test.visit(f"w{i}", json.dumps([f"i{(i + k * k) % 20}" for k in range(i % 6)]), user=f"u{i % 13}")
                 for i in range(60)]
        with open(shop_.folder / "asked.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(asked[0]))
            writer.writeheader()
            writer.writerows(asked)
        lines += [["rank", end, *values(row)] for row in asked]
        told = shop_.ok("predict", "rank", "--input", str(shop_.folder / "asked.csv"), "--json").json()
        expected = {row["id"]: row["prediction"] for row in told if row["item"]}
        assert drive(shop_, export(shop_, model="rank"), lines) == expected and len(set(expected.values())) > 30


def test_the_example_predicts_from_features():
    with Shop() as shop_:
        shop_.ok("ingest")
        shop_.ok("train")
        version = shop_.ok("models", "list", "--json").json()[0]["version"]
        file, expected = export(shop_, version[:8]), predicted(shop_)
        features = str(shop_.folder / "features.csv")
        shop_.ok("features", "build", "--output", features)
        shared = build("examples/edge/predict.c", shop_.folder, f"-L{EDGE}", f"-Wl,-rpath,{EDGE}", "-lmillwright")
        with open(features) as opened:
            built = rows(opened)
        names = shop_.ok("models", "show", "returned", "--json").json()["features"]
        for row in built[:20] + built[-20:]:
            words = [f"{name}={row[name]}" for name in names if row[name]]
            out = subprocess.run([shared, file, *words], capture_output=True, text=True, check=True).stdout
            assert float(out.split()[0]) == expected[row["id"]], (row, out)
        alone = static("examples/edge/predict.c", shop_.folder)
        assert subprocess.run([alone, file, *words], capture_output=True, text=True, check=True).stdout == out
        wrong = subprocess.run([alone, file, "colour=3"], capture_output=True, text=True, check=False)
        assert wrong.returncode == 1 and wrong.stderr == "colour: the model has no such feature\n"
        with open("examples/edge/predict.c") as source:
            code = source.read().split("*/", 1)[1].strip().splitlines()
        assert len(code) <= 36, len(code)


def test_what_cannot_be_exported_or_read_is_told():
    with Shop() as shop_:
        shop_.fails(2, "--output FILE is missing", "models", "export", "returned")
        shop_.ok("ingest")
        shop_.fails(3, "", "models", "export", "returned", "--output", str(shop_.folder / "x"))
        shop_.ok("train")
        file = Path(export(shop_))
        program = static("examples/edge/predict.c", shop_.folder)
        file.write_bytes(file.read_bytes()[:-9] + b"123456789")
        wrong = subprocess.run([program, file], capture_output=True, text=True, check=False)
        assert wrong.returncode == 1 and "exported model" in wrong.stderr, wrong.stderr


def test_the_library_leans_on_libc_alone_and_shows_its_header_alone():
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    header = Path("include/millwright.h").read_text()
    promised = {line.split("(")[0].split()[-1].lstrip("*") for line in header.splitlines() if line.startswith("MW_API")}
    shared, archive = EDGE / "libmillwright.so", EDGE / "libmillwright.a"
    needed = {line.split("[")[1].rstrip("]") for line in said("readelf", "-d", shared).splitlines() if "NEEDED" in line}
    assert needed == {"libc.so.6", "libm.so.6"}, needed
    for file, options in (shared, ["-D"]), (archive, []):
        shown = {line.split()[2] for line in said("nm", "--defined-only", *options, file).splitlines()
                 if len(line.split()) == 3 and line.split()[1].isupper()}
        assert shown == promised and len(promised) == 21, shown ^ promised
    assert "[libmillwright.so.0.2]" in said("readelf", "-d", shared)  # structs may change with each minor version up to 1.0
    said("clang", "-x", "c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-include",
         "include/millwright.h", "/dev/null")
    with Shop() as shop_:
        assert shared.stat().st_size < SIZE_MAX, shared.stat().st_size  # as it is installed
        program = static("examples/edge/predict.c", shop_.folder)
        said("strip", program)
        assert program.stat().st_size < SIZE_MAX, program.stat().st_size


def test_make_install_brings_it_with_what_pkg_config_asks_for():
    with Shop() as shop_:
        subprocess.run(["cmake", "--install", EDGE.parent, "--prefix", shop_.folder / "usr", "--component", "edge"],
                       check=True, capture_output=True)
        there = {**os.environ, "PKG_CONFIG_PATH": str(shop_.folder / "usr/lib/pkgconfig")}
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "millwright"], env=there, capture_output=True,
                               text=True, check=True).stdout.split()
        example = shop_.folder / "usr/share/doc/millwright/examples/predict.c"
        subprocess.run(["cc", example, *flags, "-o", shop_.folder / "predict"], check=True)
        found = {"LD_LIBRARY_PATH": str(shop_.folder / "usr/lib")}
        done = subprocess.run([shop_.folder / "predict", "nothing"], env=found, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr == "nothing: cannot be opened\n", done.stderr


if __name__ == "__main__":
    main(globals())
