"""The CLI beside a console that runs, each a process of its own."""

from __future__ import annotations

import json

from tests.e2e.conftest import Mynah, wait_for


def test_what_the_shell_asks_for_is_done_by_the_bot_that_runs(trained: Mynah) -> None:
    console = trained.start()
    try:
        wait_for(lambda: (trained.data_dir / "control.sock").is_socket(), "the console never listened")
        done = trained.run("train", "@ladle_in_orbit")
        assert done.returncode == 0, done.stderr
        assert "@ladle_in_orbit is ready (version 1" in done.stdout
        assert "Report card of @ladle_in_orbit" in done.stdout
        said = json.loads(trained.run("say", "@ladle_in_orbit", "My dream is", "-n", "2", "--json").stdout)
        assert [sample[:11] for sample in said["samples"]] == ["My dream is"] * 2
        assert len(trained.workers("serve")) == 1
        shown = trained.run("jobs", "show", "2", "--json")
        assert json.loads(shown.stdout)["version"] == 1
    finally:
        output, _ = console.communicate("/quit\n", timeout=60)
    assert "@ladle_in_orbit is ready" in output  # where it was trained
