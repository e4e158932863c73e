import pytest

from engine.arena.entrants import parse_entrant
from engine.errors import UsageError
from engine.learning.methods import make_method, method_class
from engine.profiles.grouping import make_grouping
from engine.profiles.profile import llrd_rates
from engine.spec import RunSpec, methods
from engine.spec.methods import METHODS, MethodEntry, MethodOption, read_options

GROUPING = make_grouping("paper", 2)
RATES = (1e-6, 2e-6, 3e-6, 4e-5)


def _spec(method: str, **others: object) -> RunSpec:
    return RunSpec(
        sequence=("mood", "topic"), data="sample", model="sample", method=method, **others
    )


@pytest.mark.parametrize("name", [entry.name for entry in METHODS])
def test_every_method_is_found_by_its_name(name: str) -> None:
    assert method_class(name).name == name


def test_a_method_without_a_module_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"engine\.learning\.methods\.no_such"):
        method_class("no-such")


def test_a_module_without_its_method_is_named() -> None:
    with pytest.raises(LookupError, match=r"methods\.base has no method named 'base'"):
        method_class("base")


def test_flat_is_one_rate_for_all() -> None:
    method = make_method(_spec("flat", options={"lr": 2e-5}))
    assert method.learning_rates(GROUPING) == (2e-5,) * 4


def test_llrd_falls_from_layer_to_layer() -> None:
    method = make_method(_spec("llrd", options={"lr": 1e-4, "decay": 0.5}))
    assert method.learning_rates(GROUPING) == llrd_rates(1e-4, 0.5, GROUPING)
    assert method.learning_rates(GROUPING) == pytest.approx((2.5e-5, 5e-5, 1e-4, 1e-4))


@pytest.mark.parametrize("name", [entry.name for entry in METHODS if entry.takes_profile])
def test_every_method_but_those_that_make_their_own_carries_a_profile(name: str) -> None:
    options = {"layers": 2} if name.startswith("freeze") else {}
    method = make_method(_spec(name, learning_rates=RATES, options=options))
    assert method.learning_rates(GROUPING) == RATES


@pytest.mark.parametrize("name", ["flat", "llrd"])
def test_methods_that_make_their_own_rates_refuse_a_profile(name: str) -> None:
    with pytest.raises(UsageError, match=f"method {name} takes no profile; use --method profile"):
        make_method(_spec(name, learning_rates=RATES))


def test_rates_come_from_one_place() -> None:
    with pytest.raises(UsageError, match="method replay takes lr or a profile, not both"):
        make_method(_spec("replay", learning_rates=RATES, options={"lr": 1e-4}))


def test_unknown_method() -> None:
    with pytest.raises(UsageError, match="no method named 'sgd'; use one of flat, profile, llrd"):
        make_method(_spec("sgd"))


@pytest.mark.parametrize(("other", "own"), [("er", "replay"), ("der++", "derpp")])
def test_a_method_is_known_by_its_other_name(other: str, own: str) -> None:
    assert make_method(_spec(other, options={"lr": 1e-4})).name == own
    assert methods.own_name(other) == own
    assert parse_entrant(f"{other}@1e-4,rows=30").method == own


def test_unknown_option() -> None:
    with pytest.raises(
        UsageError, match="method l2-sp has no option 'importance'; it takes: lr, strength"
    ):
        make_method(_spec("l2-sp", options={"lr": 1e-4, "importance": 3}))


@pytest.mark.parametrize("lr", [0, -1e-5, 1.5, float("nan"), float("inf"), "fast"])
def test_a_rate_must_be_usable(lr: object) -> None:
    with pytest.raises(UsageError, match=f"above 0 and at most 1, not {lr}; use --lr"):
        make_method(_spec("flat", options={"lr": lr}))


def test_a_rate_must_be_given() -> None:
    with pytest.raises(UsageError, match="method flat needs a learning rate: use --lr 2e-5"):
        make_method(_spec("flat"))
    with pytest.raises(UsageError, match=r"method joint .* use --lr 2e-5, or a profile"):
        make_method(_spec("joint"))


@pytest.mark.parametrize(
    ("method", "options", "fault"),
    [
        ("replay", {"share": 1.5}, "share of method replay must be from 0 to 1, not 1.5"),
        ("sam", {"stages": "later"}, "stages of method sam is first or all, not 'later'"),
        ("a-gem", {"projection": 1.0}, "projection of method a-gem is whole or group, not '1.0'"),
        ("derpp", {"rows": 0}, "rows of method derpp must be from 1 to"),
        ("lora", {"rank": 0}, "rank of method lora must be from 1 to"),
        ("lora", {"rank": 2.5}, "rank of method lora is a whole number, not 2.5"),
        ("lora", {"rank": float("inf")}, "rank of method lora must be from 1 to"),
        ("ewc-task", {"importance": float("nan")}, "importance of method ewc-task must be from 0"),
        ("ewc-task", {"importance": "much"}, "importance of .* is a number, not 'much'"),
    ],
)
def test_an_option_must_be_in_its_range(
    method: str, options: dict[str, object], fault: str
) -> None:
    with pytest.raises(UsageError, match=fault):
        make_method(_spec(method, options={"lr": 1e-4, **options}))


def test_defaults_are_filled_in() -> None:
    method = make_method(_spec("ewc-mlm", options={"lr": 1e-4}))
    assert method.options["importance"] == 675
    assert method.options["text"] == "sample"


def test_an_option_without_a_default_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = MethodOption(name="epochs", help="How many epochs only the head learns.", low=1)
    entry = MethodEntry(name="warm-head", title="warm head", summary="", options=(epochs,))
    monkeypatch.setattr(methods, "METHODS", (entry,))
    with pytest.raises(
        UsageError, match="method warm-head needs epochs: use --option epochs=VALUE"
    ):
        read_options("warm-head", {}, has_profile=True)


def test_profile_needs_a_profile() -> None:
    with pytest.raises(UsageError, match="needs a profile; use --profile FILE"):
        make_method(_spec("profile"))


@pytest.mark.parametrize(
    ("rates", "fault"),
    [
        ((1e-5,) * 10, "fit 2 layers: 10 learning rates for 4 choices"),
        ((1e-5, 0.0, 1e-5, 1e-5), "0.0 for layer 1"),
        ((1e-5, 1e-5, 1e-5, float("nan")), "nan for heads"),
    ],
)
def test_profile_must_fit(rates: tuple[float, ...], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        make_method(_spec("profile", learning_rates=rates)).learning_rates(GROUPING)
