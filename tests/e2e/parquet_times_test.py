#!/usr/bin/env python3
"""Times of Parquet mean what their writer meant: INT96 is read as what its file says that it is, or not at all."""
import datetime
import unittest

import pyarrow
import pyarrow.parquet

from bad_shop import Shop

PROJECT = """\
project: times
zone: America/New_York
streams:
  seen: {from: seen.parquet, time: at, id: n, types: {at: time}}
"""
SPARK = {"org.apache.spark.version": "3.5.1"}
AT = [datetime.datetime(1955, 7, 1, 12, 0, 0, 250000), datetime.datetime(2024, 7, 1, 12)]
OF_UTC = AT
OF_NEW_YORK = [at + datetime.timedelta(hours=4) for at in AT]


class Int96(Shop):
    def setUp(self):
        super().setUp()
        self.write("millwright.yaml", PROJECT)
        (self.folder / "orders.csv").unlink()

    def put(self, at=AT, zone=None, notes=None, noted=True):
        table = pyarrow.table({"n": list(range(len(at))), "at": pyarrow.array(at, pyarrow.timestamp("ns", zone))})
        with pyarrow.parquet.ParquetWriter(self.folder / "seen.parquet", table.schema, store_schema=noted,
                                           use_deprecated_int96_timestamps=True) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata(notes or {})

    def taken(self, code=0):
        self.succeeds("ingest", code=code)
        return self.lake("at", "seen")

    def test_of_spark_is_an_instant(self):
        self.put(notes=SPARK, noted=False)
        self.assertEqual(self.taken(), OF_UTC)

    def test_is_what_pyarrow_notes(self):
        self.put(AT[1:], "UTC")
        self.assertEqual(self.taken(), OF_UTC[1:])

    def test_is_local_where_pyarrow_notes_no_zone(self):
        self.put(AT[1:])
        self.assertEqual(self.taken(), OF_NEW_YORK[1:])

    def test_that_says_nothing_is_refused_but_in_utc(self):
        self.put(AT[1:], noted=False)
        rule = "seen.parquet: column at: its times are INT96, of UTC or of a zone, which the file does not say"
        self.refused(["check"], 3, rule, "timestamps of 64 bits", kind="invalid")
        self.assertIn(rule, self.succeeds("ingest", code=3).err)
        self.assertEqual(self.lake("at", "seen"), [])
        for zone in ("UTC", "Etc/UTC"):
            self.edit("zone: America/New_York" if zone == "UTC" else "zone: UTC", f"zone: {zone}")
            self.succeeds("check")
        self.assertEqual(self.taken(), OF_UTC[1:])

    def test_that_nobody_reads_may_say_nothing(self):
        self.put(AT[1:])
        self.succeeds("ingest")
        more = pyarrow.table({"n": [7], "at": pyarrow.array(AT[:1], pyarrow.timestamp("us", "UTC")),
                              "other": pyarrow.array(AT[:1], pyarrow.timestamp("ns"))})
        pyarrow.parquet.write_table(more.select(["n", "other"]).append_column("at", more.column("at").cast("string")),
                                    self.folder / "more.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
        self.succeeds("ingest", "seen", "--from", "more.parquet")
        self.assertEqual(len(self.lake("at", "seen")), 2)


if __name__ == "__main__":
    unittest.main()
