"""The networks that bench/peers/pytorch.py trains."""
import torch
import torch.nn as nn
import torch.nn.functional as F


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


class CentralDifference(nn.Module):
    """As CDCN's equation 4 stands: the convolution, less theta times a 1x1 convolution by the sums of its kernels (arXiv:2003.04092)."""

    def __init__(self, channels, out, theta=0.7):
        super().__init__()
        self.conv, self.theta = nn.Conv2d(channels, out, 3, 1, 1, bias=False), theta

    def forward(self, x):
        sums = self.conv.weight.sum((2, 3), keepdim=True)
        return self.conv(x) - self.theta * F.conv2d(x, sums)


def level(*widths):
    layers = []
    for channels, out in zip(widths, widths[1:]):
        layers += [CentralDifference(channels, out), nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers)


class CDCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = level(3, 64)
        self.levels = nn.ModuleList([level(64, 128, 196, 128), level(128, 128, 196, 128), level(128, 128, 196, 128)])
        self.head = nn.Sequential(*level(384, 128, 64), CentralDifference(64, 1), nn.ReLU())

    def forward(self, x):
        x, maps = self.stem(x), []
        for part in self.levels:
            x = F.max_pool2d(part(x), 3, 2, 1)
            maps.append(F.interpolate(x, (32, 32), mode="bilinear", align_corners=False))
        return self.head(torch.cat(maps, 1)).squeeze(1)


def contrast(maps):
    """The eight differences neighbour - centre, without padding: [batch, 32, 32] to [batch, 8, 30, 30]."""
    size = maps.shape[-1] - 2
    centre = maps[:, 1:-1, 1:-1]
    places = [(row, column) for row in range(3) for column in range(3) if (row, column) != (1, 1)]
    return torch.stack([maps[:, row : row + size, column : column + size] - centre for row, column in places], 1)
