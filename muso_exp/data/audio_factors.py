"""The task "which latent factors has this song?", from its sound: the second stage after WMF."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torchmetrics import MetricCollection

from muso_exp.data.audio.base import AudioData
from muso_exp.data.audio.factor_report import audit, sections
from muso_exp.data.audio.listened import played_tracks, prepare_factors, require_match
from muso_exp.data.audio.recommendation import ListeningTest, group_means
from muso_exp.data.audio.scaling import FactorScaling, unit_rows
from muso_exp.data.base import Predict
from muso_exp.data.listening.factors import cached_factors
from muso_exp.data.plays import Plays
from muso_exp.errors import ConfigError
from muso_exp.features.als import FactorOptions
from muso_exp.metrics.ranking import UserMean, ranking_metrics
from muso_exp.metrics.regression import R2, Cosine, MeanSquaredError
from muso_exp.ranges import Count, NotNegative, Positive
from muso_exp.results import Finding, Section, SideTask

UPPER = "upper_bound_"  # before the metrics of the true factors
SHOWN = 3  # known songs that are named for a new one


class AudioFactors(AudioData):
    """Clips with the factors that WMF learned from listening, and what users played of them.

    As in the thesis, WMF sees all plays, those of test clips too: what is tested is the factors
    that a network hears in songs it was not trained on. In the test of recommendation a user is
    known by plays of train clips alone.

    Args:
        plays: the data set of plays; without a root of its own it lies beside the sound.
        match: how a clip is found among the played items: `id`, or `names` (artist and title up
            to case, the most played of several).
        scaling: `l2` (head factors), `standard` or `none` (head regression); see
            `muso_exp.data.audio.scaling`.
        cutoffs: the k of the recommendation metrics.
        queries: clips (names or ids) whose neighbours are shown; none: the most played test clips.
        n_factors: see `muso_exp.models.wmf.WMF`, as all that follow.
        iterations: sweeps.
        regularization: weight of the squared norms.
        alpha: weight of one log-play.
        epsilon: plays at which the log starts to bend.
        bias: whether the last factor is an unregularised bias.
        **audio: see `muso_exp.data.audio.base.AudioData`.

    Raises:
        ConfigError: an unknown option.

    Source: thesis chapter 6; document 5, section V-D (`standard` or `none`).
    """

    name = "audio_factors"

    def __init__(
        self,
        plays: Plays,
        match: str = "id",
        scaling: str = "l2",
        cutoffs: Sequence[Count] = (10, 100, 500),
        queries: Sequence[str] = (),
        n_factors: Count = 40,
        iterations: Count = 40,
        regularization: NotNegative = 1e-5,
        alpha: NotNegative = 2.0,
        epsilon: Positive = 1e-6,
        bias: bool = True,
        **audio: Any,
    ) -> None:
        super().__init__(**audio)
        self.plays, self.match, self.how = plays, require_match(match), scaling
        self.head = "factors" if scaling == "l2" else "regression"
        self.cutoffs, self.queries = list(cutoffs), [str(query) for query in queries]
        self.options = FactorOptions(
            n_factors, iterations, regularization, alpha, epsilon, bias, seed=self.seed
        )

    def prepare_data(self) -> None:
        """Decode the clips, read the plays and fit the factors, each once.

        Raises:
            DatasetNotFoundError: files of the sound or of the plays are missing.
            DataFormatError: a table of another form, or no sound file that can be used.
            ConfigError: more factors than users or items.
        """
        super().prepare_data()
        prepare_factors(self.plays, self.folder(), self.options, self.cache)

    def choose(self, tracks: pd.DataFrame) -> pd.DataFrame:
        """Return the tracks that somebody has played.

        Raises:
            ConfigError: too few of them.
        """
        return played_tracks(self, self.plays, tracks, self.match)

    def learn(self) -> Tensor:
        """Return the scaled factors of each clip, shape (n_clips, n_factors)."""
        items = self.tracks["item"].to_numpy()
        self.factors = cached_factors(self.plays, self.options, self.cache)["item_factors"][items]
        self.scaling = FactorScaling.fit(self.factors[self.parts["train"]], self.how)
        played = self.plays.data.plays[:, items]  # (n_users, n_clips)
        train, test = (played[:, self.parts[name]] for name in ("train", "test"))
        self.listening = ListeningTest.of(train, test, self.cutoffs)
        self.listeners = np.diff(played.tocsc().indptr)  # (n_clips,)
        self.asked = self._query_clips()
        self.predicted: np.ndarray | None = None  # (n_clips, n_factors), filled by `side_task`
        return torch.from_numpy(self.scaling.apply(self.factors))

    def n_outputs(self) -> int:
        """Return the number of factors."""
        return self.factors.shape[1]

    def metrics(self) -> MetricCollection:
        """Return squared error, R2 against the train mean, and the cosine, of the targets."""
        mean = self.labels[torch.from_numpy(self.parts["train"])].double().mean(dim=0)
        regression = {"mse": MeanSquaredError(), "r2": R2(mean), "cosine": Cosine()}
        return MetricCollection({**regression}, compute_groups=False)

    def nulls(self) -> dict[str, dict[str, Tensor]]:
        """Return the mean target of train, and that of the clip's artist."""
        test = self.parts["test"]
        return {
            name: {"preds": torch.from_numpy(preds[test])}
            for name, preds in self.guesses(self.labels.numpy()).items()
        }

    def guesses(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Return what the null models say of all clips, from the values of the train clips.

        Of an artist without train clips `artist_mean` says the mean of all.
        """
        train = self.parts["train"]
        own = group_means(values[train], self.artists[train], self.artists)
        every = np.broadcast_to(values[train].mean(axis=0), own.shape)
        return {"mean_factor": every.astype(np.float32), "artist_mean": own.astype(np.float32)}

    def predictions(self, preds: dict[str, Tensor]) -> pd.DataFrame:
        """Return a row per test clip: id, artist, title, genre, predicted and true target."""
        table = self.part("test")[["track_id", "artist", "title", "genre"]]
        return table.assign(
            preds=preds["preds"].double().numpy().tolist(),
            target=self.target().double().numpy().tolist(),
        )

    def side_metrics(self) -> list[str]:
        """Return the names of the metrics of recommendation."""
        return list(self._side_metrics())

    def absent(self) -> dict[str, str]:
        """Return the metrics of recommendation where nobody played train and test clips."""
        if len(self.listening.users):
            return {}
        return dict.fromkeys(self.side_metrics(), "no user has played train and test clips")

    def side_task(self, predict: Predict) -> SideTask | None:
        """Return the test of recommendation of table 6.1; users are the independent unit."""
        every = np.arange(len(self.tracks))
        self.predicted = self.scaling.invert(self.predict_all(every, predict)["preds"].numpy())
        if not len(self.listening.users):
            return None
        upper = self.ranked(self.factors)
        ranked = {name: self.ranked(values) for name, values in self.guesses(self.known()).items()}
        nulls = {"random": self.listening.rank_alike(), **ranked}
        return SideTask(
            MetricCollection({**self._side_metrics()}, compute_groups=False),
            _with_upper(self.ranked(self.predicted), upper),
            self.listening.target(),
            self.plays.data.users[self.listening.users][:, None],
            {name: _with_upper(columns, columns) for name, columns in nulls.items()},
        )

    def known(self) -> np.ndarray:
        """Return the true factors as a network may know them: with `l2`, their directions."""
        return unit_rows(self.factors) if self.how == "l2" else self.factors

    def ranked(self, factors: np.ndarray) -> dict[str, Tensor]:
        """Return the ranking columns of factors (n_clips, n_factors) in the recommendation."""
        return self.listening.rank(factors[self.parts["train"]], factors[self.parts["test"]])

    def audit(self) -> list[Finding]:
        """Return what was left out, and who knows what of whom."""
        return [*super().audit(), *audit(self)]

    def counts(self) -> dict[str, int]:
        """Return clips and artists, users, plays of the clips."""
        users = {"users": self.plays.data.plays.shape[0], "test_users": len(self.listening.users)}
        return {**super().counts(), **users, "test_entries": self.listening.held.nnz}

    def sections(self, predictions: pd.DataFrame, predict: Predict) -> Sequence[Section]:
        """Return table 6.1, the neighbours of some songs, and the factors."""
        return sections(self)

    def names(self) -> list[str]:
        """Return what each clip is called: `artist - title`, or its id."""
        rows = self.tracks[["artist", "title", "track_id"]].itertuples(index=False)
        return [" - ".join(part for part in (a, t) if part) or str(i) for a, t, i in rows]

    def state_dict(self) -> dict[str, Any]:
        """Return the scaling and the known clips with their true factors."""
        factors = torch.from_numpy(self.factors)
        return {"scaling": self.scaling.state(), "names": self.names(), "factors": factors}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.scaling = FactorScaling.from_state(state_dict["scaling"])
        self.known_names, self.factors = state_dict["names"], np.asarray(state_dict["factors"])

    def describe(self, songs: pd.DataFrame, columns: dict[str, Tensor]) -> pd.DataFrame:
        """Return each song with the known songs nearest by factors, and their cosines."""
        heard = unit_rows(self.scaling.invert(columns["preds"].numpy()))
        cosine = heard @ unit_rows(self.factors).T  # (n_songs, n_known)
        order = np.argsort(-cosine, axis=1, kind="stable")[:, :SHOWN]
        table = pd.DataFrame({"song": songs["track_id"]})
        for place in range(order.shape[1]):
            table[f"nearest {place + 1}"] = [self.known_names[i] for i in order[:, place]]
            table[f"cosine {place + 1}"] = cosine[np.arange(len(cosine)), order[:, place]]
        return table

    def _side_metrics(self) -> dict[str, UserMean]:
        found: dict[str, Any] = dict(ranking_metrics(self.cutoffs))
        for name in ("auc", *(f"map_at_{k}" for k in self.cutoffs)):
            found[UPPER + name] = UserMean("upper_" + name.replace("map_at", "ap_at"))
        return found

    def _query_clips(self) -> list[int]:
        """Return the clips whose neighbours are shown.

        Raises:
            ConfigError: a clip that is not there.
        """
        if not self.queries:
            test = self.parts["test"]
            return test[np.argsort(-self.listeners[test], kind="stable")[:SHOWN]].tolist()
        places = {name.casefold(): row for row, name in enumerate(self.names())}
        places |= {str(name): row for row, name in enumerate(self.tracks["track_id"])}
        for query in self.queries:
            if query not in places and query.casefold() not in places:
                raise ConfigError(f"dataset.queries: no clip is called {query!r}, nor is it an id")
        return [places.get(query, places.get(query.casefold(), 0)) for query in self.queries]


def _with_upper(columns: dict[str, Tensor], upper: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return ranking columns with those of the upper bound beside them."""
    beside = {f"upper_{k}": v for k, v in upper.items() if k == "auc" or k.startswith("ap_at")}
    return {**columns, **beside}
