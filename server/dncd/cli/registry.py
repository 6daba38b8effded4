"""Commands about registries: national do-not-contact lists, their versions, and who may rely on them.

They work on the folder of the store, while it is served or not. Each change goes through the journal, like every other.
"""

import json
from typing import Annotated

import typer

from dncd import administration, registries
from dncd.cli.access import founded
from dncd.cli.frame import EXIT_CODES, WRONG, JsonOption, StoreOption, attached, options_judged, say
from dncd.cli.registry_files import diff, rebuild, verify
from dncd.cli.registry_import import import_
from dncd.cli.registry_names import IdArgument, NameArgument, find_id, say_or_tell, shelf_of
from dncd.cli.registry_tables import print_registries, print_registry, told_coverage, told_registry, told_snapshot
from dncd.daemon.ambient import now_ms
from dncd.errors import SnapshotHeld
from dncd.events import Registry, RegistryCreated
from dncd.limits import NOTE_BYTES_MAX
from dncd.storage.contract import Snapshot, Store
from dncd.transport import fields
from dncd.transport.registry_service import prefixes as read_prefixes

registry_app = typer.Typer(
    help="National do-not-contact registers: import them, put versions of them in force.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
)


@registry_app.command("create", epilog=EXIT_CODES)
def create(
    name: NameArgument,
    scope: Annotated[
        list[str], typer.Option(help="A prefix of the numbers that it speaks about, such as +1. Can be repeated.")
    ],
    description: Annotated[str, typer.Option(help="What it is.")] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a registry. It holds nothing until a file is imported, and nobody may rely on it until `coverage`.

    Example: `dncd registry create us-national --scope +1`
    """
    with options_judged():
        made = Registry(
            fields.name(name, "NAME"),
            read_prefixes(scope, "--scope", at_least=1),
            fields.text(description, "--description", NOTE_BYTES_MAX),
        )
    with founded(store) as opened:
        created = bool(administration.accept_for_server(opened, now_ms(), RegistryCreated(made)).codes[0])
        with opened.snapshot() as snapshot:
            told = told_registry(snapshot, shelf_of(store), made.name, now_ms())
    say_or_tell(told | {"created": created}, f"{'created' if created else 'there is'} registry {name}", as_json=as_json)


registry_app.command("import", epilog=EXIT_CODES)(import_)
registry_app.command("diff", epilog=EXIT_CODES)(diff)
registry_app.command("verify", epilog=EXIT_CODES)(verify)
registry_app.command("rebuild", epilog=EXIT_CODES)(rebuild)


@registry_app.command("list", epilog=EXIT_CODES)
def list_all(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the registries by name, each with the list that is in force and its age.

    Example: `dncd registry list`
    """
    with attached(store) as opened, opened.snapshot() as snapshot:
        found = [told_registry(snapshot, shelf_of(store), each.name, now_ms()) for each in registries.scan(snapshot)]
    if as_json:
        typer.echo(json.dumps(found))
    else:
        print_registries(found)


@registry_app.command("show", epilog=EXIT_CODES)
def show(name: NameArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show a registry, its snapshots, the newest first, and which accounts may rely on which part of it.

    Example: `dncd registry show us-national`
    """
    with attached(store) as opened, opened.snapshot() as snapshot:
        told = told_registry(snapshot, shelf := shelf_of(store), name, now_ms())
        told["coverage"] = told_coverage(snapshot, name)
        told["snapshots"] = [told_snapshot(kept, shelf) for kept in registries.scan_snapshots(snapshot, name)]
    if as_json:
        typer.echo(json.dumps(told))
    else:
        print_registry(told)


@registry_app.command("activate", epilog=EXIT_CODES)
def activate(
    name: NameArgument,
    snapshot_id: IdArgument,
    reason: Annotated[str, typer.Option(help="Why; needed where it is held.")] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a snapshot in force, also an older one, after all of its files were read. Every check after this uses it.

    Example: `dncd registry activate us-national 5f3a --reason "the register purged disconnected numbers"`
    """
    with options_judged():
        reason = fields.said(fields.text(reason, "--reason", NOTE_BYTES_MAX))
    with attached(store) as opened:
        with opened.snapshot() as snapshot:
            found = find_id(snapshot, name, snapshot_id)
        try:
            changed = administration.activate_snapshot(opened, shelf_of(store), now_ms(), name, found, reason)
        except SnapshotHeld as held:
            raise SnapshotHeld(f"{held} (--reason TEXT)") from None
        with opened.snapshot() as snapshot:
            told = told_snapshot(registries.find_snapshot(snapshot, name, found), shelf_of(store))
    sentence = f"{found} is in force" if changed else f"{found} was in force already"
    say_or_tell(told | {"changed": changed}, f"{sentence}: list of {told['list_date']}", as_json=as_json)


@registry_app.command("prune", epilog=EXIT_CODES)
def prune(
    name: NameArgument,
    snapshot_id: Annotated[str, typer.Argument(metavar="[SNAPSHOT]", help="The one to take away.")] = "",
    keep: Annotated[
        int | None, typer.Option(help="Keep this many, the newest imports, and drop the rest.", min=1)
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take snapshots away, with their files; never the one in force. What is gone cannot prove what was on a list.

    It also removes folders that the journal does not know, which a crash left. Without a snapshot and `--keep` it
    does that alone.

    Example: `dncd registry prune us-national --keep 6`
    """
    if snapshot_id and keep is not None:
        say("dncd: give either a snapshot, or --keep and a number")
        raise typer.Exit(WRONG)
    shelf = shelf_of(store)
    with attached(store) as opened:
        with opened.snapshot() as snapshot:
            doomed = _doomed(snapshot, name, snapshot_id, keep)
        for each in doomed:
            administration.prune_snapshot(opened, shelf, now_ms(), name, each)
        strays = shelf.remove_strays(name, lambda: _ids(opened, name))
    told: dict[str, object] = {"registry": name, "pruned": doomed, "unknown_removed": strays}
    say_or_tell(told, f"took {len(doomed):,} away", as_json=as_json)
    if strays is None:
        say("an import runs: folders that the journal does not know were left; prune again when it has ended")
    for each in strays or ():
        say(f"removed {name}/{each}, which the journal does not know")


@registry_app.command("coverage", epilog=EXIT_CODES)
def coverage(
    name: NameArgument,
    account: Annotated[str, typer.Argument(help="Whose it is.")],
    prefixes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PREFIX]...", help="What it subscribes to, such as +1415, beside what it has."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="In place of what it has.")] = False,
    nothing: Annotated[bool, typer.Option("--none", help="Take all of it away.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which numbers of a registry an account may rely on, or show it. Others are UNSCREENED, not ALLOW.

    Prefixes are added to what it has; `--replace` sets them instead, and says what it took away.

    Example: `dncd registry coverage us-national acme +1415 +1510`
    """
    with options_judged():
        granted = read_prefixes(prefixes or [], "PREFIX", at_least=0)
    if nothing and (granted or replace):
        say("dncd: give either prefixes, or --none")
        raise typer.Exit(WRONG)
    if replace and not granted:
        say("dncd: --replace takes the prefixes that it may rely on from now on; to take all away say --none")
        raise typer.Exit(WRONG)
    with attached(store) as opened:
        with opened.snapshot() as snapshot:
            account_id = administration.account_id(snapshot, account)
            with options_judged():
                registries.check_coverage(snapshot, name, granted, "PREFIX")
            before = registries.coverage(snapshot, account_id, name)
        if granted or nothing:
            before = administration.grant_coverage(opened, now_ms(), name, account, granted, replace=replace or nothing)
        with opened.snapshot() as snapshot:
            relied = registries.coverage(snapshot, account_id, name)
    removed = [prefix for prefix in before if prefix not in relied]
    if as_json:
        typer.echo(json.dumps({"registry": name, "account": account, "prefixes": relied, "removed": removed}))
        return
    typer.echo(" ".join(relied) or f"nothing: {account} may not rely on {name}")
    if removed:
        say(f"taken away: {' '.join(removed)}")


def _doomed(snapshot: Snapshot, registry: str, written: str, keep: int | None) -> list[str]:
    _, in_force = registries.find(snapshot, registry)
    if written:
        return [find_id(snapshot, registry, written)]
    ids = [kept.snapshot.id for kept in registries.scan_snapshots(snapshot, registry)]
    return [] if keep is None else [each for each in ids[keep:] if each != in_force]


def _ids(store: Store, registry: str) -> set[str]:
    with store.snapshot() as snapshot:
        return {kept.snapshot.id for kept in registries.scan_snapshots(snapshot, registry)}
