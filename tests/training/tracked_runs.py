"""Runs of a store of a test's own."""

from muso_exp.training.tracking import MlflowLogger


def make_logger(folder: str, tags: dict[str, str] | None = None) -> MlflowLogger:
    return MlflowLogger(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_location=f"{folder}/mlartifacts",
        experiment_name="e",
        run_name="r",
        tags=tags,
    )


def status(logger: MlflowLogger) -> str:
    return logger.experiment.get_run(logger.run_id).info.status
