"""Shared by integration/ and fault/: --full, and the `world` a test builds its processes in."""
import os
import sys

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "integration"))

from huyang_test.process import binary  # noqa: E402
from huyang_test.world import World  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="the long forms: 1,000 events/s, 100 gateway kills, 20 broker kills, 20 device kills")


def pytest_sessionstart(session):
    if not os.path.exists(binary("huyang-gateway")):
        pytest.exit(f"{binary('huyang-gateway')} is not built; run tools/check, or cmake --preset release && cmake --build build/release", returncode=3)


def pytest_sessionfinish():
    browser = sys.modules.get("huyang_test.browser")
    if browser:
        browser.end_idle()


@pytest.fixture
def full(request):
    return request.config.getoption("--full")


@pytest.fixture
def world(tmp_path):
    """Builds brokers, gateways, desks and devices on demand and ends them all afterwards."""
    world = World(tmp_path)
    yield world
    world.close()
