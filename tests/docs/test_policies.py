"""The policies that documents show are right: read as people write them, and accepted by a server."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from documents import REPOSITORY, Block, blocks, documents
from donotcontact.cli.policyfile import read_policy
from serving import Served, pb, served

POLICIES = [block for document in documents() for block in blocks(document, "yaml") if "policy" in block.words]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("store")) as serving:
        yield serving


def name_of(block: Block) -> str:
    return str(block.document.relative_to(REPOSITORY))


@pytest.mark.parametrize("block", POLICIES, ids=name_of)
def test_every_policy_of_the_documents_is_accepted(block: Block, server: Served, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(block.text)
    admin, operator = server.api(), server.api("operator")
    policy = read_policy(str(file), io.BytesIO())
    for label in policy.labels:
        admin.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name=label, channels=[1])))
    for required in policy.registries:
        registry = pb.Registry(name=required.name, scope=["+1"])
        operator.call("CreateRegistry", pb.CreateRegistryRequest(registry=registry))

    answer = admin.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy, validate_only=True))

    assert answer.changed


def test_concepts_show_a_policy_with_every_key_but_one() -> None:
    """One-time permission is for a policy of its own, on EMAIL."""
    [block] = [block for block in POLICIES if block.document.name == "concepts.md"]
    keys = {line.partition(":")[0] for line in block.text.splitlines() if line[:1].isalpha()}

    assert keys == {field.name for field in pb.Policy.DESCRIPTOR.fields} - {"one_time_permission"}


def test_every_key_of_a_policy_is_explained() -> None:
    text = (REPOSITORY / "docs" / "concepts.md").read_text()
    explained = text.partition("| key | left out | says |")[2].partition("\n\n")[0]

    missing = [field.name for field in pb.Policy.DESCRIPTOR.fields if f"`{field.name}`" not in explained]

    assert missing == ["name"]
