"""What MLflow serves of a finished run: `predict` behind `mlflow models serve`.

MLflow keeps this file as the model's code (models from code: nothing is pickled); what was learned
is the run's checkpoint, which holds tensors and plain values alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from muso_exp.errors import ConfigError
from muso_exp.trained import apply, load_trained


class ServedRun(PythonModel):
    """A finished run that answers requests; see `predict`."""

    def load_context(self, context: Any) -> None:
        """Load the run's data set and model from its checkpoint."""
        self.data, self.model = load_trained(Path(context.artifacts["checkpoint"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return what the command `predict` shows of the files in a request.

        Args:
            context: of MLflow.
            model_input: a row per file: `name`, whose ending says what it is, and `content`, its
                bytes (base64 in a JSON request).
            params: none are read.

        Raises:
            MusoError: files that the run cannot read.
        """
        with tempfile.TemporaryDirectory(prefix="muso-exp-request-") as place:
            paths = []
            for number, (name, content) in enumerate(
                zip(model_input["name"], model_input["content"], strict=True)
            ):
                plain = PurePosixPath(str(name).replace("\\", "/")).name
                if not plain or plain in (".", ".."):
                    raise ConfigError(f"name {name!r}: the name of a file is needed")
                path = Path(place) / str(number) / plain
                path.parent.mkdir()
                path.write_bytes(content if isinstance(content, bytes) else bytes(content))
                paths.append(path)
            found: pd.DataFrame = apply(self.data, self.model, *paths)
        return found


set_model(ServedRun())
