"""What is worth knowing on a machine with a GPU, in pieces of a few minutes.

    python .ci/gpu.py cells OUT                  # the cells flagged `cuda`, of modules and benchmarks
    python .ci/gpu.py speed OUT                  # of rendering and of training steps
    python .ci/gpu.py train OUT --seconds 300    # the pair network from its shipped weights
    python .ci/gpu.py train OUT --seconds 300 --blocks 0,2,8    # with more layers, which do nothing at first
    python .ci/gpu.py train OUT --ablate 60      # so many steps from random weights, without one thing at a time

`OUT` receives logs, tables and models. With `--toy`, everything is small enough for a laptop without a GPU."""

import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import torch

from vpog.models.pair_encoder import PairNetConfig
from vpog.models.pairnet import PairNet, load_pairnet
from vpog.synth.composites import CompositeOptions
from vpog.synth.view_groups import GroupOptions, ViewGroup
from vpog.synth.view_ring import RandomGroups, ViewRing
from vpog.training.pair_batch import PairOptions
from vpog.training.pair_run import PairPictures, PairRun, PairTraining, train_pairs

ROOT = Path(__file__).resolve().parents[1]
PLAIN_CAMERA = dict(colors=0.0, blur=0.0, sharpening=0.0, noise=0.0, jpeg=0.0)
ABLATIONS = {
    "all": {},
    "no other models": dict(pairs=PairOptions(models=0.0)),
    "one lamp, no gloss, no hollows": dict(pictures=dict(lamps=0.0, highlights=0.0, hollows=0.0)),
    "no occluders": dict(pictures=dict(occluders=0.0)),
    "no clutter": dict(pictures=dict(clutter=0.0)),
    "a perfect camera": dict(pictures=PLAIN_CAMERA),
    "exact boxes": dict(pictures=dict(jitter=0.0)),
}


def synchronised() -> float:
    "Seconds, when the device has done what it was told."
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def run_notebook(path: Path, out: Path, seconds: int) -> str:
    "Unflagged and `cuda` cells of a notebook, as plain Python; one line about it."
    log, started = out / f"{path.stem}.txt", time.perf_counter()
    command = [sys.executable, __file__, "notebook", str(path)]
    with open(log, "w") as f:
        try:
            done = subprocess.run(command, stdout=f, stderr=f, timeout=seconds, cwd=path.parent)
            result = "passed" if done.returncode == 0 else f"failed, exit code {done.returncode}"
        except subprocess.TimeoutExpired:
            result = f"stopped after {seconds} s"
    return f"{path.relative_to(ROOT)}: {result}, {time.perf_counter() - started:.0f} s"


def notebook(path: Path):
    "Execute the cells in this process."
    names = {"__name__": "__main__"}
    for cell in json.loads(path.read_text())["cells"]:
        text = "".join(cell["source"])
        flags = {line[2:].strip() for line in text.splitlines() if line.startswith("#|")}
        if (
            cell["cell_type"] == "code"
            and not flags & {"slow", "long"}
            and "nbdev_export" not in text
        ):
            exec(compile(text, f"{path.name}:{cell['id']}", "exec"), names)


def cells(out: Path, seconds: int):
    "All notebooks with `cuda` cells: modules side by side, then benchmarks one by one."
    found = [p for p in sorted((ROOT / "nbs").rglob("*.ipynb")) if "#| cuda" in p.read_text()]
    timed = [p for p in found if p.parent.name == "benchmarks"]
    with ThreadPoolExecutor(6) as pool:
        for line in pool.map(lambda p: run_notebook(p, out, seconds), set(found) - set(timed)):
            print(line, flush=True)
    for path in timed:
        print(run_notebook(path, out, seconds), flush=True)
        print((out / f"{path.stem}.txt").read_text()[-1500:], flush=True)


def body_layers(config: PairNetConfig) -> list:
    "What the layers of an encoder's body are, in their order: (stage, number of the block or -1)."
    first, *later = config.blocks
    layers = [(0, k) for k in range(first)]
    for stage, count in enumerate(later, 1):
        layers += [(stage, k) for k in range(-1, count)]
    return layers


def grown(model: PairNet, blocks: tuple) -> PairNet:
    "The same network with further residual blocks at each size. A new block changes nothing at first."
    old = model.config.blocks
    if any(now < before for now, before in zip(blocks, old, strict=True)):
        raise ValueError(f"blocks: expected at least {old}, got {blocks}")
    larger = PairNet(replace(model.config, blocks=blocks))
    for layer, known in zip(body_layers(model.config), model.encoder.body, strict=True):
        place = body_layers(larger.config).index(layer)
        larger.encoder.body[place].load_state_dict(known.state_dict())
    others = {n: v for n, v in model.state_dict().items() if not n.startswith("encoder.body.")}
    larger.load_state_dict(others, strict=False)
    return larger


class GroupsOnDevice:
    "Groups of a ring that rests, held on the device and sampled as from the ring."

    def __init__(self, ring: ViewRing, device: str):
        groups, objects = ring.everything()
        self.groups = groups.to(device)
        _, self.counts = objects.unique(return_counts=True)  # groups of each object
        self.order = objects.argsort()  # slots, object by object
        self.firsts = self.counts.cumsum(0) - self.counts

    def wait_for(self, count: int):
        "They are there."

    def sample(self, count: int, g: torch.Generator) -> ViewGroup:
        "Random groups of different objects."
        chosen = torch.randperm(len(self.counts), generator=g)[:count]
        which = torch.rand(count, generator=g) * self.counts[chosen]
        slots = self.order[self.firsts[chosen] + which.long()]
        return self.groups[slots.to(self.groups.diameter.device)]


def full_ring(options: PairTraining, groups: int, seconds: float, per_object: int) -> ViewRing:
    "A ring of at least so many groups, or of what is made in the time; its writers rest."
    started = time.perf_counter()
    make = RandomGroups(options.seed, per_object=per_object)
    ring = ViewRing(make, GroupOptions(), options.capacity, options.writers)
    ring.wait_for(options.groups)
    first, first_made = time.perf_counter(), ring.num_made
    while len(ring) < groups and time.perf_counter() - started < seconds:
        time.sleep(0.2)
    rate = (ring.num_made - first_made) / (time.perf_counter() - first)
    ring.rest()
    print(
        f"{len(ring)} groups after {time.perf_counter() - started:.0f} s, {rate:.0f} a second",
        flush=True,
    )
    return ring


def seconds_a_step(options: PairTraining, ring: ViewRing, device: str, steps: int) -> float:
    "Median of steps, of a run that is thrown away."
    run = PairRun(options, device=device)
    pictures = PairPictures(run, ring)
    times = []
    for _ in range(steps):
        before = synchronised()
        run.update(pictures.next())
        times.append(synchronised() - before)
    return sorted(times[steps // 3 :])[len(times[steps // 3 :]) // 2]


def speed(ring: ViewRing, options: PairTraining, device: str, sizes: tuple):
    "Steps of several sizes, while the writers rest and while they render."
    for groups in sizes:
        resting = seconds_a_step(replace(options, groups=groups), ring, device, 30)
        print(
            f"{groups} groups: {resting * 1e3:.0f} ms a step, {groups / resting:.0f} groups a second",
            flush=True,
        )
    ring.go_on()
    time.sleep(2)
    before, started = ring.num_made, time.perf_counter()
    busy = seconds_a_step(replace(options, groups=sizes[-1]), ring, device, 30)
    made = (ring.num_made - before) / (time.perf_counter() - started)
    print(
        f"{sizes[-1]} groups beside the writers: {busy * 1e3:.0f} ms a step; {made:.0f} groups made a second",
        flush=True,
    )
    ring.rest()


def train(
    out: Path, options: PairTraining, ring: ViewRing, device: str, seconds: float, model: PairNet
):
    "As many steps as there is time for, in one fall of the learning rate."
    each = seconds_a_step(options, ring, device, 15)
    steps = max(int(seconds * 0.93 / each), 4)
    train_pairs(out, one_fall(options, steps), seconds / 60, model, device, ring)


def one_fall(options: PairTraining, steps: int) -> PairTraining:
    "Options for so many steps."
    return replace(options, steps=steps, save_every=max(steps // 4, 2), warmup=min(100, steps // 5))


def ablate(out: Path, options: PairTraining, ring: ViewRing, device: str, steps: int):
    "Runs of the same length from the same random weights. Those that are there are not made again."
    for name, change in ABLATIONS.items():
        print(f"== {name}", flush=True)
        pictures = replace(CompositeOptions(), **change.get("pictures", {}))
        pairs = change.get("pairs", PairOptions())
        changed = replace(options, pictures=pictures, pairs=pairs, validate_every=0)
        torch.manual_seed(0)
        folder = out / name.replace(" ", "_").replace(",", "")
        train_pairs(folder, one_fall(changed, steps), None, PairNet(), device, ring)


def main():
    "Parse, prepare, run a piece."
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("piece", choices=["cells", "speed", "train", "notebook"])
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--seconds", type=float, default=0, help="of a piece of training, or of a notebook"
    )
    parser.add_argument(
        "--fill", type=float, default=60, help="seconds in which the ring is filled"
    )
    parser.add_argument(
        "--ring", type=int, default=12_000, help="groups that are rendered, 1.6 MB each"
    )
    parser.add_argument("--groups", type=int, default=32, help="of a step")
    parser.add_argument("--writers", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0, help="of objects and training")
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--per_object", type=int, default=6, help="groups of each object")
    parser.add_argument(
        "--blocks", default="", help="residual blocks of each size, at least as now"
    )
    parser.add_argument("--render", action="store_true", help="the writers go on while it trains")
    parser.add_argument("--ablate", type=int, default=0, help="steps of each ablation")
    parser.add_argument("--toy", action="store_true")
    args = parser.parse_args()
    if args.piece == "notebook":
        return notebook(args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    if args.piece == "cells":
        return cells(args.out, int(args.seconds))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.toy:
        args.ring, args.groups, args.writers = 24, 2, 1
    print(torch.cuda.get_device_name() if device == "cuda" else "CPU", flush=True)
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(4 if device == "cuda" else 1)
    options = PairTraining(
        groups=args.groups,
        learning_rate=args.rate,
        seed=args.seed,
        capacity=args.ring + 2 * args.writers,
        writers=args.writers,
        validate_every=0 if args.toy else 500,
    )
    with full_ring(options, args.ring, args.fill, args.per_object) as ring:
        if args.render:
            ring.go_on()
        if args.piece == "speed":
            speed(ring, options, device, (1, 2) if args.toy else (16, 32, 64))
        if args.piece == "train" and args.seconds:
            model = load_pairnet(ROOT / "vpog/weights/pair")
            if args.blocks:
                model = grown(model, tuple(map(int, args.blocks.split(","))))
            groups = ring if args.render else GroupsOnDevice(ring, device)
            train(args.out / "run", options, groups, device, args.seconds, model)
        if args.piece == "train" and args.ablate:
            ablate(args.out, options, ring, device, args.ablate)


if __name__ == "__main__":
    main()
