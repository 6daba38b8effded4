"""What a server has before anything happens to it: registries, and who may rely on what of them."""

from contextlib import closing

import pytest

from dncd.registry.importing import import_file
from dncd.transport import uploads
from model.facts import REGISTERS
from registries.operating import Operator
from serving import Served


def furnish(server: Served) -> None:
    with pytest.MonkeyPatch.context() as patch, closing(Operator(server.address, server.token("operator"))) as operator:
        # In its own process, which spares a second.
        patch.setattr(uploads, "import_apart", import_file)
        for name, register in REGISTERS.items():
            operator.create(name, register.scope)
            for account, prefixes in register.granted.items():
                operator.grant(name, *prefixes, account=account)
            if register.list_date is not None:
                listed = (int(number) for number in sorted(register.numbers))
                operator.list_numbers(name, *listed, list_date=register.list_date.isoformat())
