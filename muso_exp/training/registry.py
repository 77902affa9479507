"""A trained run in MLflow's registry, as a model that `mlflow models serve` answers with."""

from __future__ import annotations

import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from muso_exp.errors import ConfigError
from muso_exp.training.manifest import LIBRARIES

CODE = Path(__file__).parent.parent / "served_run.py"
MODEL = "model"  # folder among the artifacts of a run
_NAME = re.compile(r"[^/:\s][^/:]*")


def check_name(name: str | None, tracked: bool) -> None:
    """Raise ConfigError for a name that the registry cannot have, or without a tracker.

    Args:
        name: of the registered model; None: none is registered.
        tracked: whether the run has a logger.
    """
    if name is None:
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"register={name}: a name without / and : is needed")
    if not tracked:
        raise ConfigError(f"register={name}: the registry is MLflow's; drop logger=none")


def save_model(folder: Path, checkpoint: Path, example: tuple[str, bytes] | None) -> None:
    """Write the model of a run as MLflow keeps one: code, checkpoint, signature, example.

    Args:
        folder: that is made.
        checkpoint: of the run.
        example: name and content of a file that it can be asked with.
    """
    import mlflow.pyfunc
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    asked = Schema([ColSpec("string", "name"), ColSpec("binary", "content")])
    mlflow.pyfunc.save_model(
        path=str(folder),
        python_model=str(CODE),
        artifacts={"checkpoint": str(checkpoint)},
        signature=ModelSignature(inputs=asked),
        pip_requirements=[f"{name}=={version(name)}" for name in LIBRARIES],
    )
    if example is not None:
        name, content = example
        one = pd.DataFrame({"name": [name], "content": [content]})
        request = {"dataframe_split": _in_json(one)}
        _write_example(folder, request)


def _in_json(table: Any) -> dict[str, Any]:
    import base64

    rows = [
        [name, base64.b64encode(content).decode()]
        for name, content in table.itertuples(index=False)
    ]
    return {"columns": ["name", "content"], "data": rows}


def _write_example(folder: Path, request: dict[str, Any]) -> None:
    import json

    import yaml

    name = "input_example.json"
    (folder / name).write_text(json.dumps(request["dataframe_split"]) + "\n", encoding="utf-8")
    (folder / "serving_input_example.json").write_text(json.dumps(request) + "\n", encoding="utf-8")
    path = folder / "MLmodel"
    description = yaml.safe_load(path.read_text(encoding="utf-8"))
    description["saved_input_example_info"] = {
        "artifact_path": name,
        "pandas_orient": "split",
        "serving_input_path": "serving_input_example.json",
        "type": "dataframe",
    }
    path.write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")


def register(
    client: Any,
    run_id: str,
    name: str,
    checkpoint: Path,
    example: tuple[str, bytes] | None,
    description: str,
) -> str:
    """Put the model of a run into the registry; return its version.

    Args:
        client: MLflow's, of the store.
        run_id: of the run, whose artifact the model becomes.
        name: of the registered model; another version of it where it is there.
        checkpoint: of the run.
        example: see `save_model`.
        description: of the version, in Markdown.
    """
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="muso-exp-model-") as place:
        save_model(Path(place) / MODEL, checkpoint, example)
        client.log_artifacts(run_id, str(Path(place) / MODEL), MODEL)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    source = f"{client.get_run(run_id).info.artifact_uri}/{MODEL}"
    version = client.create_model_version(name, source, run_id, description=description)
    return str(version.version)
