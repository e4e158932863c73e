"""What all runs of a table have in common, in words."""

from msgspec.structs import asdict

from engine.spec import Protocol, preset


def describe_setting(data: str, model: str, protocol: Protocol) -> str:
    """Say on what, with which backbone and by which protocol was learnt."""
    usual = asdict(preset(protocol.preset).protocol)
    changed = (
        f"{name.replace('_', ' ')} {value}"
        for name, value in asdict(protocol).items()
        if value != usual[name]
    )
    return ", ".join((f"Data {data}", f"model {model}", f"preset {protocol.preset}", *changed))
