"""No command that writes a file writes over the project: its file, its state, what its streams read, its own
--input. Each is refused before the work, by whatever path it is reached, and every byte stays."""

import shop
from shop import Shop

WRITERS = [["monitor", "returned", "--html"], ["models", "export", "returned", "--output"],
           ["features", "export", "--sql", "--output"], ["features", "build", "--output"],
           ["backtest", "returned", "--from", "2024-02-01", "--to", "2024-02-03", "--html"],
           ["predict", "returned", "--input", "new.csv", "--output"],
           ["explain", "returned", "--input", "new.csv", "--output"]]


def trained_shop():
    """With a link to it beside, and rows to predict."""
    project = Shop(shop.PROJECT.replace("data/returns.csv", "[data/returns.csv, data/late-*.csv]"))
    (project.folder / "data/late-1.csv").write_text("\n".join(project.returns[:1] + project.returns[-5:]) + "\n")
    project.ok("ingest")
    project.ok("train")
    (project.folder / "new.csv").write_text("\n".join(project.orders[:1] + project.orders[-3:]) + "\n")
    (project.folder / "around").symlink_to(project.folder, target_is_directory=True)
    (project.folder / "loved.csv").symlink_to("data/orders.csv")
    return project


def contents(project):
    """Of all files but the catalog's memory and locks, which reading touches."""
    return {path: path.read_bytes() for path in project.folder.rglob("*")
            if path.is_file() and not path.name.endswith(("-shm", "-wal", "lock"))}


def test_nothing_of_the_project_is_written_over():
    targets = {"the project file": ["millwright.yaml", "data/../millwright.yaml", "around/millwright.yaml"],
               "in the project's state folder": [".millwright/format", ".millwright/new.csv",
                                                 "around/.millwright/lake/../format"],
               "a file that stream orders reads": ["data/orders.csv", "./around/data/orders.csv", "loved.csv"],
               "a file that stream returns reads": ["data/returns.csv", "data/late-1.csv", "data/late-2.csv"]}
    with trained_shop() as project:
        before = contents(project)
        for words in WRITERS:
            for what, paths in targets.items():
                for path in paths + [str(project.folder / path) for path in paths[:1]]:
                    told = f"{words[-1]}: {path}: must not be {what}\n  "
                    refused = project.fails(2, told, *words, path, cwd=project.folder)
                    assert "Name another file." in refused.err and refused.out == "", refused.out
        for words in WRITERS[-2:]:
            for path in ["new.csv", "around/new.csv"]:
                told = f"--output: {path}: must not be the file of --input\n  Name another file."
                project.fails(2, told, *words, path, cwd=project.folder)
        with open(project.folder / "new.csv") as rows:
            project.fails(2, "--output: new.csv: must not be the file of --input", "predict", "returned", "--input", "-",
                          "--output", "new.csv", cwd=project.folder, stdin=rows)
        told = project.run("monitor", "--html", "millwright.yaml", "--json", cwd=project.folder).json()
        assert told["error"]["type"].endswith("usage"), told
        assert contents(project) == before
        project.ok("check")


def test_other_files_are_replaced():
    """Those of the project's folder and those beside data among them; so is a file named -, if it is said so."""
    with trained_shop() as project:
        for path in ["out.csv", "data/out.csv", "data/late.csv", "around/out.csv", "./-.csv"]:
            (project.folder / path).write_text("old")
            project.ok("predict", "returned", "--input", "new.csv", "--output", path, cwd=project.folder)
            assert (project.folder / path).read_text().startswith("order_id,"), path
        project.ok("monitor", "--html", "./-", cwd=project.folder)
        assert (project.folder / "-").read_text().startswith("<!"), "a page"


def test_a_dash_is_no_file():
    with trained_shop() as project:
        for words in WRITERS:
            hint = "A file of this name is ./-.\n"
            if words[-1] == "--output" and words[0] != "models":
                hint = "Leave --output out for standard output. " + hint
            project.fails(2, f"{words[-1]}: must be a file, got -\n  {hint}", *words, "-", cwd=project.folder)
        assert not (project.folder / "-").exists()


def test_an_access_log_is_not_appended_to_the_project():
    with trained_shop() as project:
        (project.folder / "hard.csv").hardlink_to(project.folder / "data/orders.csv")
        (project.folder / "dangling").symlink_to(".millwright/nonexist")
        (project.folder / "around/later").symlink_to("data/late-9.csv")
        before = contents(project)
        for path, what in [("millwright.yaml", "the project file"),
                           (".millwright/format", "in the project's state folder"),
                           ("dangling", "in the project's state folder"),
                           ("data/orders.csv", "a file that stream orders reads"),
                           ("around/data/orders.csv", "a file that stream orders reads"),
                           ("loved.csv", "a file that stream orders reads"),
                           ("hard.csv", "a file that stream orders reads"),
                           ("later", "a file that stream returns reads")]:
            project.fails(2, f"millwright: --access-log: {path}: must not be {what}", "serve", "--listen",
                          "127.0.0.1:0", "--access-log", path, cwd=project.folder, timeout=60)
        for path in ["nowhere/a.log", "/sys/a.log"]:
            refused = project.run("serve", "--listen", "127.0.0.1:0", "--access-log", path, cwd=project.folder, timeout=60)
            told = f"millwright: --access-log: {path}: cannot be opened: "
            assert refused.code != 0 and refused.err.startswith(told), refused.err  # nothing was started
        assert contents(project) == before


if __name__ == "__main__":
    shop.main(globals())
