"""``python -m engine.work.check SPEC…``: exit 0 where these runs could begin, else 2 and a line."""

import sys

import msgspec

from engine.errors import UsageError
from engine.learning.backbone import backbone_shape, quiet_libraries
from engine.learning.device import pick_device
from engine.learning.methods import make_method
from engine.learning.prepare import prepare_task
from engine.profiles.grouping import make_grouping
from engine.spec import RunSpec


def check(spec: RunSpec) -> None:
    """Load everything that a run needs but the weights.

    Raises:
        UsageError: something is not to be had.
    """
    pick_device(spec.device, spec.protocol.precision)
    grouping = make_grouping(spec.protocol.grouping, backbone_shape(spec.model).n_layers)
    method = make_method(spec)
    method.learning_rates(grouping)
    method.require(spec.model)
    for name in spec.sequence:
        prepare_task(name, spec.data, spec.model, spec.protocol, spec.device)


def main() -> int:
    """Check the specs on the command line."""
    quiet_libraries()
    try:
        for text in sys.argv[1:]:
            check(msgspec.json.decode(text, type=RunSpec))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
