"""The keeper looks after a model beside the server: alerts, retraining through the gate, promotion.

Orders five times as dear as those of training are predicted under a virtual clock, and their returns
come. The drift opens one alert, which stays one when the keeper is killed; the model is trained
again, and the version that the catalog says is the one that the server answers with.
"""
import os
import random
import signal
import sqlite3
import subprocess
import time
from datetime import timedelta
from pathlib import Path

from monitor_test import BEGIN, DAYS, ORDERS, RETRAIN, order, predict_orders, return_some, serving
from serving import PATIENCE
from shop import PROJECT, Shop, main, stamp


def wait_for(what, seconds=30):
    until = time.monotonic() + seconds * PATIENCE
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came of {what.__name__} in {seconds * PATIENCE} s")


def child_of(parent, word):
    """The process id of the child with this word in its command; None: there is none."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent_of_it = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(parent_of_it) == parent and word in words:
            return int(folder.name)
    return None


def keeper_of(server):
    """The process id of the supervisor's child that keeps."""
    return child_of(server.process.pid, b"keeper")


def alerts(shop):
    return shop.run("alerts", "--json").json()


def retrainings(shop):
    return [run for run in shop.ok("runs", "list", "--json").json() if run["why"] != "train"]


def champion(shop):
    return shop.ok("status", "--json").json()["models"][0]["champion"]


def test_drift_opens_one_alert_and_trains_again():
    with Shop(PROJECT + RETRAIN) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            return_some(server, predict_orders(server))
            server.go_to(BEGIN + timedelta(days=DAYS + 4))

            def opened():
                return [entry for entry in alerts(shop) if entry["rule"] == "drift.max > 0.2"]
            first = wait_for(opened)
            assert len(first) == 1 and first[0]["closed"] is None, first
            shop.fails(1, " open", "alerts")
            # A rule trains again after a week at the earliest: on day 7 the gate finds too few labels
            # to compare, on day 14 the new version costs less.
            def retrained():
                runs = retrainings(shop)
                return len(runs) == 2 and runs[0]["version"] == champion(shop) and runs
            runs = wait_for(retrained)
            assert {run["why"] for run in runs} == {"drift.max > 0.2"}, runs
            ingested = shop.ok("data", "versions", "--json").json()[-1]["data_version"]
            assert ingested not in {run["data_version"] for run in runs}, "it learned from what was posted"

            old = wait_for(lambda: keeper_of(server))
            os.kill(old, signal.SIGKILL)
            wait_for(lambda: keeper_of(server) not in (None, old))
            server.go_to(BEGIN + timedelta(days=DAYS + 5))
            answer = server.post("/v1/models/returned/predict",
                                 {"event": order(ORDERS, BEGIN + timedelta(days=DAYS + 5), 1)})
            time.sleep(2)
            assert opened()[0]["opened"] == first[0]["opened"], (opened(), first)
            assert len(opened()) == 1 and retrainings(shop) == runs, "nothing is repeated"
            assert answer["version"] == champion(shop), "the server answers with the champion"


class Ingesting:
    """Takes what would be posted to a server as a file beside it."""

    def __init__(self, shop, server):
        self.shop, self.go_to = shop, server.go_to

    def post(self, _, body):
        lines = ["order_id,returned,shop,amount"]
        lines += [",".join(str(row[key]) for key in lines[0].split(",")) for row in body["events"]]
        (self.shop.folder / "data/more.csv").write_text("\n".join(lines) + "\n")
        self.shop.ok("ingest", "returns", "--from", "data/more.csv")
        return {"accepted": len(body["events"])}


def test_it_begins_anew_when_an_ingest_came():
    """The labels are in a file alone: without them the quality would not be known."""
    with Shop(PROJECT + RETRAIN.replace("roc_auc < 0.2", "roc_auc < 0.999")) as shop:
        shop.ok("ingest")
        shop.ok("train")
        with serving(shop, BEGIN) as server:
            made = predict_orders(server)

            def opened():
                return [entry["rule"] for entry in alerts(shop)]
            wait_for(lambda: "drift.max > 0.2" in opened())
            assert "roc_auc < 0.999" not in opened()
            return_some(Ingesting(shop, server), made)
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            wait_for(lambda: "roc_auc < 0.999" in opened())
            assert opened().count("drift.max > 0.2") == 1, opened()


def test_a_training_does_not_hold_up_the_end():
    with Shop(PROJECT + RETRAIN) as shop:
        shop.ok("ingest")
        first = shop.ok("train", "--json").json()["version"]
        shop.change("rounds: 20", "rounds: 100000")
        with serving(shop, BEGIN) as server:
            return_some(server, predict_orders(server))
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            keeper = wait_for(lambda: keeper_of(server))
            learner = wait_for(lambda: child_of(keeper, b"lightgbm-child"))
            os.kill(keeper, signal.SIGINT)
            began = time.monotonic()
            assert child_of(server.process.pid, b"keeper") == keeper, "the terminal is the supervisor's"
        assert time.monotonic() - began < 10, "all of it has ended"
        wait_for(lambda: not Path(f"/proc/{learner}").exists(), 5)
        assert retrainings(shop) == [] and champion(shop) == first


def trained_by(shop, *words):
    return shop.ok("train", *words, "--json").json()["version"]


def audit(shop):
    """(version, who) of each that became champion, the first one first."""
    query = "SELECT version, who FROM promotions WHERE to_stage = 'champion' ORDER BY time"
    rows = shop.ok("sql", query, "--json").json()
    return [tuple(row.values()) for row in rows]


def three_days(server, begin, number):
    """150 orders, and the returns of some: by the fourth day after these there is much to learn from."""
    made = []
    for i in range(150):
        when = begin + timedelta(days=3) * i / 150
        server.go_to(when)
        row = order(number + i, when, 5)
        answer = server.post("/v1/models/returned/predict", {"event": row})
        if random.Random(number + i).random() < answer["prediction"]:
            made.append({**row, "returned": stamp(begin + timedelta(days=3))})
            del made[-1]["placed"]
    server.go_to(begin + timedelta(days=3, minutes=1))
    assert server.post("/v1/events/returns", {"events": made})["accepted"] == len(made)


def overruled(act, before):
    """A person acts while the keeper trains: its version stays aside, is told of once, and the next one
    is held against the person's."""
    project = PROJECT.replace("rounds: 20", "rounds: 600") + RETRAIN  # so long that it can be met
    with Shop(project.replace("cost <= champion.cost", "roc_auc >= champion.roc_auc - 0.5")) as shop:
        shop.ok("ingest")
        versions = trained_by(shop), trained_by(shop, "--seed", "2")
        for seed in before:
            shop.ok("models", "promote", "returned", versions[seed])
        former, errors = champion(shop), shop.folder / "errors"
        with open(errors, "w", encoding="utf-8") as said, serving(shop, BEGIN, said) as server:
            return_some(server, predict_orders(server))
            wait_for(lambda: "event=refused" in errors.read_text())  # of day 7: too few to compare
            keeper = wait_for(lambda: keeper_of(server))
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            learner = wait_for(lambda: child_of(keeper, b"lightgbm-child"))
            os.kill(learner, signal.SIGSTOP)
            act(shop, server, versions)
            chosen = champion(shop)
            assert chosen != former and chosen in versions
            os.kill(learner, signal.SIGCONT)

            def told():
                return [line for line in errors.read_text().splitlines() if "is not promoted" in line]
            wait_for(told)
            made = retrainings(shop)[0]["version"]
            assert told() == [f"keeper: version {made} was trained, and passed, but is not promoted: "
                              f"returned: {chosen} is the champion now, not {former}"], told()
            assert f"\n  millwright models promote returned {made} " in errors.read_text()
            assert "event=promoted" not in errors.read_text(), errors.read_text()
            # The next one, trained a week later, was held against the person's, and may take its place.
            three_days(server, BEGIN + timedelta(days=DAYS + 4), ORDERS)
            server.go_to(BEGIN + timedelta(days=DAYS + 11))
            wait_for(lambda: champion(shop) != chosen)
            again = retrainings(shop)[0]["version"]
            assert audit(shop)[-2:] == [(chosen, audit(shop)[-2][1]), (again, "keeper")], audit(shop)
            assert again != made and len(retrainings(shop)) == 3 and len(told()) == 1, told()
            answer = server.post("/v1/models/returned/predict",
                                 {"event": order(2 * ORDERS, BEGIN + timedelta(days=DAYS + 11), 5)})
            assert answer["version"] == again, answer


def test_who_promotes_while_it_trains_is_not_overruled():
    overruled(lambda shop, _, versions: shop.ok("models", "promote", "returned", versions[1]), [])


def test_who_rolls_back_while_it_trains_is_not_overruled():
    overruled(lambda _, server, __: server.post("/v1/models/returned/rollback", {}), [1])


def test_a_killed_keeper_does_not_undo_a_way_back():
    """It promoted, and died before it had written down that it did; a person then went back."""
    with Shop(PROJECT + RETRAIN) as shop:
        shop.ok("ingest")
        first, errors = trained_by(shop), shop.folder / "errors"
        with open(errors, "w", encoding="utf-8") as said, serving(shop, BEGIN, said) as server:
            return_some(server, predict_orders(server))
            wait_for(lambda: "event=refused" in errors.read_text())
            with sqlite3.connect(shop.folder / ".millwright/catalog.db", timeout=20) as catalog:
                known = catalog.execute("SELECT value FROM settings WHERE name = 'keeper.returned'").fetchone()
            catalog.close()
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            wait_for(lambda: "event=promoted" in errors.read_text())
            made = champion(shop)
            assert made != first
            os.kill(wait_for(lambda: keeper_of(server)), signal.SIGSTOP)
            with sqlite3.connect(shop.folder / ".millwright/catalog.db", timeout=20) as catalog:
                catalog.execute("UPDATE settings SET value = ? WHERE name = 'keeper.returned'", known)
            catalog.close()
            shop.ok("models", "rollback", "returned")
            os.kill(keeper_of(server), signal.SIGKILL)
            wait_for(lambda: errors.read_text().count("event=trained") == 3, 60)
            time.sleep(2)
            assert champion(shop) == first and len(audit(shop)) == 3, audit(shop)
            assert f"returned: {made} was champion before, and was replaced" in errors.read_text(), \
                errors.read_text()


def test_an_edit_puts_retraining_off():
    """A version by the file of before is not to replace what a person has promoted by that of today."""
    with Shop(PROJECT + RETRAIN.replace("300d", "1d")) as shop:
        shop.ok("ingest")
        shop.ok("train")
        errors, before = shop.folder / "errors", (shop.folder / "millwright.yaml").read_text()
        with open(errors, "w", encoding="utf-8") as said, serving(shop, BEGIN, said) as server:
            def told():
                return errors.read_text().count("retraining waits for serve to be started again")
            shop.change("  spent: ", "  dearest: max(orders.amount by shop over 1d)\n  spent: ")
            own = shop.ok("train", "--json").json()["version"]
            shop.ok("models", "promote", "returned", own)
            return_some(server, predict_orders(server))
            wait_for(told)
            server.go_to(BEGIN + timedelta(days=DAYS + 4))
            time.sleep(2)
            assert told() == 1 and champion(shop) == own and not retrainings(shop), errors.read_text()
            assert "so nothing is retrained; " in shop.ok("status").out
            shop.write(before)  # it is still due, and the midnight after that sees it
            server.go_to(BEGIN + timedelta(days=DAYS + 5))
            wait_for(lambda: retrainings(shop))
            assert told() == 1, errors.read_text()


def test_a_file_that_cannot_be_read_is_no_edit():
    """It may be one, so the training waits; but it is told as what it is."""
    with Shop(PROJECT + RETRAIN.replace("300d", "1d")) as shop:
        shop.ok("ingest")
        shop.ok("train")
        errors, file = shop.folder / "errors", shop.folder / "millwright.yaml"
        with open(errors, "w", encoding="utf-8") as said, serving(shop, BEGIN, said) as server:
            file.rename(shop.folder / "aside")
            file.symlink_to("millwright.yaml")  # to itself
            predict_orders(server)
            words = f"keeper: model returned is not retrained: {file}: cannot be looked at: "
            wait_for(lambda: words in errors.read_text())
            (shop.folder / "aside").replace(file)
            server.go_to(BEGIN + timedelta(days=DAYS + 1))
            wait_for(lambda: retrainings(shop))
            assert errors.read_text().count(words) == 1, errors.read_text()
            assert "is another than serve goes by" not in errors.read_text(), errors.read_text()


def test_a_failure_that_stays_is_told_once():
    """As of a full disk: it tries again each 30 s."""
    with Shop(PROJECT) as shop:
        shop.ok("ingest")
        shop.ok("train")
        artefacts = shop.folder / ".millwright/artefacts"
        errors = shop.folder / "errors"
        with open(errors, "w", encoding="utf-8") as said:
            server = subprocess.Popen([os.environ["MILLWRIGHT"], "serve", "-C", str(shop.folder), "--listen",
                                       "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            assert server.stdout.readline()
            os.kill(child_of(server.pid, b"keeper"), signal.SIGSTOP)
            artefacts.rename(shop.folder / "aside")
            os.kill(child_of(server.pid, b"keeper"), signal.SIGKILL)
            wait_for(lambda: "artefacts: there is none" in errors.read_text(), 60)
            time.sleep(70)
            assert errors.read_text().count("artefacts: there is none") == 1, errors.read_text()
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main(globals())
