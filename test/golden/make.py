#!/usr/bin/env python3
"""Makes the golden cases of `test/golden/cases/` with PyTorch on the CPU, in float64: python3 test/golden/make.py

Debian's python3-torch 1.13 made the files that are committed. The form of a case stands in docs/golden.md.
"""
import json
import os
import struct

import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
DTYPES = {torch.float32: "F32", torch.int64: "I64"}


def save(name, case, tensors):
    """Writes a safetensors file; float64 results are rounded to float32."""
    header, blobs, offset = {"__metadata__": {"case": json.dumps(case)}}, [], 0
    for key, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        blob = tensor.numpy().tobytes()
        header[key] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(HERE, name + ".safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def draw(*shape, scale=1.0):
    """Normal numbers that float32 holds exactly, in float64."""
    return (torch.randn(*shape) * scale).float().double()


def operator(name, case, run, extra=None, **inputs):
    """Value and gradients of `run` under the sum of y * dy (dy is 1 for a scalar)."""
    leaves = {key: value.clone().requires_grad_() for key, value in inputs.items()}
    y = run(**leaves)
    dy = draw(*y.shape) if y.dim() else torch.ones((), dtype=torch.float64)
    (y * dy).sum().backward()
    tensors = {**inputs, "y": y, "dy": dy, **{"d" + key: leaf.grad for key, leaf in leaves.items()}}
    save(name, case, {**tensors, **(extra or {})})


def convolution(name, x, w, bias=False, stride=1, padding=0, dilation=1, groups=1):
    case = {"op": "conv2d", "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    inputs = {"x": draw(*x), "w": draw(*w, scale=0.3), **({"b": draw(w[0])} if bias else {})}
    operator(name, case, lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups), **inputs)


def central_difference(name, theta, stride=1):
    case = {"op": "central-difference-conv2d", "theta": theta, "stride": stride, "padding": 1}

    def run(x, w):
        return F.conv2d(x, w, None, stride, 1) - theta * F.conv2d(x, w.sum((2, 3), keepdim=True), None, stride, 0)

    operator(name, case, run, x=draw(2, 3, 7, 6), w=draw(4, 3, 3, 3))


class Sign(torch.autograd.Function):
    """sign with sign(0) = 1; the gradient passes by a surrogate."""

    @staticmethod
    def forward(context, x, surrogate):
        context.save_for_backward(x)
        context.surrogate = surrogate
        return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))

    @staticmethod
    def backward(context, dy):
        (x,) = context.saved_tensors
        if context.surrogate == "clip":
            return dy * (x.abs() <= 1), None
        return dy * (2 - 2 * x.abs()).clamp(min=0), None


def binary(name, surrogate, scale, groups=1, stride=1):
    case = {"op": "binary-conv2d", "stride": stride, "padding": 1, "groups": groups, "scale": scale, "surrogate": surrogate}

    def run(x, w):
        y = F.conv2d(Sign.apply(x, surrogate), Sign.apply(w, "clip"), None, stride, 1, 1, groups)
        return y * w.detach().abs().mean((1, 2, 3)).view(1, -1, 1, 1) if scale else y

    operator(name, case, run, x=draw(2, 12, 5, 6), w=draw(6, 12 // groups, 3, 3))


def batch_norm(name, training):
    mean, variance = draw(5), draw(5).abs() + 0.5
    after = [mean.clone(), variance.clone()]
    case = {"op": "batchnorm2d", "train": training, "eps": 1e-05, "momentum": 0.1}
    extra = {"running_mean": mean, "running_var": variance, "running_mean_after": after[0], "running_var_after": after[1]}
    # In training the running statistics are moved in place, so `after` holds the result when it is saved.
    operator(name, case, lambda x, w, b: F.batch_norm(x, *after, w, b, training, 0.1, 1e-5), extra, x=draw(3, 5, 4, 3), w=draw(5), b=draw(5))


def small_operators():
    convolution("conv2d-3x3-bias", (2, 5, 6, 7), (4, 5, 3, 3), bias=True, padding=1)
    convolution("conv2d-5x5-stride2", (1, 3, 9, 8), (4, 3, 5, 5), stride=2, padding=2)
    convolution("conv2d-dilation2-groups2", (1, 4, 8, 8), (6, 2, 3, 3), padding=2, dilation=2, groups=2)
    convolution("conv2d-depthwise", (2, 7, 6, 5), (7, 1, 3, 3), padding=1, groups=7)
    operator("linear", {"op": "linear"}, lambda x, w, b: F.linear(x, w, b), x=draw(5, 9), w=draw(4, 9), b=draw(4))
    operator("prelu", {"op": "prelu"}, lambda x, a: F.prelu(x, a), x=draw(2, 5, 3, 4), a=draw(5))
    slopes = lambda v: v.view(1, -1, 1, 1)
    operator("fprelu", {"op": "fprelu"}, lambda x, p, a: torch.where(x >= 0, slopes(p) * x, slopes(a) * x), x=draw(2, 5, 3, 4), p=draw(5), a=draw(5))
    pool = {"kernel": 3, "stride": 2, "padding": 1}
    operator("maxpool", {"op": "maxpool2d", **pool}, lambda x: F.max_pool2d(x, 3, 2, 1), x=draw(2, 4, 7, 6))
    operator("avgpool", {"op": "avgpool2d", **pool}, lambda x: F.avg_pool2d(x, 3, 2, 1), x=draw(2, 4, 7, 6))
    for size in ([9, 7], [3, 2]):
        resize = lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        operator(f"bilinear-to-{size[0]}x{size[1]}", {"op": "resize-bilinear", "size": size}, resize, x=draw(2, 3, 5, 4))
    target = [3, 0, 4, 4, 1]
    for smoothing in (0.0, 0.1):
        entropy = lambda x: F.cross_entropy(x, torch.tensor(target), label_smoothing=smoothing)
        operator(f"cross-entropy-{smoothing:g}", {"op": "cross-entropy", "label_smoothing": smoothing, "target": target}, entropy, x=draw(5, 6))
    batch_norm("batchnorm-training", True)
    batch_norm("batchnorm-evaluation", False)
    central_difference("central-difference-0.7", 0.7)
    central_difference("central-difference-0.3-stride2", 0.3, stride=2)
    binary("binary-quadratic", "approx", False)
    binary("binary-clip-scale-groups-stride2", "clip", True, groups=3, stride=2)

    def contrast(x, t):
        centre = lambda m: m[:, 1:-1, 1:-1]
        shifted = lambda m: [m[:, i : i + m.shape[1] - 2, j : j + m.shape[2] - 2] - centre(m) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
        return F.mse_loss(torch.stack(shifted(x), 1), torch.stack(shifted(t), 1))

    operator("contrastive-depth-loss", {"op": "contrastive-depth-loss"}, contrast, x=draw(2, 6, 5), t=draw(2, 6, 5))

    def attention(x, w):
        seen = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1)
        return x * torch.sigmoid(F.conv2d(seen, w, None, 1, 2))

    operator("spatial-attention", {"op": "spatial-attention", "kernel": 5}, attention, x=draw(2, 4, 6, 5), w=draw(1, 2, 5, 5))


class Head(nn.Module):
    def __init__(self, channels, out, kernel, stride, padding, squeeze):
        super().__init__()
        hidden = channels // (squeeze // 2 if channels < 80 else squeeze)
        self.conv = nn.Conv2d(channels, out, kernel, stride, padding, bias=False)
        self.fc1 = nn.Linear(channels, hidden, bias=False)
        self.fc2 = nn.Linear(hidden, channels)
        nn.init.kaiming_normal_(self.fc1.weight)
        nn.init.kaiming_normal_(self.fc2.weight)
        nn.init.constant_(self.fc2.bias, 1.0)

    def forward(self, x, pooled, inactive, ties):
        gate = F.relu(self.fc2(F.relu(self.fc1(pooled))))
        if ties == "drop" and inactive > 0:
            mask = (gate > torch.sort(gate, dim=1)[0][:, inactive - 1 : inactive]).to(gate.dtype)
        else:
            # Of equals the highest index goes first: the first one of the reversed order, which a stable sort keeps.
            order = torch.sort(gate.flip(1), dim=1, stable=True)[1]
            mask = torch.ones_like(gate).scatter(1, order[:, :inactive], 0.0).flip(1)
        return self.conv(x * (gate * mask)[:, :, None, None]), gate.mean()


class DynamicGroupConv(nn.Module):
    """The layer as docs/numerics.md defines it, by masks: slow, and a different way to the same numbers."""

    def __init__(self, channels, out, kernel=1, stride=1, padding=0, heads=4, squeeze=16, ties="keep"):
        super().__init__()
        self.heads, self.channels, self.ties = heads, channels, ties
        self.register_buffer("_inactive_channels", torch.zeros(1))
        self.norm = nn.BatchNorm2d(channels)
        for i in range(heads):
            setattr(self, f"headconv_{i}", Head(channels, out // heads, kernel, stride, padding, squeeze))

    def forward(self, x):
        x = F.relu(self.norm(x))
        pooled = x.mean((2, 3))
        outputs = [getattr(self, f"headconv_{i}")(x, pooled, int(self._inactive_channels), self.ties) for i in range(self.heads)]
        y = torch.cat([output for output, _ in outputs], 1)
        n, c, h, w = y.shape
        self.lasso = sum(term for _, term in outputs)
        return y.view(n, self.heads, c // self.heads, h, w).transpose(1, 2).reshape(n, c, h, w)


def dynamic_layer():
    layer = DynamicGroupConv(16, 8, 3, 2, 1, heads=2).double()
    for parameter in layer.parameters():
        parameter.data = parameter.data.float().double() * 1.0 + (draw(*parameter.shape, scale=0.1) if parameter.dim() < 2 else 0)
    layer.norm.running_mean.copy_(draw(16))
    layer.norm.running_var.copy_(draw(16).abs() + 0.5)
    layer._inactive_channels.fill_(12)
    state = {key: value.clone() for key, value in layer.state_dict().items() if not key.endswith("num_batches_tracked")}
    x = draw(3, 16, 6, 5).requires_grad_()
    layer.eval()
    evaluated = layer(x).detach()
    layer.train()
    y = layer(x)
    dy = draw(*y.shape)
    ((y * dy).sum() + 0.5 * layer.lasso).backward()
    case = {"op": "dynamic-group-conv2d", "stride": 2, "padding": 1, "heads": 2, "squeeze": 16, "gate_factor": 0.25, "progress": 0.9, "inactive": 12, "lasso_weight": 0.5}
    gradients = {"d." + key: parameter.grad for key, parameter in layer.named_parameters()}
    save("dynamic-group-conv2d", case, {"x": x, "y": y, "lasso": layer.lasso, "dy": dy, "dx": x.grad, "y_eval": evaluated, **state, **gradients})


class DenseLayer(nn.Module):
    def __init__(self, channels, growth, heads):
        super().__init__()
        self.conv_1 = DynamicGroupConv(channels, 4 * growth, heads=heads, ties="drop")
        self.conv_2 = nn.Sequential()
        self.conv_2.add_module("norm", nn.BatchNorm2d(4 * growth))
        self.conv_2.add_module("relu", nn.ReLU())
        self.conv_2.add_module("conv", nn.Conv2d(4 * growth, growth, 3, 1, 1, groups=4, bias=False))

    def forward(self, x):
        return torch.cat([x, self.conv_2(self.conv_1(x))], 1)


class DenseNet(nn.Module):
    """As the DGC authors' checkpoints are meant: with their rule for ties."""

    def __init__(self, stages, growth, heads, classes):
        super().__init__()
        channels = 2 * growth[0]
        self.features = nn.Sequential()
        self.features.add_module("init_conv", nn.Conv2d(3, channels, 3, 1, 1, bias=False))
        for i, (layers, width) in enumerate(zip(stages, growth)):
            block = nn.Sequential()
            for j in range(layers):
                block.add_module(f"denselayer_{j + 1}", DenseLayer(channels, width, heads))
                channels += width
            self.features.add_module(f"denseblock_{i + 1}", block)
            if i < len(stages) - 1:
                self.features.add_module(f"transition_{i + 1}", nn.AvgPool2d(2, 2))
        self.bn_last = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(F.relu(self.bn_last(self.features(x))).mean((2, 3)))


def checkpoint():
    stages, growth = [1, 1], [4, 8]
    model = DenseNet(stages, growth, 4, 10)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.copy_(torch.randn(module.num_features) * 0.1)
            module.running_var.copy_(torch.rand(module.num_features) + 0.5)
        if isinstance(module, DynamicGroupConv):
            module._inactive_channels.fill_(round(module.channels * 0.75))
    state = {"epoch": 3, "arch": "dydensenet", "best_prec1": 91.5, "state_dict": {"module." + k: v for k, v in model.state_dict().items()}}
    torch.save(state, os.path.join(HERE, "checkpoint.pth"))
    torch.save(state, os.path.join(HERE, "checkpoint-legacy.tar"), _use_new_zipfile_serialization=False)
    x = torch.randn(2, 3, 12, 12)
    with torch.no_grad():
        y = model.double().eval()(x.double())
    case = {"op": "network", "network": "dydensenet", "stages": stages, "growth": growth, "heads": 4, "squeeze": 16, "gate_factor": 0.25, "eval": True, "files": ["checkpoint.pth", "checkpoint-legacy.tar"]}
    save("checkpoint", case, {"x": x, "y": y})


def optimizers():
    target, start = draw(12), draw(12)
    weights = torch.linspace(0.1, 2, 12, dtype=torch.float64)
    kinds = {
        "sgd-nesterov": ("SGD", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0, "weight_decay": 0.01, "nesterov": True}),
        "adam": ("Adam", torch.optim.Adam, {"lr": 0.05, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": 0.01}),
        "adamw": ("AdamW", torch.optim.AdamW, {"lr": 0.05, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": 0.1}),
    }
    for name, (title, kind, options) in kinds.items():
        parameter = nn.Parameter(start.clone())
        optimizer, steps = kind([parameter], **options), []
        for _ in range(6):
            optimizer.zero_grad()
            (weights * (parameter - target) ** 2).sum().backward()
            optimizer.step()
            steps.append(parameter.detach().clone())
        save(f"optimizer-{name}", {"op": "optimizer", "optimizer": title, **options}, {"start": start, "target": target, "steps": torch.stack(steps)})


if __name__ == "__main__":
    torch.manual_seed(20261124)
    os.makedirs(HERE, exist_ok=True)
    small_operators()
    dynamic_layer()
    checkpoint()
    optimizers()
