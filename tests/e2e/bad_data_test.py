#!/usr/bin/env python3
"""Bad data files: what breaks a rule goes to quarantine with its row and reason, and the rest is in
(exit code 1); where nothing can be taken, nothing has changed (exit code 3)."""
import csv
import datetime
import decimal
import json
import os
import shutil
import sqlite3
import threading
import unittest

import pyarrow
import pyarrow.parquet

import pictures
from bad_shop import Shop


class BadFile(Shop):
    """Files of which nothing can be taken."""

    def is_refused(self, *says, kind="invalid"):
        for command in (["check"], ["ingest"]):
            self.refused(command, 3, *says, kind=kind)
        self.assertEqual(self.lake(), [])

    def test_missing_file(self):
        (self.folder / "orders.csv").unlink()
        self.is_refused("streams.orders: ./orders.csv: there is no such file", kind="not-found")

    def test_missing_file_beside_one_that_is_there(self):
        self.edit("streams:", "streams:\n  returns: {from: returns.csv, time: at}")
        self.is_refused("streams.returns: ./returns.csv: there is no such file", kind="not-found")

    def test_missing_file_hides_no_other_mistake(self):
        (self.folder / "orders.csv").unlink()
        self.edit("streams:", "streams:\n  calls: {from: \"kafka://host/calls\", time: at}\n"
                  "  visits: {from: visits.csv, time: at}")
        self.write("visits.csv", "at,shop\n2024-01-01,north\n")
        self.edit("features:", "features:\n  calls: count(calls by shop over 1d)\n"
                  "  seen:  count(visits by shp over 1d)")
        self.is_refused("streams.calls: from: reading kafka:// is not built yet",
                        "streams.orders: ./orders.csv: there is no such file",
                        "features.seen: there is no field shp in visits", "3 mistakes to mend",
                        kind="not-built")

    def test_pattern_without_a_file(self):
        self.edit("orders.csv", "orders-*.csv")
        self.is_refused("streams.orders: ", "orders-*.csv", kind="not-found")

    def test_empty_file(self):
        self.write("orders.csv", "")
        self.is_refused("streams.orders: ./orders.csv: the file is empty")

    def test_file_that_is_a_folder(self):
        (self.folder / "orders.csv").unlink()
        (self.folder / "orders.csv").mkdir()
        self.is_refused("./orders.csv: must be a file, is a folder")

    def test_file_that_is_a_pipe(self):
        self.succeeds("ingest")
        (self.folder / "orders.csv").unlink()
        os.mkfifo(self.folder / "orders.csv")
        for command in (["check"], ["ingest"]):
            self.refused(command, 3, "./orders.csv: must be a file, is a pipe, device or socket")

    def test_file_that_is_written_to_while_it_is_read(self):
        heading, rows = (self.folder / "orders.csv").read_text().split("\n", 1)
        self.write("orders.csv", heading + "\n" + rows * 300)  # long enough to be read for a while
        is_over = threading.Event()

        def go_on():
            with open(self.folder / "orders.csv", "a") as file:
                while not is_over.wait(0.001):
                    file.write(rows[:20])
                    file.flush()

        writer = threading.Thread(target=go_on)
        writer.start()
        answer = self.run_command("ingest")
        is_over.set()
        writer.join()
        self.assertEqual(answer.code, 4, str(answer))
        self.assertIn("orders.csv: was written to while it was read", answer.err)
        self.assertEqual(self.lake(), [])

    def test_quote_that_is_not_closed(self):
        # It would swallow all rows behind it.
        self.rows[10][2] = '"north'
        self.write_orders(self.rows)
        self.is_refused("./orders.csv: row 10: a quote is not closed")

    def test_heading_that_is_blank(self):
        for text in ("\n\n", "\ufeff", "  \n1\n"):
            self.write("orders.csv", text)
            self.is_refused("./orders.csv: heading: must name the columns, is blank")

    def test_column_that_is_not_there(self):
        self.rows[0][0] = "number"
        self.write_orders(self.rows)
        self.is_refused("streams.orders.types: must name a column of the data, got order")

    def test_column_that_goes_missing_in_the_next_file(self):
        self.succeeds("ingest")
        self.rows[0][3] = "cost"
        self.write_orders(self.rows)
        self.refused(["ingest"], 3, "orders.csv: there is no column price")
        self.assertEqual(len(self.lake()), 300)

    def test_every_row_of_a_later_file_broken(self):
        self.succeeds("ingest")
        before = self.lake(), self.succeeds("data", "versions", "--json").json
        self.write("more.csv", "order,at,shop,price,minutes\n9001,2024-03-01,north,-1,5\n")
        answer = self.succeeds("ingest", "orders", "--from", "more.csv", code=3)
        self.assertIn("all 1 rows were refused; orders: price: must be at least 0", answer.err)
        self.assertEqual((self.lake(), self.succeeds("data", "versions", "--json").json), before)

    def test_a_later_file_that_cannot_be_read(self):
        # The refused row of the first file is no news while nothing of it is taken.
        self.edit("from: orders.csv", "from: orders*.csv")
        self.succeeds("ingest")
        self.write("orders2.csv", "order,at,shop,price,minutes\n9001,2024-03-01,north,-1,5\n")
        self.write("orders3.csv", "")
        for command in (["check"], ["ingest"]):
            self.refused(command, 3, "orders3.csv: the file is empty", kind="invalid")
        self.assertEqual(len(self.lake()), 300)

    def test_every_row_broken(self):
        self.write_orders(self.rows[:1] + [row[:3] + ["-1", "5"] for row in self.rows[1:]])
        answer = self.succeeds("ingest", code=3)
        self.assertIn("all 300 rows were refused; orders: price: must be at least 0", answer.err)
        self.assertEqual(self.lake(), [])
        self.assertEqual(len(self.quarantine()), 300)
        again = self.succeeds("ingest", "--json", code=3)
        self.assertEqual(len(self.quarantine()), 300, "the same rows, told again")
        self.assertEqual(again.code, 3)

    def test_changed_rows_without_an_id(self):
        self.edit("    id: order\n", "")
        self.edit("by id over", "by order over")
        self.succeeds("ingest")
        self.rows[5][3] = "1.25"
        self.write_orders(self.rows)
        self.refused(["ingest"], 3, "orders.csv: its first 300 rows have changed since they were "
                     "taken in", "Without an id", kind="conflict")

    def test_keys_that_change_after_the_ingest(self):
        self.succeeds("ingest")
        self.edit("at + minutes * 1m", "at + minutes * 1h")
        for command in ("check", "ingest"):  # the check says what all other commands would
            self.refused([command], 3, "stream orders: its keys have changed", kind="conflict")

    def test_zone_by_another_of_its_names(self):
        self.edit("project: shop\n", "project: shop\nzone: UTC\n")
        self.edit("    id: order", "    zone: Asia/Calcutta\n    id: order")
        self.succeeds("ingest")
        self.edit("Asia/Calcutta", "Asia/Kolkata")
        self.edit("zone: UTC", "zone: Etc/UTC")
        self.write("orders.csv", "order,at,shop,price,minutes\n301,2024-03-01 12:00,north,5,30\n")
        self.succeeds("check")
        self.succeeds("ingest")
        self.assertEqual(self.lake("at")[-1].isoformat(), "2024-03-01T06:30:00")
        self.edit("Asia/Kolkata", "Asia/Colombo")  # which has the same time now, and had another
        self.refused(["ingest"], 3, "stream orders: its keys have changed", kind="conflict")
        self.edit("Asia/Colombo", "Asia/Kolkata")
        self.edit("zone: Etc/UTC", "zone: GMT")
        self.refused(["ingest"], 3, "stream orders: its keys have changed", kind="conflict")

    def test_zone_that_changes_after_the_ingest(self):
        # The events of before would keep the old one's times, beside later ones with the new one's.
        heading = "order,at,shop,price,minutes\n"
        self.write("orders.csv", heading + "1,2024-01-01 12:00,north,5,30\n")
        self.succeeds("ingest")
        for zone in ("Europe/Paris", "UTC"):  # to the project's own is no change
            self.edit("    id: order", f"    zone: {zone}\n    id: order")
            if zone == "UTC":
                self.succeeds("ingest")
            else:
                self.refused(["ingest"], 3, "stream orders: its keys have changed", kind="conflict")
                self.refused(["features", "build", "--output", "out.csv"], 3, "its keys have changed", kind="conflict")
            self.edit(f"    zone: {zone}\n", "")
        # A catalog from before zones were kept says nothing of them, up to the next ingest.
        with sqlite3.connect(self.state / "catalog.db") as catalog:
            catalog.execute("UPDATE source_definitions SET has_zone = 0")
        catalog.close()
        self.edit("    id: order", "    zone: Europe/Paris\n    id: order")
        self.write("orders.csv", heading + "2,2024-01-01 12:00,north,5,30\n")
        self.succeeds("ingest")
        self.assertEqual([at.isoformat() for at in self.lake("at")], ["2024-01-01T11:00:00", "2024-01-01T12:00:00"])
        self.edit("Europe/Paris", "Europe/Berlin")
        self.refused(["ingest"], 3, "stream orders: its keys have changed", kind="conflict")


class BadRows(Shop):
    """Rows that break a rule, among others that are taken."""

    def rows_refused(self, expected):
        """Ingests; `expected` maps row numbers to rules. All other rows are in, none is lost."""
        total = sum(1 for _ in self.data_rows())
        answer = self.succeeds("ingest", code=1 if expected else 0)
        if expected:
            count = len(expected)
            self.assertIn(f"ingest: {count} of {total} rows were refused; the rest is in",
                          answer.err)
            self.assertIn("They stand in .millwright/quarantine/", answer.err)
        self.assertEqual({line["row"]: line["rule"] for line in self.quarantine()}, expected)
        self.assertEqual(len(self.lake()), total - len(expected))
        self.assertIn("nothing to do", self.succeeds("ingest").out)
        return answer

    def data_rows(self):
        return self.rows[1:]

    def test_wrong_type_in_a_row(self):
        self.rows[100][3] = "dear"
        self.rows[200][1] = "yesterday"
        self.write_orders(self.rows)
        self.refused_by_check(2)
        self.rows_refused({100: "price: must be a finite number",
                           200: "at: must be a date or a date and a time"})
        line = self.quarantine()[0]
        self.assertEqual((line["stream"], line["file"], line["value"]),
                         ("orders", "orders.csv", "dear"))
        self.assertEqual(line["columns"]["order"], 100)

    def test_the_first_value_that_broke_a_rule_is_shown(self):
        for number, price in ((100, "dear"), (120, "5 $"), (130, "2\x1b[2J")):
            self.rows[number][3] = price
        self.write_orders(self.rows)
        for command in ("check", "ingest"):
            lines = self.succeeds(command, code=1).out.splitlines()
            at = lines.index("stream  refused  rule                            first row  value")
            self.assertEqual(lines[at + 1], "orders        3  price: must be a finite number        100  dear")

    def test_columns_that_the_stream_has_not(self):
        # They would be lost in silence: they are named, by the file that has them.
        self.assertNotIn("left out:", self.succeeds("ingest").out)
        self.write("more.csv", "order,at,channel,shop,price,minutes\n9001,2024-03-01,web,north,1,5\n")
        said = "orders: more.csv has a column that the stream has not, left out: channel\n" \
            "A stream keeps the columns that it began with; is a name misspelt?\n"
        self.assertIn(said, self.succeeds("ingest", "orders", "--from", "more.csv").out)
        self.write("more.ndjson", "".join(json.dumps({"order": 9002 + i, "at": "2024-03-01", "shop": "north", "pirce": i,
                                                      f"key{i % 10}": i, "delivered": 7}) + "\n" for i in range(99)))
        said = "orders: more.ndjson has columns that the stream has not, left out: pirce, key0, delivered, key1, key2, " \
            "key3, key4, key5 and 4 more\n"
        self.assertIn(said, self.succeeds("ingest", "orders", "--from", "more.ndjson").out)
        self.write("odd.ndjson", json.dumps({"order": 9200, "at": "2024-03-01", "shop": "north", "price": 1,
                                             "a\x1b[31m\n" + 3000 * "b": 1}) + "\n")
        self.assertIn(f"left out: a?[31m?{53 * 'b'}...\n", self.succeeds("ingest", "orders", "--from", "odd.ndjson").out)
        pyarrow.parquet.write_table(pyarrow.table({
            "order": [1.0, 2.0], "at": [datetime.datetime(2024, 3, 1)] * 2, "shop": ["south"] * 2, "price": [1.0] * 2,
            "minutes": [1.0] * 2, "till": [1, 2], "desk": ["a", "b"]}), self.folder / "more.parquet")
        report = self.succeeds("ingest", "orders", "--from", "more.parquet", "--json").json
        self.assertEqual(report["files"][0]["columns_left_out"], ["till", "desk"])

    def test_json_names_what_was_refused(self):
        self.rows[100][3] = "dear"
        self.write_orders(self.rows)
        report = self.succeeds("ingest", "--json", code=1).json
        self.assertEqual(report["refused"], [{"stream": "orders", "rows": 1,
                                              "rule": "price: must be a finite number"}])
        self.assertEqual(report["files"][0]["events"], 299)
        self.assertTrue((self.folder / report["quarantine"]).exists())

    def refused_by_check(self, count):
        before = self.snapshot()
        answer = self.succeeds("check", code=1)
        self.assertIn(f"check: {count} of {len(self.rows) - 1} rows break a rule", answer.err)
        self.assertEqual(self.snapshot(), before, "check changes nothing")

    def test_wrong_type_in_a_column_that_declares_none(self):
        # One bad value must not turn a column of numbers into one of texts.
        self.edit("    types: {order: number, at: time, shop: text, price: number, "
                  "minutes: number}\n", "")
        self.rows[100][3] = "dear"
        self.rows[200][1] = "yesterday"
        self.write_orders(self.rows)
        self.rows_refused({100: "price: must be a finite number",
                           200: "at: must be a date or a date and a time"})

    def test_types_of_the_first_ingest_hold(self):
        self.edit("    types: {order: number, at: time, shop: text, price: number, "
                  "minutes: number}\n", "")
        self.succeeds("ingest")
        self.write("more.csv", "order,at,shop,price,minutes\n9001,2024-03-01,north,dear,5\n"
                               "9002,2024-03-01,north,5,5\n")
        report = self.succeeds("ingest", "orders", "--from", "more.csv", "--json", code=1).json
        self.assertEqual(report["refused"], [{"stream": "orders", "rows": 1,
                                              "rule": "price: must be a finite number"}])
        self.assertEqual(len(self.lake()), 301)

    def test_repeated_id_with_the_same_contents(self):
        self.rows += [self.rows[7], self.rows[8]]
        self.write_orders(self.rows)
        report = self.succeeds("ingest", "--json").json
        self.assertEqual((report["files"][0]["events"], report["files"][0]["repeats"]), (300, 2))
        self.assertEqual(len(self.lake()), 300)
        self.assertIn("nothing to do", self.succeeds("ingest").out)

    def test_repeated_id_with_other_contents(self):
        self.rows.append(self.rows[7][:3] + ["99.5", "1"])
        self.write_orders(self.rows)
        self.rows_refused({301: "id: stands in this ingest with other contents"})
        self.assertEqual(self.quarantine()[0]["value"], "7")

    def test_repeated_id_in_a_later_file(self):
        self.succeeds("ingest")
        more = [self.rows[0], self.rows[7], self.rows[8][:3] + ["99.5", "1"]]
        self.write("more.csv", "".join(",".join(row) + "\n" for row in more))
        report = self.succeeds("ingest", "orders", "--from", "more.csv", "--json").json
        self.assertEqual((report["files"][0]["events"], report["files"][0]["repeats"],
                          report["files"][0]["corrections"]), (0, 1, 1))
        self.assertEqual(len(self.lake()), 301)

    def test_missing_id_and_time(self):
        self.rows[10][0] = ""
        self.rows[20][1] = "NA"
        self.write_orders(self.rows)
        self.rows_refused({10: "id: order must be there", 20: "time: at must be there"})

    def test_ragged_rows(self):
        self.rows[10] = self.rows[10][:3]
        self.rows[20] = self.rows[20] + ["more", "still more"]
        self.write_orders(self.rows)
        self.rows_refused({10: "row: missing columns", 20: "row: too many columns"})

    def test_quotes_that_go_wrong(self):
        self.rows[10][2] = '"no"rth'
        self.write_orders(self.rows)
        self.rows_refused({10: "row: a quoted value must end with its quote"})

    def test_bytes_that_are_no_text(self):
        self.rows[10][2] = "@"
        self.write_orders(self.rows)
        data = (self.folder / "orders.csv").read_bytes()
        self.write("orders.csv", data.replace(b"@", b"\xff\xfe"))
        self.rows_refused({10: "row: must be text in UTF-8"})

    def test_zero_bytes(self):
        self.rows[10][2] = "no\0rth"
        self.write_orders(self.rows)
        self.rows_refused({10: "row: must be text in UTF-8, without zero bytes"})

    def test_numbers(self):
        texts = {"1e999": 0, "-1e999": 0, "inf": 0, "0x10": 0, "1_000": 0, "9007199254740993": 1,
                 "123456789012345678901234567890": 1, "nan": None, "-0": None, "5.": None,
                 "9007199254740992": None, "1e-400": None, "NA": None, "": None}
        rules = ["minutes: must be a finite number",
                 "minutes: must be a whole number of at most 2^53"]
        expected = {}
        for row, (text, rule) in enumerate(texts.items(), 1):
            self.rows[row][4] = text
            if rule is not None:
                expected[row] = rules[rule]
        self.write_orders(self.rows)
        self.rows_refused(expected)

    def test_column_named_twice(self):
        rows = [row + [row[3]] for row in self.rows]
        self.write_orders(rows)
        self.refused(["ingest"], 3, "orders.csv: each column needs a name of its own, "
                     "got price twice", kind="invalid")

    def test_text_of_another_encoding(self):
        text = (self.folder / "orders.csv").read_text()
        self.write("orders.csv", text.encode("utf-16"))
        self.refused(["ingest"], 3, "orders.csv: heading: must be text in UTF-8", kind="invalid")

    def test_heading_alone(self):
        self.write_orders(self.rows[:1])
        said = [self.succeeds("ingest").out for _ in range(2)]
        self.assertRegex(said[0], r"orders\.csv +0 +0 +0")
        self.assertIn("nothing to do", said[1])
        self.assertNotIn("data version", said[0] + said[1])  # there is none of no events

    def test_times(self):
        rule = "at: must be a date or a date and a time"
        texts = {"0000-01-01T00:00:00Z": rule, "10000-01-01T00:00:00Z": rule,
                 "2024-02-30T00:00:00Z": rule, "2024-13-01": rule, "1704067200": rule,
                 "2024-01-01T24:00:00Z": rule, "2024-01-01T00:00:00+25:00": rule,
                 "0001-01-01T00:00:00Z": None, "9999-12-31T23:59:59Z": None,
                 "2024-02-29": None, "2024-01-01 00:00:00.5+14:00": None}
        expected = {}
        for row, (text, broken) in enumerate(texts.items(), 1):
            self.rows[row][1] = text
            if broken:
                expected[row] = broken
        self.edit("    fields: {delivered: at + minutes * 1m}\n", "")
        self.edit("    later: {delivered: delivered, minutes: delivered}\n", "")
        self.edit("last(orders.minutes by id", "mean(orders.minutes by shop")
        self.write_orders(self.rows)
        self.rows_refused(expected)

    def test_times_without_a_zone(self):
        self.edit("time: at", "zone: America/New_York\n    time: at")
        times = ["2013-03-10T02:30:00", "2013-11-03T01:30:00", "2013-11-03T01:30:00-04:00",
                 "2013-03-10 01:59:59", "2013-07-01"]
        for row, text in enumerate(times, 1):
            self.rows[row][1] = text
        self.write_orders(self.rows)
        self.rows_refused({1: "at: must be a time that exists in its zone",
                           2: "at: must be a time that its zone has once"})
        self.assertEqual(self.lake("at")[:3], [datetime.datetime(2013, 3, 10, 6, 59, 59),
                                               datetime.datetime(2013, 7, 1, 4),
                                               datetime.datetime(2013, 11, 3, 5, 30)])


class HostileFiles(Shop):
    """Odd files that are right all the same: every event is taken, unharmed."""

    def takes_all(self, count=300):
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), count)

    def test_byte_order_mark_and_windows_lines(self):
        text = (self.folder / "orders.csv").read_text()
        self.write("orders.csv", b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        self.takes_all()

    def test_lines_that_end_in_two_ways(self):
        lines = (self.folder / "orders.csv").read_text().split("\n")
        self.write("orders.csv", "".join(line + ("\n" if i % 2 else "\r\n") for i, line in enumerate(lines[:-1])))
        self.takes_all()

    def test_lines_that_end_by_returns(self):
        text = (self.folder / "orders.csv").read_text()
        self.write("orders.csv", text.replace("\n", "\r").encode())
        self.takes_all()

    def test_long_line(self):
        self.edit(", shop: {in: [north, south, east]}", "")
        self.rows[10][2] = "x" * (5 << 20)
        self.write_orders(self.rows)
        self.takes_all()
        self.assertIn(self.rows[10][2], self.lake("shop"))

    def test_semicolons_and_no_last_newline(self):
        text = (self.folder / "orders.csv").read_text()
        self.write("orders.csv", text.replace(",", ";").rstrip("\n"))
        self.takes_all()

    def test_quotes_with_newlines_and_commas(self):
        odd = 'a "b",\r\nc;\n d'
        self.edit(", shop: {in: [north, south, east]}", "")
        self.rows[10][2] = '"' + odd.replace('"', '""') + '"'
        self.write_orders(self.rows)
        self.takes_all()
        self.assertIn(odd, self.lake("shop"))

    def test_row_numbers_after_newlines_in_values(self):
        self.edit(", shop: {in: [north, south, east]}", "")
        self.rows[10][2] = '"north\n\nsouth"'
        self.rows[20][3] = "dear"
        self.rows[30] = self.rows[30][:2]
        self.write_orders(self.rows)
        self.succeeds("ingest", code=1)
        self.assertEqual([line["row"] for line in self.quarantine()], [20, 30])

    def test_many_columns(self):
        names = [f"c{i}" for i in range(2000)]
        rows = [row + (names if i == 0 else [str(i)] * 2000) for i, row in enumerate(self.rows)]
        self.write_orders(rows)
        self.takes_all()
        self.assertEqual(self.lake("c1999"), list(range(1, 301)))

    def test_odd_column_names(self):
        odd = ['pri"ce', "new\nline", "🙂", "select", " blank ", "at.x", "A"]
        quoted = ['"' + name.replace('"', '""') + '"' for name in odd]
        rows = [row + (quoted if i == 0 else [str(i)] * len(odd))
                for i, row in enumerate(self.rows)]
        self.write_orders(rows)
        self.takes_all()
        for name in odd:
            self.assertEqual(self.lake(name), list(range(1, 301)), name)
        self.succeeds("check")

    def test_odd_file_and_folder_names(self):
        name = "it's a 'name' 🙂, [x].csv"
        (self.folder / "orders.csv").rename(self.folder / name)
        self.edit("from: orders.csv", f'from: "{name}"')
        self.takes_all()

    def test_names_that_differ_in_case_only(self):
        rows = [row + (["PRICE"] if i == 0 else ["1"]) for i, row in enumerate(self.rows)]
        self.write_orders(rows)
        self.takes_all()
        self.edit("  price:  price", "  price:  price\n  upper:  PRICE")
        self.succeeds("features", "build", "--output", "out.csv")
        with open(self.folder / "out.csv", newline="") as file:
            built = list(csv.DictReader(file))
        self.assertEqual({row["upper"] for row in built}, {"1"})
        self.assertEqual([float(row["price"]) for row in built],
                         [float(row[3]) for row in self.rows[1:]])


class BadLines(Shop):
    """JSON that breaks a rule, among lines that are taken."""

    def test_hostile_lines(self):
        row = '"order": 11, "at": "2024-01-01T10:00:00Z", "shop": "north"'
        no_object = "row: must be a JSON object on one line"
        cases = {
            f'{{{row}, "price": 1e400}}': "price: must be a finite number",
            f'{{{row}, "price": NaN}}': no_object, f'{{{row}, "price": Infinity}}': no_object,
            f'{{{row}, "price": 1, "price": 2}}': "price: must be given once",
            f'{{{row}, "price": null, "price": 2}}': "price: must be given once",
            f'{{{row}, "note": "\\ud800"}}': no_object, "[" * 100000: no_object, '{"a":' * 100000: no_object,
            f'{{{row}, "price": {{"a": 1}}}}': "price: must be no array or object",
            f'{{{row}, "price": [1]}}': "price: must be no array or object",
            f'{{{row}, "price": true}}': "price: must be a finite number",
            f'{{{row}, "a\\u0000b": 1}}': "row: a key must be a text without zero bytes, and not empty",
            f'{{{row}, "": 1}}': "row: a key must be a text without zero bytes, and not empty",
            f'{{{row}}} {{{row}}}': no_object, f'{{{row}, "price": 01}}': no_object, "\0": no_object,
            f'{{{row.replace("11", "1" * 30)}}}': "order: must be a whole number of at most 2^53"}
        lines = [json.dumps({"order": int(row[0]), "at": row[1], "shop": row[2], "price": float(row[3]),
                             "minutes": float(row[4])}) for row in self.rows[1:]]
        self.edit("from: orders.csv", "from: orders.jsonl")
        self.write("orders.jsonl", "\ufeff" + "\r\n".join([*cases, *lines]))
        self.succeeds("ingest", code=1)
        self.assertEqual({line["row"]: line["rule"] for line in self.quarantine()},
                         dict(enumerate(cases.values(), 1)))
        self.assertEqual(len(self.lake()), 300)


class BadPictures(Shop):
    def test_one_bad_picture_keeps_no_other_out(self):
        good = pictures.png([[(255, 0, 0)] * 4] * 4)
        contents = {"a": (b"", {}), "b": (good, {}), "c": (good[:-20], {}), "d": (b"GIF89a", {}),
                    "e": (good, "[1]"), "f": (good, None), "g": (bytes(17 << 20), {}), "h": (good, {})}
        (self.folder / "images").mkdir()
        for day, (name, (data, beside)) in enumerate(contents.items(), 1):
            self.write(f"images/{name}.png", data)
            if beside == {}:
                beside = json.dumps({"part": name, "taken": f"2024-01-0{day}"})
            if beside:
                self.write(f"images/{name}.json", beside)
        self.write("millwright.yaml", 'project: parts\nstreams:\n  parts: {from: "images/*.png", time: taken, id: part}\n'
                   'features:\n  look: pixels(image, 1, 1)\n')
        self.succeeds("check", code=1)
        self.succeeds("ingest", code=1)
        none = "picture: must be a JPEG or PNG file that can be decoded"
        self.assertEqual({line["file"]: line["rule"] for line in self.quarantine()}, {
            "images/a.png": none, "images/c.png": none, "images/d.png": none,
            "images/e.png": "the .json file beside it: must hold a JSON object",
            "images/f.png": "time: taken must be there",
            "images/g.png": "picture: must be at most 16777216 bytes"})
        self.assertEqual(self.lake("part", "parts"), ["b", "h"])


class BadParquet(Shop):
    def setUp(self):
        super().setUp()
        self.edit("from: orders.csv", "from: orders.parquet")
        self.table = pyarrow.table({
            "order": [float(row[0]) for row in self.rows[1:]],
            "at": [datetime.datetime.fromisoformat(row[1][:-1] + "+00:00")
                   for row in self.rows[1:]],
            "shop": [row[2] for row in self.rows[1:]],
            "price": [float(row[3]) for row in self.rows[1:]],
            "minutes": [float(row[4]) for row in self.rows[1:]]})
        self.path = self.folder / "orders.parquet"
        pyarrow.parquet.write_table(self.table, self.path)

    def test_whole(self):
        self.succeeds("ingest")
        self.assertEqual(len(self.lake()), 300)

    def test_cut_anywhere(self):
        whole = self.path.read_bytes()
        for size in (3, 4, len(whole) // 2, len(whole) - 8, len(whole) - 1):
            self.path.write_bytes(whole[:size])
            self.refused(["ingest"], 3, "streams.orders: ./orders.parquet: ")
        self.assertEqual(self.lake(), [])

    def test_bytes_that_were_changed_within(self):
        whole = bytearray(self.path.read_bytes())
        for at in range(4, len(whole) // 2):
            whole[at] ^= 0x55
        self.path.write_bytes(whole)
        self.refused(["ingest"], 3, "orders.parquet: ")

    def test_text_that_calls_itself_parquet(self):
        self.path.write_text("order,at\n1,2\n")
        self.refused(["ingest"], 3, "orders.parquet: ")

    def test_names_that_are_alike(self):
        nested = pyarrow.array([[{"price": 1}]] * 300)
        odd = self.table.append_column("more", nested).append_column("PRICE", [[float(i) for i in range(300)]])
        pyarrow.parquet.write_table(odd, self.path)
        self.edit("  price:  price", "  price:  price\n  upper:  PRICE")
        self.succeeds("ingest")
        self.succeeds("features", "build", "--output", "out.csv")
        with open(self.folder / "out.csv", newline="") as file:
            built = list(csv.DictReader(file))
        self.assertEqual([float(row["upper"]) for row in built], list(range(300)))
        self.assertEqual([float(row["price"]) for row in built], [float(row[3]) for row in self.rows[1:]])
        twice = pyarrow.Table.from_arrays([*self.table.columns, self.table.column("shop")],
                                          [*self.table.column_names, "price"])
        pyarrow.parquet.write_table(twice, self.path)
        self.refused(["ingest"], 3, "orders.parquet: each column needs a name of its own, got price twice",
                     kind="invalid")

    def test_decimals_of_more_digits_than_duckdb_reads(self):
        # It reads them, as other numbers.
        price = [decimal.Decimal(row[3]) for row in self.rows[1:]]
        for kind in (pyarrow.decimal256(50, 2), pyarrow.list_(pyarrow.decimal256(39, 2))):
            column = pyarrow.array([[one] for one in price] if kind.num_fields else price, kind)
            pyarrow.parquet.write_table(self.table.set_column(3, "price", column), self.path)
            for command in ("check", "ingest"):
                self.refused([command], 3, "orders.parquet: column price: its decimals must have at most 38 digits, got",
                             kind="invalid")
        column = pyarrow.array(price, pyarrow.decimal256(38, 2))
        pyarrow.parquet.write_table(self.table.set_column(3, "price", column), self.path)
        self.succeeds("ingest")
        # A later file may have them where the stream has no column.
        longer = pyarrow.array(price, pyarrow.decimal256(50, 2))
        pyarrow.parquet.write_table(self.table.append_column("more", longer), self.folder / "more.parquet")
        self.assertIn("more", self.succeeds("ingest", "orders", "--from", "more.parquet").out)
        pyarrow.parquet.write_table(self.table.set_column(3, "price", longer), self.folder / "worse.parquet")
        self.refused(["ingest", "orders", "--from", "worse.parquet"], 3, "column price: its decimals must have at most")
        self.assertEqual(self.lake("price"), sorted(float(row[3]) for row in self.rows[1:]))

    def test_durations(self):
        # Parquet has whole numbers for them; that they are durations, and of what, its writer has noted.
        spans = [datetime.timedelta(minutes=float(row[4])) for row in self.rows[1:]]
        seconds = sorted(span / datetime.timedelta(microseconds=1) for span in spans)
        project = (self.folder / "millwright.yaml").read_text()
        self.edit("minutes: number", "minutes: duration")
        self.edit("minutes * 1m", "minutes")
        self.edit("minutes by id over next 1d) >= 30", "minutes by id over next 1d) >= 30m")
        view = pyarrow.array(["x"] * 300, pyarrow.string_view())  # in each file of polars
        for unit in ("ns", "us", "ms"):
            column = pyarrow.array(spans, pyarrow.duration(unit))
            table = self.table.set_column(4, "minutes", column).append_column("view", view)
            pyarrow.parquet.write_table(table, self.path)
            shutil.rmtree(self.state, ignore_errors=True)
            self.succeeds("ingest")
            self.assertEqual(self.lake("minutes", "orders@delivered"), seconds, unit)
        # A stream that had their counts, or a note of what is none.
        shutil.rmtree(self.state)
        self.write("millwright.yaml", project)
        self.refused(["check"], 3, "column minutes: holds durations, but is a number of the stream", kind="invalid")
        noted = pyarrow.parquet.read_metadata(self.path).metadata[b"ARROW:schema"]
        texts = pyarrow.array([row[4] for row in self.rows[1:]])
        for note, column in ((noted, texts), (noted[:-40], texts), (b"no base64", texts), (noted[:40], texts)):
            table = self.table.set_column(4, "minutes", column).append_column("view", view.cast("string"))
            pyarrow.parquet.write_table(table.replace_schema_metadata({"ARROW:schema": note}), self.path,
                                        store_schema=False)
            shutil.rmtree(self.state, ignore_errors=True)
            self.succeeds("ingest")
            self.assertEqual(self.lake("minutes", "orders@delivered"), sorted(float(row[4]) for row in self.rows[1:]))

    def test_infinite_and_huge_numbers(self):
        price = self.table.column("price").to_pylist()
        price[9], price[19], price[29] = float("inf"), float("nan"), -0.0
        table = self.table.set_column(3, "price", [price])
        order = pyarrow.array([int(number) for number in self.table.column("order").to_pylist()]
                              [:-1] + [2**60])
        pyarrow.parquet.write_table(table.set_column(0, "order", order), self.path)
        self.succeeds("ingest", code=1)
        self.assertEqual({line["row"]: line["rule"] for line in self.quarantine()},
                         {10: "price: must be a finite number",
                          300: "order: must be a whole number of at most 2^53"})
        self.assertEqual(len(self.lake()), 298)


if __name__ == "__main__":
    unittest.main()
