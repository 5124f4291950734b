"""What `python -m trainer.check` finds out. No torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Compute(BaseModel):
    """What torch computes with here. `n_bytes`: a GPU's memory."""

    model_config = ConfigDict(frozen=True)

    torch: str  # version
    device: Literal["cuda", "cpu"]
    name: str
    cores: int
    n_bytes: int = 0
    bf16: bool  # faster than fp32
    vnni: bool  # int8 products of a processor
    precision: Literal["fp32", "bf16", "int8"]  # what "auto" is
    idle_gpu: str = ""  # one that is there and isn't used, and why


class BaseFound(BaseModel):
    """`folder` None: a hub's model that isn't here yet. `problem`: a sentence; without one it can be used."""

    model_config = ConfigDict(frozen=True)

    name: str
    folder: str | None = None
    parameters: int = 0
    n_bytes: int = 0
    problem: str = ""


class Findings(BaseModel):
    model_config = ConfigDict(frozen=True)

    compute: Compute
    base: BaseFound
