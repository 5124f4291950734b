"""Memory that is taken as it is touched."""

from __future__ import annotations

import numpy as np
import torch


def zeros(size: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """On a CPU the system hands out a page when it is first written; torch's own zeros write all of them at once."""
    if device.type == "cpu" and dtype == torch.float32:
        return torch.from_numpy(np.zeros(size, dtype=np.float32))
    return torch.zeros(size, dtype=dtype, device=device)
