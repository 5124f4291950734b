"""What torch and the base model are on this machine: asked of `python -m trainer.check`, which can import torch."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from bot.errors import OperatorError
from bot.workers import READY_SECONDS, WORKER_ENVIRONMENT
from trainer.findings import Findings


async def ask_trainer(base_model: str) -> Findings:
    """Raises OperatorError with what torch said last, where it can't be imported."""
    command = [sys.executable, "-P", "-m", "trainer.check", "--json", "--base-model", base_model]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | WORKER_ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(READY_SECONDS):
            out, err = await process.communicate()
        return Findings.model_validate_json(out)
    except TimeoutError:
        raise OperatorError(f"torch was not ready after {READY_SECONDS:.0f} s.") from None
    except ValueError:
        lines = err.decode(errors="replace").strip().splitlines()
        raise OperatorError(f"torch can't be used: {lines[-1] if lines else 'it ended without a word'}") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
