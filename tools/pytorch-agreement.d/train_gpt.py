"""Trains GPT-nano in PyTorch as `gnomon train gpt-nano` does, on the same examples in another order, and prints the
mean loss over the same validation stretches as JSON."""

import argparse
import json
import math
import subprocess
import tempfile
import time
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file

import models


def factor(recipe, step):
    """src/train/schedule.cc; step counts from 0."""
    if step < recipe["warmup"]:
        return (step + 1) / recipe["warmup"]
    done = (step - recipe["warmup"]) / (recipe["steps"] - recipe["warmup"])
    return 0.5 * (1 + math.cos(math.pi * done)) if recipe["schedule"] == "cosine" else 1


def batches(data, recipe):
    """Every example once in each pass, in random order."""
    while True:
        for rows in torch.randperm(len(data["train/tokens"])).split(recipe["batch"]):
            if len(rows) == recipe["batch"]:
                yield data["train/tokens"][rows], data["train/labels"][rows]


@torch.no_grad()
def validation_loss(model, data):
    model.eval()
    total = sum(
        models.F.cross_entropy(model(tokens).flatten(0, 1), labels.flatten(), reduction="sum").item()
        for tokens, labels in zip(data["test/tokens"].split(64), data["test/labels"].split(64))
    )
    model.train()
    return total / data["test/labels"].numel()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="the program agreement")
    parser.add_argument("--steps", type=int, help="default: the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([arguments.program, "text", folder], check=True)
        file = Path(folder) / "text.safetensors"
        data = {name: tensor.long() for name, tensor in load_file(file).items()}
        with safetensors.safe_open(file, "pt") as opened:
            about = opened.metadata()
    recipe = json.loads(about["recipe"])
    recipe["steps"] = arguments.steps or recipe["steps"]
    models.Dropout.given = None
    model = models.build(recipe, 0, int(about["vocabulary"]))
    optimiser = models.optimiser(model, recipe)
    start = time.monotonic()
    for step, (tokens, labels) in zip(range(recipe["steps"]), batches(data, recipe)):
        for group in optimiser.param_groups:
            group["lr"] = recipe["learning_rate"] * factor(recipe, step)
        optimiser.zero_grad()
        models.loss_of(model, tokens, labels, recipe).backward()
        models.clip(model, recipe)
        optimiser.step()
    seconds = time.monotonic() - start
    result = {"steps": recipe["steps"], "seed": arguments.seed, "test_loss": validation_loss(model, data)}
    print(json.dumps({**result, "seconds": seconds, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
