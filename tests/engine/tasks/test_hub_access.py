import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import datasets
import pytest
from huggingface_hub import constants, get_session
from huggingface_hub.utils import hf_raise_for_status

from engine.errors import UnreachableError, UsageError
from engine.learning.backbone import backbone_shape, load_backbone, model_fingerprint
from engine.tasks.encoded import load_tokenizer
from engine.tasks.hub_access import NotCachedError, read_data_set, read_model
from engine.tasks.load import load_task
from tests.tiny import tiny_backbone

NOWHERE = "http://127.0.0.1:9"
COMMIT = "a" * 40
PROBE = "HEAD / HTTP/1.1"
TASK = '[tasks.a]\nhub = "org/mine"\nsentence1 = "text"\nlabel = "label"\n'


@pytest.fixture
def dead_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", NOWHERE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)


class DumbHub(ThreadingHTTPServer):
    """A hub that hangs up on whoever asks, and remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SaysNothing)
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class SaysNothing(BaseHTTPRequestHandler):
    server: DumbHub

    def parse_request(self) -> bool:
        self.server.asked.append(self.raw_requestline.decode().strip())
        return False


@pytest.fixture
def dumb_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DumbHub]:
    hub = DumbHub()
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    thread = Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    hub.shutdown()
    thread.join()
    hub.server_close()


def cache_model(name: str, files: list[Path]) -> None:
    """Put files where the libraries keep those of a model of the hub."""
    place = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    (place / "snapshots" / COMMIT).mkdir(parents=True)
    for file in files:
        shutil.copy(file, place / "snapshots" / COMMIT)


def test_a_model_in_the_cache_is_not_asked_for(dumb_hub: DumbHub, tmp_path: Path) -> None:
    cache_model("org/mine", list(tiny_backbone(tmp_path / "made").iterdir()))
    assert len(load_tokenizer("org/mine")) > 100
    assert load_backbone("org/mine").n_layers == backbone_shape("org/mine").n_layers == 2
    assert model_fingerprint("org/mine") == f"org/mine@{COMMIT}"
    assert dumb_hub.asked == []


def test_a_model_of_which_a_part_is_missing_is_asked_for(dumb_hub: DumbHub, tmp_path: Path) -> None:
    cache_model("org/mine", [tiny_backbone(tmp_path / "made") / "config.json"])
    with pytest.raises(UsageError, match="'org/mine' comes without a tokenizer"):
        load_tokenizer("org/mine")
    assert dumb_hub.asked == [PROBE]
    with pytest.raises(UsageError, match="model 'org/mine' cannot be read"):
        load_backbone("org/mine")
    assert dumb_hub.asked == [PROBE] * 2
    assert constants.HF_HUB_OFFLINE is False


def test_a_data_set_in_the_cache_is_not_asked_for(dumb_hub: DumbHub, tmp_path: Path) -> None:
    made = tmp_path / "mine"
    made.mkdir()
    lines = ["text,label", *(f"text {number},{number % 2}" for number in range(40))]
    (made / "train.csv").write_text("\n".join(lines))
    datasets.load_dataset(str(made))
    (tmp_path / "datasets" / "mine").rename(tmp_path / "datasets" / "org___mine")
    toml = tmp_path / "tasks.toml"
    toml.write_text(TASK, encoding="utf-8")
    dumb_hub.asked.clear()
    assert load_task("a", str(toml)).labels == ("0", "1")
    assert dumb_hub.asked == []


def test_a_data_set_that_is_missing_is_asked_for(dumb_hub: DumbHub, tmp_path: Path) -> None:
    toml = tmp_path / "tasks.toml"
    toml.write_text(TASK, encoding="utf-8")
    with pytest.raises(UsageError, match="for data set 'org/mine', and the local cache has no"):
        load_task("a", str(toml))
    assert dumb_hub.asked == [PROBE]


@pytest.mark.usefixtures("dead_hub")
@pytest.mark.timeout(60)
def test_a_model_that_cannot_be_reached_is_one_line() -> None:
    with pytest.raises(UnreachableError) as raised:
        load_tokenizer("no-such-org/no-such-model")
    assert str(raised.value) == (
        f"cannot reach {NOWHERE} for model 'no-such-org/no-such-model', and the local cache has no "
        "copy; use --model sample or a local folder"
    )
    assert constants.HF_HUB_OFFLINE is False


@pytest.mark.usefixtures("dead_hub")
@pytest.mark.timeout(60)
def test_a_data_set_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    toml = tmp_path / "tasks.toml"
    toml.write_text(
        '[tasks.a]\nhub = "no-such-org/no-such-data"\nsentence1 = "text"\nlabel = "label"\n',
        encoding="utf-8",
    )
    with pytest.raises(UnreachableError) as raised:
        load_task("a", str(toml))
    assert str(raised.value) == (
        f"cannot reach {NOWHERE} for data set 'no-such-org/no-such-data', and the local cache has "
        "no copy; use --data sample or a local folder (--data FOLDER)"
    )


def test_who_asked_to_stay_offline_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(NotCachedError, match=r"HF_HUB_OFFLINE forbids to ask .* for model 'no"):
        load_tokenizer("no-such-org/no-such-model")
    assert constants.HF_HUB_OFFLINE is True


def test_a_folder_whose_tokenizer_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(
        UsageError, match=f"model folder {tmp_path} cannot be read: .*another folder"
    ):
        load_tokenizer(str(tmp_path))


def test_a_usage_error_passes_unchanged(tmp_path: Path) -> None:
    def load() -> None:
        raise UsageError("as it is")

    with pytest.raises(UsageError, match=r"^as it is$"):
        read_model(str(tmp_path), load)


@pytest.mark.usefixtures("dead_hub")
def test_only_the_first_line_of_a_failure_is_told() -> None:
    def load() -> None:
        raise ValueError("no config 'x'.\nAvailable: many")

    with pytest.raises(
        UsageError, match=r"^data set 'org/data' cannot be read: no config 'x'; use"
    ):
        read_data_set("org/data", load)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[BaseHTTPRequestHandler]]:
    """Let a hub answer everything with one status."""

    class Answer(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - as the server asks for it

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "passes"), [(500, True), (503, True), (429, True), (403, False), (404, False)]
)
def test_a_hub_that_fails_is_told_from_one_that_refuses(
    answering: type[BaseHTTPRequestHandler], status: int, passes: bool
) -> None:
    answering.status = status  # type: ignore[attr-defined]

    def load() -> None:
        hf_raise_for_status(get_session().get(f"{constants.ENDPOINT}/org/model"))

    with pytest.raises(UsageError, match="model 'org/model'") as raised:
        read_model("org/model", load)
    assert isinstance(raised.value, UnreachableError) == passes


@pytest.mark.usefixtures("dead_hub")
def test_a_network_that_breaks_passes() -> None:
    with pytest.raises(UnreachableError, match="cannot reach"):
        read_data_set("org/data", lambda: get_session().get(NOWHERE))
