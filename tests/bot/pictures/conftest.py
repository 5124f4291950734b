from __future__ import annotations

import pytest

from bot.folders import Folders
from bot.pictures.painter import Painter


@pytest.fixture(scope="session")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Painter:
    """One for all, since it reads fonts."""
    return Painter(Folders(tmp_path_factory.mktemp("pictures")))
