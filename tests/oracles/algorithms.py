"""The three algorithms, transcribed: one pair at a time, nothing batched, nothing skipped.

Letters as in the thesis: frame ``x`` and mask ``m`` of target ``t`` and reference ``r``; spacing ``s``, distance ``D``,
tolerance ``e`` (percent), sweeps ``N``. Sequences are ``x (3, F, H, W)``, with holes in the colour of a hole, and
``m (1, F, H, W)``. Choices that the description leaves open: finished references of ip may be at any distance; its
others are those of ff; a frame without references uses itself; cp closes a frame after its second neighbour.
"""

import torch

HOLE_COLOUR = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)


def step(x_t, m_t, x_r, m_r, aligner, chn):
    """One step on target t with reference r: the new frame, its new mask, and CHN's composite."""
    x_aligned, v_aligned, v_map = aligner.align(x_t, m_t, x_r.unsqueeze(2), m_r.unsqueeze(2))
    _, y_comp = chn(x_t, 1 - m_t, x_aligned, v_aligned, v_map)
    m_t = m_t - v_map[:, :, 0]
    y_comp = y_comp[:, :, 0]
    return (1 - m_t) * y_comp + m_t * HOLE_COLOUR.to(m_t), m_t, y_comp


def left(m_t):
    """The hole's share of the frame, in percent."""
    return 100 * m_t.sum().item() / m_t.numel()


def split(video):
    """The frames of a video, each ``(1, C, H, W)``."""
    return [video[None, :, t].clone() for t in range(video.shape[1])]


def join(frames):
    return torch.stack(frames, dim=2)[0]


def references(t, num_frames, s, D):  # noqa: N803
    """Nearest first (ties: the earlier one), distance at most D and a multiple of s."""
    allowed = [r for r in range(num_frames) if r != t and abs(r - t) <= D and abs(r - t) % s == 0]
    return sorted(allowed, key=lambda r: (abs(r - t), r))


def run_plainly(algorithm, x, m, aligner, chn, spacing=1, max_distance=20, tolerance=1.0, sweeps=20):
    """Runs an algorithm with the argument names of :func:`master_thesis.inpaint`."""
    if algorithm == "cp":
        return copy_and_propagate(x, m, aligner, chn, N=sweeps, s=spacing, e=tolerance)
    fill = {"ff": frame_by_frame, "ip": inpaint_and_propagate}[algorithm]
    return fill(x, m, aligner, chn, s=spacing, D=max_distance, e=tolerance)


def frame_by_frame(x, m, aligner, chn, s=1, D=20, e=1):  # noqa: N803
    original, masks = split(x), split(m)
    result = split(x)
    for t in range(len(original)):
        if not masks[t].any():
            continue
        x_t, m_t = original[t], masks[t]
        for r in references(t, len(original), s, D) or [t]:
            x_t, m_t, y_comp = step(x_t, m_t, original[r], masks[r], aligner, chn)
            if left(m_t) <= e:
                break
        result[t] = y_comp
    return join(result)


def inpaint_and_propagate(x, m, aligner, chn, s=1, D=20, e=1):  # noqa: N803
    frames, masks = split(x), split(m)
    middle = len(frames) // 2
    finished = []
    for t in sorted(range(len(frames)), key=lambda t: (abs(t - middle), t)):
        if masks[t].any():
            rest = [r for r in references(t, len(frames), s, D) if r not in finished]
            for r in [*reversed(finished), *rest] or [t]:
                frames[t], masks[t], y_comp = step(frames[t], masks[t], frames[r], masks[r], aligner, chn)
                if left(masks[t]) <= e:
                    break
            frames[t], masks[t] = y_comp, torch.zeros_like(masks[t])
        finished.append(t)
    return join(frames)


def copy_and_propagate(x, m, aligner, chn, N=20, s=1, e=1):  # noqa: N803
    frames, masks = split(x), split(m)
    for i in range(N):
        for t in range(len(frames)):
            if (t // s) % 2 != i % 2 or not masks[t].any():
                continue
            for r in [r for r in (t - s, t + s) if 0 <= r < len(frames)] or [t]:
                frames[t], masks[t], y_comp = step(frames[t], masks[t], frames[r], masks[r], aligner, chn)
            if left(masks[t]) < e or i >= N - 2:
                frames[t], masks[t] = y_comp, torch.zeros_like(masks[t])
    return join(frames)
