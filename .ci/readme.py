"""README.md from nbs/index.ipynb through nbconvert; `--check` fails if they are out of step."""

import argparse
import re
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

root = Path(__file__).resolve().parent.parent
# what a reader hears who cannot see the pictures, in their order
PICTURES = (
    "four poses on a photograph",
    "from a CAD model and a photograph to a pose",
    "a labelled batch",
)


def notebooks_url():
    "Where links to notebooks lead, from wherever the README is read."
    ini = ConfigParser()
    ini.read(root / "settings.ini", encoding="utf-8")
    cfg = ini["DEFAULT"]
    return f"{cfg['git_url']}/blob/{cfg['branch']}/nbs"


def shown(cell):
    """Is the cell part of the page, and without nbdev's directives?"""
    if cell.cell_type != "code":
        return True
    return not re.search(r"^#\|\s*(hide|default_exp)", cell.source, re.M)


def readme():
    """The text of README.md and its pictures: name -> bytes."""
    nb = nbformat.read(root / "nbs/index.ipynb", 4)
    nb.cells = [c for c in nb.cells if shown(c)]
    nb.metadata["language_info"] = {"name": "python"}
    for c in nb.cells:
        if c.cell_type == "code" and "#| echo: false" in c.source:
            c.metadata["transient"] = {"remove_source": True}
        for o in c.get("outputs", []):
            o.get("data", {}).pop("text/plain", None)
    resources = {"unique_key": "README", "output_files_dir": "README_files"}
    text, resources = MarkdownExporter().from_notebook_node(nb, resources)
    text = re.sub(r"\]\((\w[\w/]*\.ipynb)", rf"]({notebooks_url()}/\1", text)
    for alt in PICTURES:
        text = re.sub(r"!\[(png|jpeg)\]", f"![{alt}]", text, count=1)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", resources["outputs"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    text, pictures = readme()
    wanted = {root / "README.md": text.encode()} | {root / k: v for k, v in pictures.items()}
    extra = set((root / "README_files").glob("*")) - set(wanted)
    if check:
        stale = [
            str(p.relative_to(root))
            for p, b in wanted.items()
            if not p.is_file() or p.read_bytes() != b
        ]
        stale += [str(p.relative_to(root)) for p in extra]
        if stale:
            sys.exit(
                f"out of step with nbs/index.ipynb: {', '.join(stale)}; run python .ci/readme.py"
            )
        return
    for path in extra:
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
