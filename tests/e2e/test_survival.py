"""Kills, crashes, damage: nothing is lost, and people are told what to do."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from tests.bases import save_tiny_base
from tests.e2e.conftest import Mynah, read_until, wait_for

LONG = 100  # epochs: a training that is surely still running


def in_the_middle_of_a_training(mynah: Mynah) -> subprocess.Popen[str]:
    process = replace(mynah, epochs=LONG).start("/train @pip_the_lighthouse --fresh")
    read_until(process, "@pip_the_lighthouse  train")
    return process


def test_a_killed_bot_leaves_no_worker_and_trains_again(trained: Mynah) -> None:
    process = in_the_middle_of_a_training(trained)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not trained.workers("train") and not trained.workers("serve"), "a worker outlived its bot")

    assert trained.run("say", "@pip_the_lighthouse", "My dream is").returncode == 0  # the old version still speaks
    again = trained.start("/personas")
    read_until(again, "Job 2 (@pip_the_lighthouse) was interrupted; it is queued again.")
    read_until(again, "@pip_the_lighthouse is ready (version 2")
    again.communicate("/quit\n")
    assert again.returncode == 0
    assert "done" in trained.chat("/jobs").stdout


def test_a_job_that_is_killed_twice_has_failed(mynah: Mynah) -> None:
    process = in_the_middle_of_a_training(mynah)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    second = replace(mynah, epochs=LONG).start()
    read_until(second, "@pip_the_lighthouse  train")
    os.kill(second.pid, signal.SIGKILL)
    second.wait()
    chat = mynah.chat("/jobs")
    assert "Job 1 (@pip_the_lighthouse) was interrupted; it is given up" in chat.stdout
    assert "failed" in chat.stdout


def test_ctrl_c_puts_the_job_back(mynah: Mynah) -> None:
    process = in_the_middle_of_a_training(mynah)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    wait_for(lambda: not mynah.workers("train"), "the train worker outlived its bot")
    again = mynah.start()
    read_until(again, "@pip_the_lighthouse is ready (version 1")
    again.communicate("/quit\n")


def test_a_killed_serve_worker_is_replaced(trained: Mynah) -> None:
    process = trained.start("/say My dream is")
    read_until(process, "written by a machine")
    for pid in trained.workers("serve"):
        os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate("/say I believe\n/quit\n")
    assert "  I believe" in out
    assert process.returncode == 0


def test_a_killed_train_worker_is_a_failed_job(mynah: Mynah) -> None:
    process = in_the_middle_of_a_training(mynah)
    for pid in mynah.workers("train"):
        os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate("/jobs\n/quit\n")
    assert "@pip_the_lighthouse was not trained (job 1): The train worker ended in the middle" in out
    assert process.returncode == 1


def test_damaged_files_are_named_and_the_way_out(trained: Mynah) -> None:
    adapter = trained.data_dir / "personas" / "pip_the_lighthouse" / "v1" / "adapter_model.safetensors"
    damaged = bytearray(adapter.read_bytes())
    damaged[-10] ^= 1
    adapter.write_bytes(bytes(damaged))
    chat = trained.chat("/say My dream is", "/train @pip_the_lighthouse --fresh", "/say My dream is")
    assert "The files of @pip_the_lighthouse are damaged: adapter_model.safetensors has changed" in chat.stdout
    assert "/train @pip_the_lighthouse --fresh" in chat.stdout
    assert "@pip_the_lighthouse is ready (version 2" in chat.stdout
    assert "\n  My dream is" in chat.stdout.partition("version 2")[2].partition("written by a machine")[2]


def test_a_persona_of_another_base_model(trained: Mynah, tmp_path: Path) -> None:
    other = save_tiny_base(tmp_path / "other", "llama", seed=7, context=128)
    chat = replace(trained, base=str(other)).chat("/say My dream is")
    assert chat.returncode == 1
    assert trained.base in chat.stdout
    assert str(other) in chat.stdout


def test_a_base_model_that_is_not_there(trained: Mynah, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    chat = replace(trained, base=nowhere).chat("/train @ladle_in_orbit", "/say My dream is")
    assert chat.returncode == 1
    assert nowhere in chat.stdout
    assert 'base_model = "bundled"' in chat.stdout
    assert trained.chat("/say My dream is").returncode == 0


def test_two_bots_on_one_folder(mynah: Mynah) -> None:
    process = in_the_middle_of_a_training(mynah)
    second = mynah.chat("/jobs")
    assert second.returncode == 75
    assert "Another mynah is already running" in second.stderr
    process.kill()
    process.wait()
