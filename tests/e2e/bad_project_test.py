#!/usr/bin/env python3
"""Mistakes in the project file: each names its place, the rule and the way out, exits with 3, and
makes no state folder."""
import unittest

from bad_shop import Shop

MENDED = "mistake to mend"


class BadProject(Shop):
    def is_refused(self, *says, kind="invalid"):
        """By all commands that read the project file, with the same words."""
        for command in (["check"], ["ingest"], ["features", "list"]):
            self.refused(command, 3, *says, kind=kind)
        self.assertFalse(self.state.exists(), "a broken project has made a state folder")

    def test_missing_project_file(self):
        (self.folder / "millwright.yaml").unlink()
        self.is_refused("there is no millwright.yaml in .", "-C DIR", "millwright init",
                        kind="not-found")

    def test_missing_project_folder(self):
        self.refused(["check", "-C", "nowhere"], 3, "there is no millwright.yaml in nowhere",
                     kind="not-found")

    def test_empty_project_file(self):
        self.write("millwright.yaml", "")
        self.is_refused("millwright.yaml:1:1: the file is empty", "Begin it with project: NAME.",
                        kind="malformed")

    def test_unreadable_yaml(self):
        self.write("millwright.yaml", "project: [a\nstreams: }\n")
        self.is_refused("millwright.yaml:2:10: this is not YAML", MENDED, kind="malformed")

    def test_project_file_that_is_no_text(self):
        self.write("millwright.yaml", bytes(range(256)) * 40)
        self.is_refused("millwright.yaml:1:1: ", MENDED, kind="malformed")

    def test_misspelt_key(self):
        self.edit("    label: last", "    lable: last")
        self.is_refused(self.place_of("lable") + ": models.late: there is no key lable here",
                        "Did you mean label?")

    def test_misspelt_stream_key(self):
        self.edit("time: at\n", "tyme: at\n")
        self.is_refused(self.place_of("tyme") + ": streams.orders: there is no key tyme here",
                        "Did you mean time?", "2 mistakes to mend")

    def test_zones_that_nobody_knows(self):
        self.edit("time: at\n", "zone: Europe/Berlni\n    time: att\n")
        self.edit("streams:\n", "zone: America/Nowhere\nstreams:\n")
        self.is_refused(self.place_of("America/Nowhere") + ': zone: there is no time zone "America/Nowhere"',
                        self.place_of("Europe/Berlni") + ': streams.orders.zone: there is no time zone',
                        self.place_of("att") + ": streams.orders.time: ", "3 mistakes to mend")

    def test_key_that_stands_twice(self):
        self.edit("features:", "features:\n  price: price * 2")
        self.is_refused(self.place_of("price:  price"), "price")

    def test_bounds_of_a_text(self):
        self.edit("shop: {in: [north, south, east]}", "shop: {min: 0}")
        self.is_refused(self.place_of("shop: {min") + ": streams.orders.checks.shop: min and max "
                        "must be of a number or a duration, got a text", "Say `in: [...]`")

    def test_params_that_the_learner_has_not(self):
        self.edit("learner: lightgbm", "params: {num_leafs: 31, rounds: many}")
        self.is_refused(self.place_of("num_leafs") + ": models.late.params: the learner has no "
                        "num_leafs", "Did you mean num_leaves?",
                        self.place_of("rounds") + ": models.late.params: rounds must be a whole "
                        "number from 1 to 100000, got many")

    def test_unknown_column(self):
        self.edit("price:  price", "price:  prise")
        self.is_refused(self.place_of("prise") + ": features.price: there is no feature prise, and "
                        "no such field in orders", "Did you mean price?", MENDED)

    def test_unknown_column_in_a_window(self):
        self.edit("orders.minutes by shop", "orders.minute by shop")
        self.is_refused(self.place_of("minute by") + ": features.slow: ", "Did you mean minutes?")

    def test_unknown_stream(self):
        self.edit("count(orders", "count(order")
        self.is_refused(self.place_of("order by") + ": features.recent: ", "Did you mean orders?")

    def test_expression_split_by_a_comma(self):
        self.edit("id: order\n", "id: order\n    clean: {price: clip(price, 0, 5)}\n")
        self.is_refused(self.place_of("clip(price") + ": an expression with a comma inside [ ] or "
                        "{ } must be quoted", 'Write "clip(price, 0, 5)".')

    def test_cyclic_features(self):
        self.edit("features:", "features:\n  a: b + 1\n  b: c + 1\n  c: a + 1")
        self.is_refused("the features go in a circle: a -> b -> c -> a", MENDED)

    def test_feature_of_itself_and_its_field(self):
        self.edit("features:", "features:\n  again: again + 1")
        self.is_refused(self.place_of("again + 1"), "features.again: ", "again")

    def test_feature_that_sees_the_future(self):
        self.edit("by shop over 1d", "by shop over next 1d")
        self.is_refused("features.recent: a feature must not see the future", "1d ahead",
                        "Look back, or")

    def test_later_field_used_bare(self):
        self.edit("price:  price", "price:  minutes")
        self.is_refused(self.place_of("price:  minutes").rsplit(":", 1)[0],
                        "features.price: minutes of orders is known only after the moment",
                        "Earlier events may be used")

    def test_field_of_a_later_field_that_is_not_later(self):
        self.edit("later: {delivered: delivered, minutes: delivered}", "later: {minutes: delivered}")
        self.is_refused("delivered", "later")

    def test_mistaken_types(self):
        self.edit("price:  price", "price:  price + shop")
        self.is_refused("features.price: + takes no number and text")

    def test_all_mistakes_at_once(self):
        self.edit("price:  price", "price:  prise")
        self.edit("shop:   shop", "shop:   shopp")
        self.edit("over 7d", "over 7y")
        answer = self.refused(["check"], 3, "3 mistakes to mend")
        places = [line.split(":")[1] for line in answer.err.splitlines() if ".yaml:" in line][:3]
        self.assertEqual(places, sorted(places, key=int), "in the order of the file")

    def test_project_that_breaks_after_its_data_was_taken_in(self):
        self.succeeds("ingest")
        self.edit("price:  price", "price:  prise")
        for command in (["check"], ["ingest"], ["train"]):
            self.refused(command, 3, self.place_of("prise"), MENDED, kind="invalid")

    def test_what_is_not_built_yet(self):
        self.succeeds("ingest")
        self.edit("learner: lightgbm", "learner: xgboost")
        self.refused(["train"], 3, "xgboost", kind="not-built")

    def test_nesting_without_an_end(self):
        self.edit("price:  price", "price:  " + "(" * 5000 + "price" + ")" * 5000)
        self.is_refused("features.price: ", kind=None)

    def test_literal_beyond_all_numbers(self):
        self.edit("price:  price", "price:  price + 1e999")
        self.is_refused("features.price: ", "1e999")

    def test_hostile_names(self):
        """Each is told in one line, which no terminal obeys."""
        whole = (self.folder / "millwright.yaml").read_text()
        for name, shown in ((r'"a; DROP TABLE x"', "a; DROP TABLE x"), ('"../../etc/passwd"', "../../etc/passwd"),
                            (r'"a\n\e[2Jb"', "a??[2Jb"), (r'"a\x9b2Jb\xa7"', "a??2Jb§"),
                            ('"' + "n" * 5000 + '"', "n" * 60), ('"7up"', "7up")):
            self.write("millwright.yaml", whole.replace("features:", f"features:\n  {name}: price * 2", 1))
            self.is_refused("features: must have names of at most 128 letters, digits and _ as keys, got \"" + shown)
        for name in ("id", "label", "now", "true"):
            self.write("millwright.yaml", whole.replace("features:", f"features:\n  {name}: price * 2", 1))
            self.is_refused(f"features.{name}: a feature")

    def test_environment_variable_that_is_not_set(self):
        self.edit("from: orders.csv", "from: ${MILLWRIGHT_TEST_NOWHERE}/orders.csv")
        self.is_refused("MILLWRIGHT_TEST_NOWHERE", kind=None)


if __name__ == "__main__":
    unittest.main()
