"""How fast f32 losses leave f64 in an ill-conditioned case: ours, PyTorch's, and PyTorch's with one weight an ulp away."""

import argparse
import subprocess
import tempfile
from pathlib import Path

import torch

import compare

CASE = "lenet.long.momentum"
STEPS = (31, 61, 81, 100)


class Perturbed(compare.Case):
    def model(self, dtype):
        model = super().model(dtype)
        with torch.no_grad():
            bias = model.fc3.bias
            bias[0] = torch.nextafter(bias[0], torch.tensor(9.0, dtype=bias.dtype))
        return model


def losses(case, dtype):
    return torch.tensor(compare.train(case, dtype)[1], dtype=torch.float64)


def main():
    parser = argparse.ArgumentParser(prog="tools/pytorch-agreement --curves", description=__doc__)
    parser.add_argument("--program", required=True, help="the program agreement")
    program = parser.parse_args().program
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "write", CASE, folder], check=True)
        case = compare.Case(Path(folder), CASE)
        exact, theirs = losses(case, torch.float64), losses(case, torch.float32)
        ours, perturbed = case.tensors["loss/f32"], losses(Perturbed(Path(folder), CASE), torch.float32)
    pairs = (ours, exact), (theirs, exact), (perturbed, theirs)
    print("| step | ours from f64 | PyTorch's f32 from f64 | PyTorch's f32 from itself, one weight an ulp away |")
    print("|---|---|---|---|")
    for step in STEPS:
        distances = (abs(float((a[step - 1] - b[step - 1]) / b[step - 1])) for a, b in pairs)
        print(f"| {step} | " + " | ".join(f"{d:.1e}" for d in distances) + " |")


if __name__ == "__main__":
    main()
