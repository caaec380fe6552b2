"""Clips of moving objects whose masks are known: silhouettes with the texture of one clip, moved over another clip.

Everything is drawn on the device of the frames. Points are in [-1, 1], x first, as ``grid_sample`` has it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SIZE = (240, 432)
"""Height and width of the clips."""
MIN_AREA, MAX_AREA = 0.006, 0.35
"""Share of the frame that an object covers at first."""
MIN_SILHOUETTE = 0.008
"""The same of the silhouettes as they are on disk."""


@dataclass(frozen=True)
class Stock:
    """Frames and silhouettes in memory, and which of them follow each other.

    Attributes:
        frames: uint8, ``(N, 3, H, W)``.
        masks: uint8, ``(M, 1, H, W)``.
        clips: first frame and length of every clip; photographs have one frame.
        silhouettes: the same for masks.
    """

    frames: Tensor
    masks: Tensor
    clips: list[tuple[int, int]]
    silhouettes: list[tuple[int, int]]


def there_and_back(start: int, length: int, first: int, step: int, num: int) -> list[int]:
    """Every ``step``-th index of a run, which turns round at its ends."""
    period = max(2 * length - 2, 1)
    places = [(first + step * i) % period for i in range(num)]
    return [start + (p if p < length else period - p) for p in places]


def pick(runs: list[tuple[int, int]], num: int, max_step: int) -> list[int]:
    """Indices of some run, at a random pace and in a random direction."""
    start, length = random.choice(runs)
    found = there_and_back(start, length, random.randrange(length), random.randint(1, max_step), num)
    return found if random.random() < 0.5 else found[::-1]


def uniform(low: float, high: float, *shape: int, like: Tensor) -> Tensor:
    """Random numbers on the device of another tensor."""
    return torch.rand(*shape, device=like.device) * (high - low) + low


def base_points(like: Tensor) -> Tensor:
    """The positions of all pixels, ``(1, 1, H, W, 2)``."""
    theta = torch.eye(2, 3, device=like.device)[None]
    return F.affine_grid(theta, [1, 1, *SIZE], align_corners=False)[None]


def sample(planes: Tensor, points: Tensor, padding: str = "reflection") -> Tensor:
    """Samples ``(B, T, C, H, W)`` at ``(B, T, H, W, 2)``."""
    b, t = planes.shape[:2]
    flat = F.grid_sample(planes.flatten(0, 1), points.flatten(0, 1), padding_mode=padding, align_corners=False)
    return flat.unflatten(0, (b, t))


def turned(points: Tensor, angle: Tensor) -> Tensor:
    """Points turned about the origin; the frame is wider than high."""
    ratio = SIZE[1] / SIZE[0]
    x, y = points[..., 0] * ratio, points[..., 1]
    cos, sin = angle.cos(), angle.sin()
    return torch.stack(((cos * x - sin * y) / ratio, sin * x + cos * y), dim=-1)


def moments(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Centre ``(B, T, 2)`` and share of the frame ``(B, T)`` of masks ``(B, T, 1, H, W)``."""
    weight = masks[:, :, 0] + 1e-6
    total = weight.sum(dim=(-1, -2))
    points = base_points(masks)
    centre = (weight.unsqueeze(-1) * points).sum(dim=(2, 3)) / total.unsqueeze(-1)
    return centre, masks[:, :, 0].mean(dim=(-1, -2))


def smooth_path(b: int, t: int, extent: float, like: Tensor, num: int = 2) -> Tensor:
    """Random smooth paths ``(B, T, num)``: a velocity and a little acceleration."""
    time = torch.arange(t, device=like.device).view(1, t, 1)
    speed = torch.randn(b, 1, num, device=like.device) * extent
    bend = torch.randn(b, 1, num, device=like.device) * extent / 4
    return speed * time + bend * time**2 / 2


class Composer:
    """Draws batches of clips.

    Args:
        stock: what they are made of.
        num_frames: of a clip.
    """

    def __init__(self, stock: Stock, num_frames: int) -> None:
        self.stock, self.num_frames = stock, num_frames
        self.points = base_points(stock.frames)
        self.areas = (stock.masks > 127).float().mean(dim=(1, 2, 3)).tolist()
        self.moving = [run for run in stock.clips if run[1] > 1]
        self.still = [run for run in stock.clips if run[1] == 1]

    def draw(self, b: int) -> tuple[Tensor, Tensor]:
        """Frames ``(B, T, 3, H, W)`` in [0, 1] and masks ``(B, T, 1, H, W)`` that are 0 or 1."""
        frames = self._scene(b)
        own_look, rival_look = self._texture(b), self._texture(b)
        same = (torch.rand(b, device=frames.device) < 0.35).view(b, 1, 1, 1, 1)
        rival_look = torch.where(same, own_look, rival_look)
        own_alpha, own = self._object(b, own_look, frames)
        rival_alpha, rival = self._object(b, rival_look, frames)
        has_rival = (torch.rand(b, device=frames.device) < 0.6).view(b, 1, 1, 1, 1)
        is_front = (torch.rand(b, device=frames.device) < 0.35).view(b, 1, 1, 1, 1)
        rival_alpha = rival_alpha * has_rival
        behind, front = rival_alpha * ~is_front, rival_alpha * is_front
        frames = frames + behind * (rival - frames)
        frames = frames + own_alpha * (own - frames)
        frames = frames + front * (rival - frames)
        return self._filmed(frames), ((own_alpha * (1 - front)) > 0.5).float()

    def _runs(self, b: int, max_step: int = 3) -> Tensor:
        rows = [
            pick(self.moving if random.random() < 0.55 else self.still, self.num_frames, max_step) for _ in range(b)
        ]
        picked = self.stock.frames[torch.tensor(rows, device=self.stock.frames.device).flatten()]
        return picked.float().div(255).unflatten(0, (b, self.num_frames))

    def _scene(self, b: int) -> Tensor:
        """Backgrounds with the movement of a hand-held camera."""
        t, like = self.num_frames, self.points
        scale = uniform(0.5, 0.95, b, 1, 1, 1, 1, like=like)
        zoom = (1 + smooth_path(b, t, 0.01, like, 1)).view(b, t, 1, 1, 1)
        flip = torch.where(torch.rand(b, 1, 1, 1, 1, device=like.device) < 0.5, -1.0, 1.0)
        points = turned(self.points, smooth_path(b, t, 0.01, like, 1)[..., None]) * scale * zoom
        offset = (1 - scale) * uniform(-1, 1, b, 1, 1, 1, 2, like=like)
        points = points + offset + smooth_path(b, t, 0.03, like).view(b, t, 1, 1, 2)
        return sample(self._runs(b), points * torch.cat((flip, torch.ones_like(flip)), dim=-1))

    def _texture(self, b: int) -> Tensor:
        return self._runs(b)

    def _object(self, b: int, look: Tensor, scene: Tensor) -> tuple[Tensor, Tensor]:
        """Opacity and colours of objects, everywhere."""
        t, like = self.num_frames, self.points
        rows = [self._outlines() for _ in range(b)]
        masks = self.stock.masks[torch.tensor(rows, device=like.device).flatten()].float().div(255)
        masks = masks.unflatten(0, (b, t))
        masks = torch.where(torch.rand(b, 1, 1, 1, 1, device=like.device) < 0.5, masks, masks.flip(-1))
        centre, area = moments(masks)
        wanted = torch.exp(uniform(math.log(MIN_AREA), math.log(MAX_AREA), b, like=like))
        scale = (wanted / area[:, 0].clamp(min=1e-3)).sqrt().clamp(0.3, 2.5).view(b, 1, 1, 1, 1)
        stretch = uniform(-0.25, 0.25, b, 1, 1, 1, 1, like=like).exp()
        scale = torch.cat((scale * stretch, scale / stretch), dim=-1)
        grown = (1 + smooth_path(b, t, 0.03, like, 1)).clamp(0.6, 1.6).view(b, t, 1, 1, 1)
        place = (uniform(-0.75, 0.75, b, 1, 2, like=like) + smooth_path(b, t, 0.08, like)).view(b, t, 1, 1, 2)
        angle = smooth_path(b, t, 0.06, like, 1)[..., None]
        local = turned(self.points - place, angle) / grown
        alpha = sample(masks, local / scale + centre[:, :1].view(b, 1, 1, 1, 2), "zeros")
        moved = (centre - centre[:, :1]).view(b, t, 1, 1, 2) * scale
        size = (area / area[:, :1].clamp(min=1e-3)).clamp(0.5, 2).sqrt().view(b, t, 1, 1, 1)
        on_look = (local - moved) / size * uniform(0.6, 1.6, b, 1, 1, 1, 1, like=like)
        on_look = on_look + uniform(-0.6, 0.6, b, 1, 1, 1, 2, like=like)
        return self._softened(alpha), self._matched(sample(look, on_look), scene)

    def _outlines(self) -> list[int]:
        """Indices of silhouettes none of which is a speck, if that is quickly found."""
        for _ in range(20):
            rows = pick(self.stock.silhouettes, self.num_frames, 3)
            if min(self.areas[row] for row in rows) >= MIN_SILHOUETTE:
                break
        return rows

    def _softened(self, alpha: Tensor) -> Tensor:
        blurred = F.avg_pool2d(alpha.flatten(0, 1), 3, 1, 1).unflatten(0, alpha.shape[:2])
        return torch.where(torch.rand(alpha.shape[0], 1, 1, 1, 1, device=alpha.device) < 0.7, blurred, alpha)

    def _matched(self, look: Tensor, scene: Tensor) -> Tensor:
        """Colours that resemble those of the scene more or less, or differ in tint."""
        b = look.shape[0]
        axes = (1, 3, 4)
        mean, std = look.mean(dim=axes, keepdim=True), look.std(dim=axes, keepdim=True) + 0.05
        to_mean, to_std = scene.mean(dim=axes, keepdim=True), scene.std(dim=axes, keepdim=True) + 0.05
        share = uniform(-0.6, 1.0, b, 1, 1, 1, 1, like=look).clamp(min=0)
        matched = (look - mean) / std * to_std + to_mean
        tint = uniform(-0.12, 0.12, b, 1, 3, 1, 1, like=look)
        return (look + share * (matched - look) + tint).clamp(0, 1)

    def _filmed(self, frames: Tensor) -> Tensor:
        """Exposure, blur of movement, and noise."""
        b, t = frames.shape[:2]
        gain = uniform(0.75, 1.2, b, 1, 3, 1, 1, like=frames) * uniform(0.95, 1.05, b, t, 1, 1, 1, like=frames)
        frames = frames * gain
        kernels = torch.stack([_streak() if random.random() < 0.4 else _dot() for _ in range(b)]).to(frames)
        flat = frames.transpose(0, 1).reshape(t, b * 3, *SIZE)
        flat = F.conv2d(flat, kernels.repeat_interleave(3, dim=0).unsqueeze(1), padding=4, groups=3 * b)
        frames = flat.view(t, b, 3, *SIZE).transpose(0, 1)
        noise = uniform(0, 0.025, b, 1, 1, 1, 1, like=frames)
        return (frames + noise * torch.randn_like(frames)).clamp(0, 1)


def _dot() -> Tensor:
    kernel = torch.zeros(9, 9)
    kernel[4, 4] = 1
    return kernel


def _streak() -> Tensor:
    """The blur of a movement in a random direction."""
    kernel, angle, half = torch.zeros(9, 9), random.random() * math.pi, random.random() * 3.5
    for i in range(-8, 9):
        r = half * i / 8
        kernel[round(4 + r * math.sin(angle)), round(4 + r * math.cos(angle))] += 1
    return kernel / kernel.sum()
