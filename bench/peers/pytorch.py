"""Times PyTorch on the CPU: python3 pytorch.py THREADS. Prints one JSON object: name of the figure to its median rate."""
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH = 64
LAYERS = [(64, 56), (128, 28), (256, 14), (512, 7)]


def median_seconds(body, rounds=7, seconds=0.5):
    body()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds or calls < 2:
        body()
        calls += 1
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            body()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


class Block(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        self.stride, self.widened = stride, out - channels

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.widened:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.widened // 2, self.widened // 2))
        return F.relu(x + y)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    for channels, out, stride in [(16, 16, 1), (16, 32, 2), (32, 64, 2)]:
        layers += [Block(channels, out, stride), Block(out, out, 1), Block(out, out, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def training_step():
    model = resnet20().train()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9, weight_decay=1e-4, nesterov=True)
    x, target = torch.randn(BATCH, 3, 32, 32), torch.arange(BATCH) % 10

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(int(sys.argv[1]))
    figures = {"resnet20": BATCH / median_seconds(training_step(), 5, 1)}
    with torch.no_grad():
        for channels, side in LAYERS:
            x, conv = torch.randn(1, channels, side, side), nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            flops = 2 * side * side * channels * channels * 9
            figures[f"conv3x3-{channels}"] = flops / 1e9 / median_seconds(lambda: conv(x))
    print(json.dumps(figures))
