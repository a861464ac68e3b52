"""Runs in PyTorch what tools/agreement.cc ran, and holds the differences to their bounds (doc/agreement.md)."""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file

import models

F64_LOSS = 1e-9  # relative, each of 20 steps
F64_NORM = 1e-9  # norm-wise: gradients, gradient norms, states after 20 steps, logits
ERROR_RATIO = 2  # our error of a gradient to PyTorch's own
LONG_LOSS = 1e-3  # relative, each of 100 steps in f32


class Case:
    def __init__(self, folder, name):
        self.name, self.folder = name, folder
        self.tensors = load_file(folder / f"{name}.safetensors")
        with safetensors.safe_open(folder / f"{name}.safetensors", "pt") as file:
            about = file.metadata()
        self.recipe = json.loads(about["recipe"])
        self.frozen = about["frozen"] == "true"
        self.starts = int(about["starts"])
        self.size = int(about["side"]), int(about["vocabulary"])

    def model(self, dtype, start=0):
        """With the weights of our file, by name: strict, nothing may lack or be left over."""
        model = models.build(self.recipe, *self.size)
        model.load_state_dict(load_file(self.folder / f"{self.name}.{start}.weights.safetensors"), strict=True)
        return model.to(dtype).train(not self.frozen)

    def batch(self, step, dtype):
        example = self.tensors[f"batch/{step}/example"]
        example = example.to(dtype) if example.is_floating_point() else example.long()
        return example, self.tensors[f"batch/{step}/label"].long()

    def prepare(self, step):
        prefix = f"random/{step}/"
        streams = sorted(int(name[len(prefix) :]) for name in self.tensors if name.startswith(prefix))
        models.Dropout.given = [self.tensors[f"{prefix}{i}"] for i in streams]

    def below(self, prefix):
        return {k[len(prefix) :]: v for k, v in self.tensors.items() if k.startswith(prefix)}


def distance(ours, theirs):
    """The norm of the difference of two sets of tensors, relative to that of the second."""
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    top = sum((ours[k].double() - theirs[k].double()).square().sum() for k in theirs)
    return float((top / sum(v.double().square().sum() for v in theirs.values())).sqrt())


def relative(ours, theirs):
    """The largest relative difference of two sequences of numbers."""
    theirs = torch.as_tensor(theirs, dtype=torch.float64)
    return float(((ours - theirs) / theirs).abs().max())


def gradients(case, precision):
    dtype = torch.float64 if precision == "f64" else torch.float32
    model = case.model(dtype)
    case.prepare(1)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        loss = models.loss_of(model, *case.batch(1, dtype), case.recipe)
    loss.backward()
    return {name: p.grad for name, p in model.named_parameters()}


def train(case, dtype, start=0):
    model = case.model(dtype, start)
    optimiser = models.optimiser(model, case.recipe)
    losses, norms = [], []
    for step in range(1, case.recipe["steps"] + 1):
        case.prepare(step)
        optimiser.zero_grad()
        loss = models.loss_of(model, *case.batch(step, dtype), case.recipe)
        loss.backward()
        norms.append(models.clip(model, case.recipe).item())
        losses.append(loss.item())
        optimiser.step()
    return model, losses, norms


def state_of(model):
    return {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}


def short(case, program):
    """The checks of a case in f64, and of its gradients in all precisions."""
    exact = gradients(case, "f64")
    yield "gradients f64", distance(case.below("gradient/f64/"), exact), F64_NORM
    for precision in ("f32", "bf16"):
        ours = distance(case.below(f"gradient/{precision}/"), exact)
        theirs = distance(gradients(case, precision), exact)
        yield f"gradients {precision}: {ours:.1e} / {theirs:.1e}", ours / theirs, ERROR_RATIO

    model, losses, norms = train(case, torch.float64)
    yield "losses f64", relative(case.tensors["loss/f64"], losses), F64_LOSS
    yield "gradient norms f64", relative(case.tensors["norm/f64"], norms), F64_NORM
    yield "states after the last step", distance(case.below("final/"), state_of(model)), F64_NORM

    # Back again: what PyTorch trained, saved in f32, evaluated by both in f64.
    saved = {k: v.float() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_file(saved, case.folder / f"{case.name}.pytorch.safetensors")
    subprocess.run([program, "evaluate", case.name, case.folder], check=True)
    model = model.float().double().eval()
    with torch.no_grad():
        theirs = {"logits": model(case.batch(1, torch.float64)[0])}
    ours = load_file(case.folder / f"{case.name}.logits.safetensors")
    yield "logits of PyTorch's weights", distance(ours, theirs), F64_NORM


def long_losses(case, start=0):
    """Of ours in f32, PyTorch's in f32, and PyTorch's in f64."""
    theirs = (torch.tensor(train(case, dtype, start)[1], dtype=torch.float64) for dtype in (torch.float32, torch.float64))
    return case.tensors[f"loss/f32/{start}"], *theirs


def long(case):
    """
    100 steps in f32. With momentum rounding decides at step 28 or so which of several courses is taken, and PyTorch
    leaves its own f64 losses: there, no farther from them than it before and after, in the mean over many starts.
    """
    if case.recipe["momentum"] == 0:
        ours, theirs, _ = long_losses(case)
        yield "100 losses f32", relative(ours, theirs), LONG_LOSS
        return
    curves = [long_losses(case, start) for start in range(case.starts)]
    for steps in (25, 100):
        ours, theirs = (
            sum(relative(each[which][:steps], each[2][:steps]) for each in curves) / len(curves) for which in (0, 1)
        )
        yield f"{steps} losses f32: {ours:.1e} / {theirs:.1e}", ours / theirs, ERROR_RATIO


def compare(program, folder, name):
    case = Case(folder, name)
    checks = long(case) if ".long" in name else short(case, program)
    return [
        {"case": name, "check": check, "value": value, "bound": bound, "holds": value <= bound}
        for check, value, bound in checks
    ]


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(": ", 1)[1]
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="tools/pytorch-agreement", description=__doc__)
    parser.add_argument("cases", nargs="*", help="default: all")
    parser.add_argument("--program", required=True, help="the program agreement")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    known = subprocess.run([arguments.program, "cases"], check=True, capture_output=True, text=True).stdout.split()
    if unknown := set(arguments.cases) - set(known):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    about = {
        "host": processor(),
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
        "safetensors": safetensors.__version__,
    }
    rows = []
    if not arguments.json:
        print(", ".join(about.values()))
    names = arguments.cases or known
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        command = [arguments.program, "write"]
        written = [pool.submit(subprocess.run, [*command, name, folder], check=True) for name in names]
        for name, waiting in zip(names, written):
            waiting.result()
            for row in compare(arguments.program, Path(folder), name):
                rows.append(row)
                if not arguments.json:
                    mark = "" if row["holds"] else "  BROKEN"
                    print(f"{name:23} {row['check']:40} {row['value']:8.1e} <= {row['bound']:.0e}{mark}", flush=True)
    if arguments.json:
        print(json.dumps({**about, "rows": rows}, indent=1))
    sys.exit(0 if all(row["holds"] for row in rows) else 1)


if __name__ == "__main__":
    main()
