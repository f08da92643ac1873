"""Every example that the API page prints is run as it is printed, against the running app."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.emotions import LABELS

ENDPOINTS = ("/predict", "/analyze", "/batch", "/live")
PATIENCE = 120  # seconds; the model may still be loading


@pytest.fixture(scope="module")
def snippets(app_url):
    """By endpoint and language."""
    info = httpx.get(f"{app_url}/gradio_api/info", timeout=PATIENCE).json()["named_endpoints"]
    assert tuple(info) == ENDPOINTS
    return {name: endpoint["code_snippets"] for name, endpoint in info.items()}


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory):
    """A folder whose scripts find @gradio/client."""
    folder = tmp_path_factory.mktemp("node")
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", "@gradio/client@2"]
    subprocess.run(install, cwd=folder, check=True)
    return folder


def is_an_answer(endpoint, said):
    """Whether an endpoint's answer stands in what an example printed."""
    if endpoint == "/live":
        return "readings" in said and "session" in said
    return "angry" in said and all(label in said for label in LABELS)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_python(snippets, endpoint, capsys):
    exec(compile(snippets[endpoint]["python"], endpoint, "exec"), {})
    assert is_an_answer(endpoint, capsys.readouterr().out)


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node.js and npm")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_javascript(snippets, endpoint, node_folder):
    script = node_folder / f"{endpoint.strip('/')}.mjs"
    # Node would print "[Object]" for what lies deeper than two levels.
    shown = "console.log(JSON.stringify(result.data));\nprocess.exit(0);"
    printed = snippets[endpoint]["javascript"]
    script.write_text(printed.replace("console.log(result.data);", shown))
    run = subprocess.run(
        ["node", script.name], cwd=node_folder, capture_output=True, text=True, timeout=PATIENCE
    )
    assert is_an_answer(endpoint, run.stdout), run.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_curl(snippets, endpoint, tmp_path):
    run = subprocess.run(
        ["sh", "-c", snippets[endpoint]["bash"]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    event, _, data = run.stdout.partition("\n")
    assert event == "event: complete", run.stdout + run.stderr
    assert is_an_answer(endpoint, json.dumps(json.loads(data.removeprefix("data: "))))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_gradios_command(snippets, endpoint):
    """The page of the API puts the name of the command into the example."""
    command = Path(sys.executable).with_name("gradio")
    words = shlex.split(snippets[endpoint]["cli"].replace("{command}", str(command)))
    run = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE)
    assert is_an_answer(endpoint, run.stdout), run.stderr


def test_no_example_is_of_somebody_elses_server(snippets, app_url):
    for endpoint in snippets.values():
        for language, snippet in endpoint.items():
            addresses = [part for part in snippet.split('"') if part.startswith("http")]
            assert all(address.startswith(app_url) for address in addresses), language
