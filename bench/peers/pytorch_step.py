"""One training step of a model of Gnomon's zoo in PyTorch, timed on random examples in memory.

The fair version: channels-last, fused optimisers, bf16 by autocast with the loss in f32, and with --compile torch.compile.
Prints a JSON object: step_seconds is the 25th percentile."""

import argparse
import json
import pathlib
import sys
import time

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools/pytorch-agreement.d"))
import models  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--image", default="1x28x28")
parser.add_argument("--context", type=int, default=64)
parser.add_argument("--vocabulary", type=int, default=96)
for size in ("layers", "features", "heads"):
    parser.add_argument(f"--{size}", type=int, default=0)
parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=2)
parser.add_argument("--compile", action="store_true")
given = parser.parse_args()

torch.manual_seed(1)
torch.set_num_threads(given.threads)
text = given.model.startswith("gpt")
channels, height, width = map(int, given.image.split("x"))
recipe = vars(given) | {"dropout": 0}
model = models.build(recipe, height, given.vocabulary).train()
if text:
    example = torch.randint(given.vocabulary, (given.batch, given.context))
    label = torch.randint(given.vocabulary, (given.batch, given.context))
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
else:
    model = model.to(memory_format=torch.channels_last)
    example = torch.randn(given.batch, channels, height, width).to(memory_format=torch.channels_last)
    label = torch.randint(10, (given.batch,))
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, fused=True)


def loss_of(example, label):
    with torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16"):
        logits = model(example)
    return torch.nn.functional.cross_entropy(logits.flatten(0, -2).float(), label.flatten())


if given.compile:
    loss_of = torch.compile(loss_of)


def step():
    optimiser.zero_grad(set_to_none=True)
    loss_of(example, label).backward()
    optimiser.step()


begin = time.perf_counter()
step()
first = time.perf_counter() - begin
begin = time.perf_counter()
while time.perf_counter() - begin < given.seconds / 4:
    step()
times = []
begin = time.perf_counter()
while len(times) < 5 or time.perf_counter() - begin < given.seconds:
    start = time.perf_counter()
    step()
    times.append(time.perf_counter() - start)
print(json.dumps({"step_seconds": numpy.quantile(times, 0.25), "first_step_seconds": first, "steps": len(times)}))
