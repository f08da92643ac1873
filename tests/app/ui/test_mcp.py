"""The tools as agents call them: a real MCP client against the running app."""

import ast
import base64

import anyio
import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from app import predict_emotion
from app.emotions import LABELS
from tests.serving import PATIENCE, app_running


@pytest.fixture(scope="module")
def url():
    with app_running("--mcp") as (url, _):
        yield url


def ask(url, action):
    """What an action of an MCP session gives."""

    async def connect():
        async with (
            streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await action(session)

    return anyio.run(connect)


def call(url, tool, **arguments):
    """Whether it failed, and the text of the answer."""
    answer = ask(url, lambda session: session.call_tool(tool, arguments))
    return answer.isError, answer.content[0].text


def test_tools_say_what_they_take_and_give(url):
    tools = {tool.name: tool for tool in ask(url, lambda session: session.list_tools()).tools}
    assert set(tools) == {"predict", "analyze"}
    for tool in tools.values():
        assert "Returns: " in tool.description
        assert tool.inputSchema["required"] == ["recording"]
        assert all(given["description"] for given in tool.inputSchema["properties"].values())


def test_a_recording_in_the_call_itself(url, examples):
    content = base64.b64encode(examples[0].read_bytes()).decode()
    failed, text = call(url, "predict", recording=f"data:audio/ogg;base64,{content}")
    assert not failed
    answer = ast.literal_eval(text)
    assert answer["emotion"] == predict_emotion(examples[0]).emotion
    assert set(answer["probabilities"]) == set(LABELS)


def test_a_recording_that_was_uploaded(url, examples):
    """As `gradio upload-mcp` does it for an agent with files of its own."""
    with examples[0].open("rb") as file:
        answer = httpx.post(f"{url}/gradio_api/upload", files={"files": file}, timeout=PATIENCE)
    path = answer.json()[0]
    place = f"{url}/gradio_api/file={path}"
    failed, text = call(url, "analyze", recording=place, hop=1.0)
    assert not failed, text
    assert ast.literal_eval(text)["windows"][0]["start"] == 0.0


@pytest.mark.parametrize(
    ("recording", "sentence"),
    [
        ("data:audio/ogg;base64,AAAA", "is not audio, or is damaged beyond reading."),
        ("http://127.0.0.1:9/x.wav", "address"),
    ],
)
def test_what_cannot_be_heard_is_answered_with_a_sentence(url, recording, sentence):
    failed, text = call(url, "predict", recording=recording)
    assert failed
    assert sentence in text.lower()
    assert len(text.splitlines()) == 1
