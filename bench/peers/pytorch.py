"""PyTorch on the CPU: python3 pytorch.py THREADS. Answers the requests of bench/peer.ts, as serve.mjs says."""
import json
import os
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from networks import CDCN, contrast, resnet20

ANSWERS = 3


def convolution(work):
    batch, side, kernel, groups = work["batch"], work["side"], work["kernel"], work["groups"]
    channels, out = work["inChannels"], work["outChannels"]
    x = torch.randn(batch, channels, side, side)
    weight = torch.randn(out, channels // groups, kernel, kernel)
    dy = torch.randn(batch, out, side, side)
    padding = kernel // 2
    if work["pass"] == "forward":
        def body():
            with torch.no_grad():
                F.conv2d(x, weight, padding=padding, groups=groups)
        return body
    x.requires_grad_(work["pass"] == "inputGradient")
    weight.requires_grad_(work["pass"] == "weightGradient")
    wanted = x if x.requires_grad else weight
    y = F.conv2d(x, weight, padding=padding, groups=groups)
    return lambda: torch.autograd.grad(y, wanted, dy, retain_graph=True)


def classifier_step(work):
    model = resnet20().train()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9, weight_decay=1e-4, nesterov=True)
    x, target = torch.randn(work["batch"], 3, 32, 32), torch.arange(work["batch"]) % 10
    if work["layout"] == "channelsLast":
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimizer.step()

    return step


def depth_map_step(work):
    model = CDCN().train()
    optimizer = torch.optim.Adam(model.parameters(), 1e-4, weight_decay=5e-5)
    x, target = torch.randn(work["batch"], 3, work["side"], work["side"]), torch.rand(work["batch"], 32, 32)

    def step():
        optimizer.zero_grad()
        depth = model(x)
        (F.mse_loss(depth, target) + F.mse_loss(contrast(depth), contrast(target))).backward()
        optimizer.step()

    return step


PREPARE = {"convolution": convolution, "resnet20": classifier_step, "cdcn": depth_map_step}


def warm(body, seconds):
    body()
    start, calls = time.perf_counter(), 0
    while calls == 0 or time.perf_counter() - start < seconds:
        body()
        calls += 1
    return body, max(1, round(calls * seconds / (time.perf_counter() - start)))


def measure(body, calls):
    start = time.perf_counter()
    for _ in range(calls):
        body()
    seconds = (time.perf_counter() - start) / calls
    return {"seconds": seconds, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def serve(answers):
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        work = request["work"]
        key = json.dumps(work, sort_keys=True)
        if work["kind"] not in PREPARE:
            answer = {"absent": "not written for this peer"}
        else:
            if key not in prepared:
                prepared[key] = warm(PREPARE[work["kind"]](work), request["seconds"])
            answer = measure(*prepared[key])
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    torch.manual_seed(1)
    torch.set_num_threads(int(sys.argv[1]))
    with os.fdopen(ANSWERS, "w") as answers:
        serve(answers)
