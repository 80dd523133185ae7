"""`clusterless healthz`: what an image's HEALTHCHECK is told."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from click.testing import CliRunner, Result

from clusterless.cli import cli
from clusterless.demo.pod import PodOptions, start
from tests.places import free_port


@pytest.fixture
async def pod_url() -> AsyncIterator[str]:
    port = free_port()
    server = await start(PodOptions(name="web-0", bind="127.0.0.1", http=(port,)))
    yield f"http://127.0.0.1:{port}"
    await server.close()


@pytest.fixture
def mute_url() -> Iterator[str]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/healthz"


def healthz(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["healthz", *arguments])


async def test_what_is_well_is_zero_with_its_words(pod_url: str):
    result = await asyncio.to_thread(healthz, f"{pod_url}/healthz")
    assert (result.exit_code, result.stdout) == (0, "ok\n")


@pytest.mark.parametrize(
    ("path", "words"), [("/nothing", "404 Not Found"), ("/bytes?size=x", "400 Bad Request")], ids=["404", "400"]
)
async def test_a_bad_status_is_one_and_says_which(pod_url: str, path: str, words: str):
    result = await asyncio.to_thread(healthz, pod_url + path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr


async def test_the_script_asks_without_the_command_lines_libraries(pod_url: str):
    """What a HEALTHCHECK runs; a wrong URL goes to the command line, which says what is wrong with it."""
    program = "import sys; from clusterless.__main__ import main\ntry: main()\nfinally: print('click' in sys.modules)"

    def script(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-c", program, "healthz", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return done.returncode, done.stdout

    assert await asyncio.to_thread(script, f"{pod_url}/healthz") == (0, "ok\nFalse\n")
    assert await asyncio.to_thread(script, f"{pod_url}/nothing") == (1, "False\n")
    assert await asyncio.to_thread(script, "ftp://x") == (2, "True\n")


def test_nobody_there_is_one():
    url = f"http://127.0.0.1:{free_port()}/healthz"
    result = healthz(url)
    assert (result.exit_code, result.stderr) == (1, f"{url}: Connection refused\n")


def test_silence_is_one_after_the_timeout(mute_url: str):
    result = healthz("--timeout", "0.1", mute_url)
    assert (result.exit_code, result.stderr) == (1, f"{mute_url}: timed out\n")


def test_the_url_may_come_from_the_environment(mute_url: str):
    result = CliRunner().invoke(cli, ["healthz", "--timeout=0.1"], env={"CLUSTERLESS_HEALTHZ_URL": mute_url})
    assert mute_url in result.stderr


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "127.0.0.1:80", "http://"])
def test_another_kind_of_url_is_wrong_usage(url: str):
    result = healthz(url)
    assert result.exit_code == 2
    assert "must be http://HOST[:PORT][/PATH]" in result.stderr
