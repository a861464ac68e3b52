"""How fast f32 losses leave f64 in an ill-conditioned case: ours, PyTorch's, and PyTorch's with its weights an ulp away."""

import argparse
import subprocess
import tempfile
from pathlib import Path

import torch

import compare

CASE = "lenet.long.momentum"
STEPS = (31, 61, 81, 100)


def main():
    parser = argparse.ArgumentParser(prog="tools/pytorch-agreement --curves", description=__doc__)
    parser.add_argument("--program", required=True, help="the program agreement")
    program = parser.parse_args().program
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "write", CASE, folder], check=True)
        case = compare.Case(Path(folder), CASE)
        ours, theirs, exact = compare.long_losses(case)
        _, perturbed, perturbed_exact = compare.long_losses(case, 1)
    pairs = (ours, exact), (theirs, exact), (perturbed, theirs), (perturbed_exact, exact)
    print("| step | ours from f64 | PyTorch's f32 from f64 | PyTorch's f32 from itself, weights an ulp away | its f64 likewise |")
    print("|---|---|---|---|---|")
    for step in STEPS:
        distances = (abs(float((a[step - 1] - b[step - 1]) / b[step - 1])) for a, b in pairs)
        print(f"| {step} | " + " | ".join(f"{d:.1e}" for d in distances) + " |")


if __name__ == "__main__":
    main()
