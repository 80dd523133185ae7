"""A short coverage-guided run, the same each time; `tests/fuzz/dns_target.py` says how to make it a long one."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = 20_000
SECONDS = 8

SEEDS = {
    "query": b"\0\0\7\1\0\0\1\0\0\0\0\0\1\3web\7default\3svc\7cluster\5local\0\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0",
    "response": b"\1\0\7\x84\0\0\1\0\1\0\0\0\0\3web\4test\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\5\0\4\n\0\0\1",
    "corefile": b'\2. {\n rewrite name regex (.*)[.]a {1}.b\n template IN A {\n answer "{{ .Name }} A 1"\n }\n}',
    "stream": b"\3\0\2ab\0\0\0\3abc\0",
}


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_guided_by_coverage_nothing_is_found(tmp_path):
    for name, seed in SEEDS.items():
        (tmp_path / name).write_bytes(seed)
    command = [sys.executable, str(Path(__file__).with_name("dns_target.py")), str(tmp_path)]
    options = ["-seed=1", f"-atheris_runs={RUNS}", f"-max_total_time={SECONDS}", f"-artifact_prefix={tmp_path}/"]
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=False, timeout=50)
    assert run.returncode == 0, run.stderr[-4000:]
