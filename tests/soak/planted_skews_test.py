"""Skews planted into the engine and the serving path, one at a time: `features verify` must catch each.

The sources are copied and built once; then for each skew a line or two are changed, the binary is linked
again, and it verifies a history and, if that was not enough, what it served itself over two restarts:
predictions, events that become known later, corrections. The oracle is never touched. What it cannot see
has a test that must fail instead. Unchanged sources must pass. Fields with windows are left out: their values
are what was stored (decision 7), never worked out again. An argument picks skews by name.
"""
import csv
import datetime
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import serving  # noqa: E402: it reads MILLWRIGHT, which is set for us

# What is wrong, where, and the line as it is and as it is planted.
SKEWS = [
    ("window edge inclusive", "feature/reading.c",
     "    return mw_bound_time(&cut->at, reading->t, &reading->desk->edges);",
     "    return mw_bound_time(&cut->at, reading->t, &reading->desk->edges) + 1;"),
    ("known too early", "feature/engine.c", "    if (known > engine->place)", "    if (known < engine->place)"),
    ("missing keys meet", "feature/group.h",
     "        if (mw_cell_is_missing(plan->key_types[i], out_keys[i])) return false;", ""),
    ("condition forgotten", "feature/group.h",
     "    if (plan->condition && mw_code_run(plan->condition, frame).boolean != MW_TRUE) return false;", ""),
    ("name clash: one ring for other keys", "feature/plan.c",
     "           memcmp(group->keys, window->event_keys,\n"
     "                  (size_t)window->key_count * sizeof *group->keys) == 0;", "           true;"),
    ("own events seen", "feature/reading.c",
     "    if (plan->leaves_out) find_own(reading, &r);", "    if (false && plan->leaves_out) find_own(reading, &r);"),
    ("tie goes to arrival", "feature/reading.c",
     "        found = mw_rank_better(&rank, r->group->ring.symbols, found, value);",
     "        found = mw_cell_is_missing(rank.type, found) ? value : found;"),
    ("NaN counts", "feature/total.h", "    if (!mw_exact_sum_takes(value)) return;\n    total->count++;",
     "    total->count++;\n    if (!mw_exact_sum_takes(value)) return;"),
    ("mean rounded twice", "feature/reading.c",
     "        count > 0 ? sum / (double)count : mw_cell",
     "        count > 0 ? (double)(float)(sum / (double)count) : mw_cell"),
    ("sums lose small values", "feature/ring_slot.h", "mw_exact_sum_usual_units(before[word].number",
     "mw_exact_sum_usual_units((double)(float)before[word].number"),
    ("expiry too soon", "feature/group.h", "    return mw_time_add(place, -group->plan->retention_us);",
     "    return mw_time_add(place, -group->plan->retention_us / 2);"),
    ("late events dropped", "feature/engine.c",
     "        if (event->time < mw_group_horizon(group, event->place)) {",
     "        if (event->time < event->place - 30 * MW_MINUTE_US) {"),
    ("unit of a trend", "feature/power_sums.c", "1000000", "1000"),
    ("zone forgotten", "feature/engine.c",
     "    MW_TRY(mw_desk_init(&engine->desk, &engine->plan, engine->config.program->zone,",
     "    MW_TRY(mw_desk_init(&engine->desk, &engine->plan, mw_zone_utc(),"),
    ("clock change forgotten", "feature/edges.c",
     "    edges->stretches[i] = (struct mw_edge_stretch){\n"
     "        from, to, mw_tick_step(plan->tick, edges->zone, t, plan->steps)};",
     "    edges->stretches[i] = (struct mw_edge_stretch){\n"
     "        from, to, from + plan->steps * plan->tick.span_us};"),
    ("aligned end one tick on", "feature/edges.c",
     "    int64_t from = mw_tick_step(plan->tick, edges->zone, t, 0);",
     "    int64_t from = mw_tick_step(plan->tick, edges->zone, t, 0);\n    t += MW_DAY_US;"),
    ("since reads the wrong end", "feature/reading.c",
     "    if (is_plain(r)) return mw_cell_time(t - time_at(r, r->to - 1));",
     "    if (is_plain(r)) return mw_cell_time(t - time_at(r, r->from));"),
    ("first is last", "feature/reading.c",
     "    case MW_AGGREGATE_LAST: return end_of(r, plan->column, true);",
     "    case MW_AGGREGATE_LAST: return end_of(r, plan->column, false);"),
    ("quantile one rank on", "feature/census.c", "    return rank > 0 ? rank : 1;", "    return rank + 1 < count ? rank + 1 : 1;"),
    ("top breaks ties backwards", "feature/census.c",
     "             mw_cell_compare(plan->type, value, leader, plan->shape->symbols) > 0))",
     "             mw_cell_compare(plan->type, value, leader, plan->shape->symbols) < 0))"),
    ("now is the event's row", "feature/reading.c", "    frame.now = reading->frame->row;", "    frame.now = reading->desk->event_row;"),
    ("corrections add up", "feature/group.c",
     "    mw_ring_remove(&plan->ring, &card->ring, position);",
     "    if (false) mw_ring_remove(&plan->ring, &card->ring, position);"),
    ("order of updates: the server forgets every fifth event", "serve/sequencer.c",
     "    MW_TRY(mw_entrance_event(sequencer->entrance, event, err));",
     "    if (++sequencer->stats.repeats % 5 == 0) return MW_OK;\n"
     "    MW_TRY(mw_entrance_event(sequencer->entrance, event, err));"),
    ("repeats after a restart", "serve/recovery.c",
     "    return mw_sequencer_feed(sequencer, &r->event, err);",
     "    MW_TRY(mw_sequencer_feed(sequencer, &r->event, err));\n"
     "    return mw_sequencer_feed(sequencer, &r->event, err);"),
    ("restart forgets the lake", "serve/recovery.c",
     "    return sources->recall(sources->context, sequencer->reached, &sequencer->past, err);",
     "    return sources->recall(sources->context, INT64_MAX - 1, &sequencer->past, err);"),
    ("a correction takes another event of its place", "serve/lookback.c",
     ("        id = mw_hash_join(id, part);", "        if (!is_same) return false;"), ("        (void)part;", "        (void)is_same;")),
    ("a checkpoint forgets a ring", "feature/snapshot.c",
     "            if (card) load_into(group, card, element);", "            if (card && c != 1) load_into(group, card, element);"),
]
# What the oracle takes as given (which moments there are, what each stream's events are and in which order they
# stand, ticks), and what this world has not: the test that must fail, a program of tests/e2e or all of a layer's.
GUARDED = [
    ("a correction stands before what it corrects", "ingest/standing.c", "ingest",
     "    event->replaced_from = mw_event_counts_from(&stands);", "    event->replaced_from = event->known;"),
    ("an element reads its neighbour's windows", "feature/slate.c", "each_test.py",
     "slate->windows + i * window_count, err));", "slate->windows + (i + 1) % slate->count * window_count, err));"),
    ("a schedule is one beat late", "feature/rounds.c", "schedule_test.py",
     "    int64_t beat = mw_beat_after(rounds->schedule->beat, rounds->zone, us);",
     "    int64_t beat = mw_beat_after(rounds->schedule->beat, rounds->zone, us);\n"
     "    beat = mw_beat_after(rounds->schedule->beat, rounds->zone, beat);"),
    ("a window is one horizon off", "lang/schedule_compiler.c", "examples_test.py",
     "    window->ahead_count = 0;",
     "    window->ahead_count = 0;\n    int64_t first = moment->schedule->ahead_first_us;\n"
     "    if (ahead_us > first) ahead_us -= first;"),
    ("a later field is known as soon as its event", "lang/source_compiler.c", "lang",
     "    stream->known = code_of(row, later_known(row, group));",
     "    stream->known = code_of(row, later_known(row, group));\n    stream->known = base->time;"),
    ("a tick that the clocks skip is lost", "base/tick.c", "base",
     "        if (local_us > before_us + mw_zone_offset_us(zone, before_us)) return change_us;", ""),
    ("a spill loses the newest event", "feature/group.c", "spilled_state_test.py",
     "                       .count = ring->count,", "                       .count = ring->count - 1,"),
]
PROJECT = """project: skews
zone: Australia/Lord_Howe
streams:
  orders:
    from: orders.csv
    types: {number: category, who: category, shop: category, tag: category, amount: number}
    time: at
    id: number
    fields: {rate: last(rates.rate by shop over 12h)}
  rates: {from: rates.csv, types: {shop: category, rate: number}, time: at, known: time + 1h}
features:
  amount: amount
  rate: rate
  n: count(orders by shop over {1h, 1d})
  who_n: count(orders by who over 2d)
  big: count(orders where amount > 20 by shop over 2d)
  spent: sum(orders.amount by who over {6h, 2d})
  usual: mean(orders.amount by shop over {3h, 2d})
  least: min(orders.amount by shop over 1d)
  most: max(orders.amount by who over 1d ago 1h)
  tag: last(orders.tag by shop over 1d)
  begun: first(orders.tag by who over 2d)
  middle: quantile(0.5)(orders.amount by shop over 1d)
  often: top(orders.tag by shop over 6h)
  kinds: distinct(orders.tag by shop over 2d)
  quiet: since(orders by who over 2d)
  slope: trend(orders.amount by shop over 1d)
  spread: std(orders.amount by shop over 1d)
  hour_n: count(orders by shop over 6h every 1h)
  day_n: count(orders by shop over 2d aligned day)
  day_most: max(orders.amount by shop over 2d aligned day)
  rate_now: last(rates.rate by shop over 1d)
  rate_mean: mean(rates.rate by shop over 12h every 1h)
  above: count(orders where amount > now.amount by shop over 1d)
  same: count(orders by number over 2d)
models:
  big:
    moment: on orders
    label: max(orders.amount by who over next 3h) > 30
"""
BEGIN = datetime.datetime(2024, 4, 4, tzinfo=datetime.timezone.utc)
LIVE = BEGIN + datetime.timedelta(days=6)  # the clocks went back half an hour in between


def text(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def draw_order(prng, number, at):
    return {"number": f"o{number}", "who": prng.choice(["ann", "bob", "cy", None]), "shop": prng.choice(["n", "s", None]),
            "tag": prng.choice("abcd"), "amount": prng.choice([None, prng.randrange(0, 400) / 10, 0.1 + prng.randrange(40)]),
            "at": text(at)}


def draw_rate(prng, at):
    return {"shop": prng.choice("ns"), "rate": prng.randrange(1, 99), "at": text(at)}


def write_csv(path, rows):
    with open(path, "w") as file:
        file.write(",".join(rows[0]) + "\n")
        file.writelines(",".join("" if cell is None else str(cell) for cell in row.values()) + "\n" for row in rows)


def write_history(folder):
    """In steps of ten minutes, so that times meet; some of it comes again, corrected."""
    prng = random.Random(7)
    with open(f"{folder}/millwright.yaml", "w") as file:
        file.write(PROJECT)
    at = [BEGIN + datetime.timedelta(minutes=10 * prng.randrange(6 * 144)) for _ in range(700)]
    orders = [draw_order(prng, i, time) for i, time in enumerate(sorted(at))]
    write_csv(f"{folder}/orders.csv", orders)
    write_csv(f"{folder}/rates.csv", [draw_rate(prng, BEGIN + datetime.timedelta(hours=hour)) for hour in range(144)])
    run(folder, "ingest")
    for order in prng.sample(orders, 40):
        order.update(amount=prng.randrange(400) / 10, shop=prng.choice("ns"))
    for order in orders[300:340]:  # which were known sooner, it turns out
        order["at"] = text(datetime.datetime.fromisoformat(order["at"]) - datetime.timedelta(hours=1))
    write_csv(f"{folder}/orders.csv", orders)
    run(folder, "ingest")
    run(folder, "train")


def run(folder, *words):
    done = serving.run(folder, *words)
    assert done.returncode == 0, done


def serve(folder, prng, first, is_killed):
    """A while of production: predictions, rates that become known later, corrections of what it took and of history."""
    with open(f"{folder}/orders.csv") as file:
        history = [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)][-150:]
    process, port = serving.start(folder, "--listen", "127.0.0.1:0", "--clock", text(LIVE))
    corrected = 0
    for i in range(first, first + 40):
        now = LIVE + datetime.timedelta(minutes=11 * i)
        serving.call(port, "POST", "/v1/clock", {"now": text(now)})
        order = draw_order(prng, 1000 + i, now - datetime.timedelta(minutes=prng.choice([0, 0, 1, 50])))
        serving.call(port, "POST", "/v1/models/big/predict", {"event": order})
        if i % 3 == 0:
            serving.call(port, "POST", "/v1/events/rates", draw_rate(prng, now - datetime.timedelta(minutes=20)))
        if i % 5 == 4:
            order.update(amount=3, shop="n")
            serving.call(port, "POST", "/v1/events/orders", order)
        if i % 4 == 1:
            old = history[i % len(history)]
            said = serving.call(port, "POST", "/v1/events/orders", {**old, "amount": 90 + i, "shop": "s"})[1]
            corrected += said["corrections"]
    if is_killed:
        process.kill()
        process.wait(20)
    else:
        serving.stop(process)
    return corrected


def is_caught(history, folder):
    """Whether the binary's own verification fails, of what it finds or of what it has served."""
    shutil.copytree(history, folder)
    verify = ("features", "verify", "--sample", "100000")
    found = serving.run(folder, *verify)
    if found.returncode != 0:
        assert found.returncode == 1, found
        return True
    prng = random.Random(8)
    corrected = sum(serve(folder, prng, first, is_killed) for first, is_killed in ((0, True), (40, False), (80, True)))
    served = serving.run(folder, *verify, "--json")
    assert served.returncode in (0, 1), served
    assert served.returncode == 1 or corrected == 30, corrected
    return served.returncode == 1


def copy_sources(folder):
    names = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        if os.path.isfile(f"{ROOT}/{name}"):
            shutil.copy2(f"{ROOT}/{name}", f"{folder}/{name}")
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    environment = {**os.environ, "CCACHE_BASEDIR": folder, "CCACHE_NOHASHDIR": "1",
                   "CCACHE_SLOPPINESS": "time_macros"}
    subprocess.run(["cmake", "-S", folder, "-B", f"{folder}/build", "-G", "Ninja", *launcher], check=True,
                   stdout=subprocess.DEVNULL, env=environment)
    return environment


def build(folder, environment, target="millwright"):
    done = subprocess.run(["ninja", "--quiet", "-C", f"{folder}/build", target], capture_output=True, text=True,
                          env=environment)
    assert done.returncode == 0, done.stdout[-3000:]


def attempt(test, folder, environment):
    """What comes of it: a program of tests/e2e, or all of a layer's."""
    if test.endswith(".py"):
        build(folder, environment)
        words = [sys.executable, f"{ROOT}/tests/e2e/{test}"]
    else:
        build(folder, environment, f"{test}_test")
        words = [f"{folder}/build/{test}_test"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
                          env={**os.environ, "MILLWRIGHT": f"{folder}/build/millwright"})


def lines_of(planted):
    """Mostly one place; two, where each by itself keeps the skew out."""
    return (planted,) if isinstance(planted, str) else planted


class Planted:
    """What stands in a place or two of a source is otherwise for a while."""

    def __init__(self, path, good, bad):
        self.path, self.pairs = path, list(zip(lines_of(good), lines_of(bad), strict=True))

    def __enter__(self):
        with open(self.path) as file:
            self.whole = planted = file.read()
        for good, bad in self.pairs:
            planted = planted.replace(good, bad)
        with open(self.path, "w") as file:
            file.write(planted)

    def __exit__(self, *_):
        with open(self.path, "w") as file:
            file.write(self.whole)


def is_wanted(name):
    """An argument picks by name."""
    return len(sys.argv) < 2 or sys.argv[1] in name


def check_lines():
    """Whether all that is to be planted still has its place: code moves on (tests/house asks it in every run)."""
    for path, planted in [skew[1:3] for skew in SKEWS] + [(skew[1], skew[3]) for skew in GUARDED]:
        with open(f"{ROOT}/src/{path}") as file:
            source = file.read()
        for good in lines_of(planted):
            assert source.count(good) == 1, (path, good, source.count(good))


def main(folder):
    check_lines()
    sources, history = f"{folder}/sources", f"{folder}/history"
    os.makedirs(history)
    write_history(history)
    environment = copy_sources(sources)
    build(sources, environment)
    serving.MILLWRIGHT = f"{sources}/build/millwright"
    serving.PATIENCE = 10  # a soak runs beside other work
    assert not is_caught(history, f"{folder}/true"), "sources without a skew"
    missed = []

    def tell(name, caught):
        print(("caught" if caught else "MISSED") + ": " + name, flush=True)
        missed.extend([] if caught else [name])

    for number, (name, path, good, bad) in enumerate(SKEWS):
        if is_wanted(name):
            with Planted(f"{sources}/src/{path}", good, bad):
                build(sources, environment)
                tell(name, is_caught(history, f"{folder}/{number}"))
    for name, path, test, good, bad in GUARDED:
        if is_wanted(name):
            done = attempt(test, sources, environment)
            assert done.returncode == 0, (f"{test}: sources without a skew", done.stdout[-2000:], done.stderr[-2000:])
            with Planted(f"{sources}/src/{path}", good, bad):
                tell(f"{name} ({test})", attempt(test, sources, environment).returncode != 0)
    assert len(SKEWS) >= 20 and not missed, missed


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(temporary)
