"""What a stranger may try: paths, addresses, hostile models, endless files."""

import json
import secrets
import zipfile

import httpx
import keras
import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from app import bundle, saved_model
from app.bundle import BundleError
from app.classifier import DEFAULT_MODEL, Classifier
from app.folders import MODELS
from tests.serving import PATIENCE, ROOT, app_running
from tests.sounds import RATE, with_soundfile

SECRET = "this must not be read"


@pytest.fixture
def api(app_url):
    with httpx.Client(base_url=f"{app_url}/gradio_api", timeout=30) as client:
        yield client


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


@pytest.mark.parametrize(
    "address",
    [
        "/file={secret}",
        "/file={root}/app/bundle.py",
        "/file={root}/models/residual-mel/model.keras",
        "/file=/etc/passwd",
        "/file={root}/assets/../pyproject.toml",
        "/file=file:///etc/passwd",
        "/file=../../../../../../etc/passwd",
        "/file=..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/file=/proc/self/environ",
        "/proxy=file:///etc/passwd",
    ],
)
def test_no_path_outside_the_pages_own_is_read(api, secret, address):
    answer = api.get(address.format(secret=secret, root=ROOT))
    assert answer.status_code in (400, 403, 404, 405)
    assert SECRET not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "address",
    ["/file=http://127.0.0.1:1/x", "/proxy=http://127.0.0.1:1/x", "/proxy=http://169.254.169.254/"],
)
def test_no_address_is_fetched_for_anyone(api, address):
    answer = api.get(address)
    assert answer.status_code >= 400


def files_event(api):
    """The number of the event that hears dropped files."""
    config = httpx.get(str(api.base_url).replace("/gradio_api/", "/config")).json()
    drop = next(
        part["id"] for part in config["components"] if part["props"].get("elem_id") == "recordings"
    )
    return next(
        event["id"]
        for event in config["dependencies"]
        if [drop, "change"] in event["targets"] and event["backend_fn"]
    )


def ask(api, path):
    """Everything the queue says when it is asked to hear a path of the server."""
    name = secrets.token_hex(5)
    file = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
    body = {"data": [[file]], "fn_index": files_event(api), "session_hash": name}
    api.post("/queue/join", json=body)
    said = []
    with api.stream("GET", f"/queue/data?session_hash={name}") as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                said.append(json.loads(line[5:]))
                if said[-1]["msg"] in ("process_completed", "close_stream"):
                    break
    return said


@pytest.mark.parametrize("path", ["/etc/passwd", ROOT / "pyproject.toml"])
def test_no_file_of_the_machine_is_heard_for_anyone(api, path):
    said = ask(api, path)
    assert said[-1].get("success") is not True
    assert str(ROOT) not in json.dumps(said)
    assert "Traceback" not in json.dumps(said)


def test_an_address_instead_of_a_file_is_not_fetched(api):
    said = ask(api, "http://127.0.0.1:1/voice.wav")
    assert said[-1].get("success") is not True


def test_a_public_address_is_not_fetched_either(app_url):
    client = Client(app_url, verbose=False)
    recording = {"path": "https://example.com/voice.wav", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError, match=r"Addresses are not fetched|Nothing can be read"):
        client.predict(recording, api_name="/predict")


def test_only_who_gives_name_and_password_gets_in():
    with (
        app_running("--auth", "ann:secret word") as (url, _),
        httpx.Client(base_url=url, timeout=PATIENCE) as guest,
    ):
        for address in ("/config", "/gradio_api/info"):
            assert guest.get(address).status_code == 401
        upload = guest.post("/gradio_api/upload", files={"files": ("a.wav", b"RIFF", "audio/wav")})
        assert upload.status_code == 401
        wrong = guest.post("/login", data={"username": "ann", "password": "guess"})
        assert wrong.status_code == 400
        guest.post("/login", data={"username": "ann", "password": "secret word"})
        assert guest.get("/config").status_code == 200


def test_an_upload_keeps_to_its_folder(api, app_url):
    voice = with_soundfile(np.zeros((RATE, 1), np.float32), "WAV")
    answer = api.post("/upload", files={"files": ("../../../escaped.wav", voice, "audio/wav")})
    (path,) = answer.json()
    assert ".." not in path
    assert path.endswith("/escaped.wav")


def repacked(folder, change):
    """A bundle whose model says something else, with a checksum that agrees."""
    path = folder / bundle.MODEL_FILE
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    change(config)
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    info = json.loads((folder / bundle.INFO_FILE).read_text())
    info["model_sha256"] = bundle.digest(path)
    (folder / bundle.INFO_FILE).write_text(json.dumps(info))


def foreign(config):
    """Asks Keras to make something of a module of Python's instead of a layer."""
    config["config"]["layers"][1] = {
        "module": "os",
        "class_name": "system",
        "config": {"command": "touch hacked"},
        "registered_name": None,
        "name": "hostile",
        "inbound_nodes": config["config"]["layers"][1]["inbound_nodes"],
    }


def test_a_model_with_code_of_its_own_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "hacked"
    info = bundle.read_info(MODELS / DEFAULT_MODEL)
    inputs = keras.Input((48_000,))
    code = f"lambda x: (open({str(trace)!r}, 'w').close(), x)[1][:, :8]"
    outputs = keras.layers.Lambda(eval(code), output_shape=(8,))(inputs)
    model = keras.Model(inputs, outputs)
    model(np.zeros((1, 48_000), np.float32))
    trace.unlink()  # it would work
    saved_model.write(tmp_path / "hostile", model, info)
    trace.unlink(missing_ok=True)
    with pytest.raises(BundleError, match="cannot be loaded"):
        Classifier(tmp_path / "hostile").load()
    assert not trace.exists()


def test_a_model_that_names_a_foreign_class_is_refused_and_not_run(tmp_path, monkeypatch):
    folder = tmp_path / "hostile"
    folder.mkdir()
    for file in (path for path in (MODELS / DEFAULT_MODEL).iterdir() if path.is_file()):
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    repacked(folder, foreign)
    with pytest.raises(BundleError, match="cannot be loaded"):
        Classifier(folder).load()
    assert not (tmp_path / "hacked").exists()
