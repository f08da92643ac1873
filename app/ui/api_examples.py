"""The code examples of the API page; each runs as printed, with a recording of this page."""

import json
import os
from typing import Any

from . import PUBLIC

RECORDING = "angry-woman-1037.ogg"
CHUNK = "AADrANUBvAKfA3wEUgUfBuMGnAc="  # ten samples

FILES = {"Audio": "{}", "File": "[{}]"}  # components that take files, and their numbers
Info = dict[str, Any]


def recording_at(root: str) -> str:
    """The address of the example recording on a page."""
    return f"{root}/{PUBLIC}/examples/{RECORDING}"


def code_snippets(
    api_name: str,
    endpoint_info: Info,
    root: str,
    space_id: str | None = None,
    api_prefix: str = "/",
) -> dict[str, str]:
    """The example of an endpoint in Python, JavaScript or the shell, in the form for Gradio.

    Args:
        api_name: with its slash.
        endpoint_info: Gradio's description of the endpoint.
        root: the address of the page, without a slash at its end.
        space_id: of a Space; clients accept it as an address.
        api_prefix: of the paths of the API, with a slash at its end.
    """
    parameters = endpoint_info["parameters"]
    page = space_id or root
    return {
        "python": _python(api_name, parameters, page, root),
        "javascript": _javascript(api_name, parameters, page, root),
        "bash": _bash(api_name, parameters, root, root + api_prefix),
    }


def cli_snippets(endpoints: dict[str, Info]) -> dict[str, str]:
    """The example for Gradio's command, which replaces `{space_id}` by the address of the page."""
    host = os.environ.get("SPACE_HOST")
    root = f"https://{host}" if host else "{space_id}"
    snippets = {}
    for name, info in endpoints.items():
        sent = _json(info["parameters"], recording_at(root))
        snippets[name] = f"{{command}} predict {{space_id}} {name} '{sent}'"
    return snippets


def _value(parameter: Info) -> Any:
    if parameter["parameter_has_default"]:
        return parameter["parameter_default"]
    return parameter["example_input"]


def _literal(value: Any) -> str:
    """A value in the style of Python formatters."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _takes_files(parameters: list[Info]) -> bool:
    return any(parameter["component"] in FILES for parameter in parameters)


def _python(api_name: str, parameters: list[Info], page: str, root: str) -> str:
    lines = []
    for parameter in parameters:
        files = FILES.get(parameter["component"])
        handled = f'handle_file("{recording_at(root)}")'
        value = files.format(handled) if files else _literal(_value(parameter))
        lines.append(f"    {parameter['parameter_name']}={value},")
    imports = "Client, handle_file" if _takes_files(parameters) else "Client"
    return "\n".join(
        [
            f"from gradio_client import {imports}",
            "",
            f'client = Client("{page}")',
            "result = client.predict(",
            *lines,
            f'    api_name="{api_name}",',
            ")",
            "print(result)",
        ]
    )


def _javascript(api_name: str, parameters: list[Info], page: str, root: str) -> str:
    fetched = [
        f'const response = await fetch("{recording_at(root)}");',
        "const recording = await response.blob();",
        "",
    ]
    lines = []
    for parameter in parameters:
        files = FILES.get(parameter["component"])
        value = files.format("handle_file(recording)") if files else json.dumps(_value(parameter))
        lines.append(f"    {parameter['parameter_name']}: {value},")
    takes_files = _takes_files(parameters)
    return "\n".join(
        [
            f'import {{ Client{", handle_file" if takes_files else ""} }} from "@gradio/client";',
            "",
            *(fetched if takes_files else []),
            f'const client = await Client.connect("{page}");',
            f'const result = await client.predict("{api_name}", {{',
            *lines,
            "});",
            "console.log(result.data);",
        ]
    )


def _bash(api_name: str, parameters: list[Info], root: str, api: str) -> str:
    """Upload files first; a call returns the number of the event with its result."""
    uploaded = [
        f"curl -s {recording_at(root)} -o voice.ogg",
        f"RECORDING=$(curl -s {api}upload -F files=@voice.ogg | tr -d '[]\" ')",
    ]
    sent = _json(parameters, "'$RECORDING'")
    return "\n".join(
        [
            *(uploaded if _takes_files(parameters) else []),
            f"EVENT=$(curl -s {api}call/v2{api_name} -H 'Content-Type: application/json' \\",
            f"  -d '{sent}' | cut -d '\"' -f 4)",
            f"curl -sN {api}call{api_name}/$EVENT",
        ]
    )


def _json(parameters: list[Info], recording: str) -> str:
    """The parameters as one JSON object, on one line."""
    file = {"path": recording, "meta": {"_type": "gradio.FileData"}}
    return json.dumps(
        {
            parameter["parameter_name"]: {"Audio": file, "File": [file]}.get(
                parameter["component"], _value(parameter)
            )
            for parameter in parameters
        }
    )
