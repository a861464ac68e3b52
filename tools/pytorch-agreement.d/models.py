"""Gnomon's zoo (src/train/zoo) in plain PyTorch, with the same names of parameters."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class Dropout(nn.Module):
    """Dropout by uniform numbers that are given, in the order in which they are used."""

    given = []  # of the step under way, shared by all

    def __init__(self, share):
        super().__init__()
        self.share = share

    def forward(self, x):
        if self.share == 0 or not self.training:
            return x
        if Dropout.given is None:  # nothing to be compared number by number
            return F.dropout(x, self.share)
        kept = Dropout.given.pop(0) > self.share
        return x * kept.to(x.dtype) / (1 - self.share)


class MLP(nn.Module):
    def __init__(self, side, dropout):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(side * side, 256), nn.Linear(256, 128), nn.Linear(128, 10)
        self.drop = Dropout(dropout)

    def forward(self, x):
        x = self.drop(F.relu(self.fc1(x.flatten(1))))
        return self.fc3(self.drop(F.relu(self.fc2(x))))


class LeNet(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)
        self.drop = Dropout(dropout)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(F.relu(self.fc1(x.flatten(1))))
        return self.fc3(self.drop(F.relu(self.fc2(x))))


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        if stride != 1 or before != channels:
            self.shortcut = nn.Conv2d(before, channels, 1, stride, bias=False)
            self.shortcut_bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if hasattr(self, "shortcut"):
            x = self.shortcut_bn(self.shortcut(x))
        return F.relu(inner + x)


class ResNet(nn.Module):
    def __init__(self, blocks, dropout):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        before = 16
        for stage, channels in enumerate((16, 32, 64), 1):
            rows = []
            for block in range(blocks):
                rows.append(Block(before, channels, 2 if stage > 1 and block == 0 else 1))
                before = channels
            setattr(self, f"stage{stage}", nn.Sequential(*rows))
        self.fc = nn.Linear(64, 10)
        self.drop = Dropout(dropout)

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.fc(self.drop(x.mean((2, 3))))


class Attention(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.output = nn.Linear(width, width), nn.Linear(width, width)
        self.drop = Dropout(dropout)

    def forward(self, x):
        batch, length, width = x.shape
        query, key, value = (
            f(x).view(batch, length, self.heads, -1).transpose(1, 2) for f in (self.query, self.key, self.value)
        )
        if self.drop.share == 0:
            mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        else:
            scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
            hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
            mixed = self.drop(scores.masked_fill(hidden, -math.inf).softmax(-1)) @ value
        return self.output(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Layer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.feed_forward = FeedForward(width)
        self.drop = Dropout(dropout)

    def forward(self, x):
        x = x + self.drop(self.attention(self.norm1(x)))
        return x + self.drop(self.feed_forward(self.norm2(x)))


class GPT(nn.Module):
    def __init__(self, layers, width, heads, vocabulary, context, dropout):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        for table in (self.embedding, self.positions):
            nn.init.normal_(table.weight, std=0.02)
        self.layers = layers
        for i in range(layers):
            setattr(self, f"layer{i}", Layer(width, heads, dropout))
        self.norm = nn.LayerNorm(width)
        self.drop = Dropout(dropout)

    def forward(self, tokens):
        x = self.drop(self.embedding(tokens) + self.positions.weight)
        for i in range(self.layers):
            x = getattr(self, f"layer{i}")(x)
        return F.linear(self.norm(x), self.embedding.weight)


def build(recipe, side, vocabulary):
    """The model that a recipe of Gnomon's names."""
    dropout = recipe["dropout"]
    if recipe["model"] == "mlp":
        return MLP(side, dropout)
    if recipe["model"] == "lenet":
        return LeNet(dropout)
    if recipe["model"] == "resnet20":
        return ResNet(3, dropout)
    size = recipe["layers"] or 4, recipe["features"] or 128, recipe["heads"] or 4
    return GPT(*size, vocabulary, recipe["context"], dropout)


def optimiser(model, recipe):
    """All parameters alike: Gnomon decays biases too."""
    rate, decay = recipe["learning_rate"], recipe["weight_decay"]
    if recipe["optimiser"] == "sgd":
        return torch.optim.SGD(model.parameters(), lr=rate, momentum=recipe["momentum"], weight_decay=decay)
    betas = recipe["beta1"], recipe["beta2"]
    return torch.optim.AdamW(model.parameters(), lr=rate, betas=betas, eps=1e-8, weight_decay=decay)


def loss_of(model, example, label, recipe):
    logits = model(example)
    return F.cross_entropy(logits.flatten(0, -2), label.flatten(), label_smoothing=recipe["label_smoothing"])


def clip(model, recipe):
    """Shortens the gradients as the recipe asks; their norm before."""
    largest = recipe["clip_norm"] or math.inf
    return nn.utils.clip_grad_norm_(model.parameters(), largest)
