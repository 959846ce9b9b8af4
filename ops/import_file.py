"""`python -m ops import-file FILE`: what exists and the stack does not have, for `pulumi import`.

Exit code 0: it is written, 1: so it is, without what exists in no cloud, 2: it is not.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from clouds.access_attributes import read_attributes
from clouds.applications import read_application
from clouds.assignments import look_deep, read_assignments
from clouds.directory import read_directory
from clouds.existing import Existing
from clouds.permission_sets import read_permission_sets
from federation.core.errors import InvalidInput, Problem
from federation.identity.application import GALLERY_TEMPLATE
from federation.identity.principals import match
from federation.identity.saml_metadata import MetadataError, parse_service_provider_metadata
from federation.update.import_file import Known, fill, pairs_in
from ops.arguments import add_stack_arguments, command
from ops.cli import REPOSITORY, Cli, StackError, explain
from ops.look import Teller
from ops.session import Session
from ops.stack import open_stack
from ops.terminal import one_line, show, working

HELP: Final = """\
Write the file by which `pulumi import` takes into the state what exists already.

The list is the program's own (pulumi preview --import-file); ids come from both clouds, which are
only read: a call for each permission set and account in which something is declared, ten a second.
What exists in no cloud is left out, and named: the next update makes it. What the state has already
is not in the list, so the command can be repeated after an import that was cut short.

example:
  python -m ops import-file --stack prod imports.json
  pulumi import --stack prod --file imports.json --generate-code=false --protect=false

exit codes:
  0  written: everything that the next update would make exists
  1  written, without what exists in no cloud: the output names it
  2  nothing was written: the sentence says why
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The command's arguments."""
    add_stack_arguments(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="where to write; must not exist")
    parser.add_argument(
        "--application",
        metavar="NAME|ID",
        help="the enterprise application (default: the one of the configured name)",
    )


@command
def run(arguments: Namespace) -> int:
    """Ask the program and the clouds, write. Raises InvalidInput, before anything is written."""
    if arguments.file.exists():
        text = "exists already; nothing was written: name another file."
        raise InvalidInput([Problem(path=str(arguments.file), message=text)])
    session = Session(open_stack(arguments))
    if session.stack.settings.identity_center.management_access:
        raise StackError(
            "managementAccess is set: permission sets then have a provider of their own, whose id "
            "this command does not know; import them by hand"
        )
    with working("asking the program and both clouds"):
        listed = _listed(session.stack.cli)
        filled = fill(listed, _known(session, listed, arguments.application))
    try:
        with arguments.file.open("x", encoding="utf-8") as file:
            file.write(json.dumps(filled.content, indent=2) + "\n")
    except OSError as error:
        text = f"the file can't be written: {error.strerror}."
        raise InvalidInput([Problem(path=str(arguments.file), message=text)]) from None
    number = sum("id" in one for one in filled.content["resources"])
    lines = [f"wrote {arguments.file}: {number:,} resources that exist."]
    if filled.missing:
        lines.append("Left out, since no cloud has it; the next update makes it:")
        lines += [f"  + {one}" for one in filled.missing]
    show("\n".join(map(one_line, lines)) + "\n")
    return 1 if filled.missing else 0


def _listed(cli: Cli) -> dict[str, Any]:
    """What the program would make. Raises StackError when its preview fails."""
    with TemporaryDirectory() as folder:
        # Absolute: the CLI resolves it against its own folder.
        file = Path(folder) / "imports.json"
        done = cli.run("preview", "--import-file", str(file))
        if done.returncode or not file.exists():
            raise StackError(f"pulumi preview fails ({explain(done.stderr or done.stdout)})")
        listed: dict[str, Any] = json.loads(file.read_text())
    return listed


def _known(session: Session, listed: dict[str, Any], application: str | None) -> Known:
    settings, aws, site = session.stack.settings, session.aws, session.site
    instance = site.instance
    if instance is None:
        raise StackError(f"IAM Identity Center is not enabled in {aws.region_name}")
    # A list shows an assignment only once AWS has made it.
    Existing(graph=session.graph, aws=aws).wait_for_assignments(instance.arn)
    directory = read_directory(session.graph, session.access, session.stack.checkpoint)
    principals = directory.principals
    store = aws.principals(instance.identity_store_id)
    declared = session.access.permission_sets
    arns = {name: arn for arn, name in aws.permission_sets(instance.arn, ()) if name in declared}
    sets = read_permission_sets(aws, instance.arn, sorted(arns.values()))
    pairs = [pair for pair in pairs_in(listed) if pair.permission_set in arns]
    return Known(
        instance_arn=instance.arn,
        region=aws.region_name,
        partition=site.organization.partition,
        arns=arns,
        contents={
            name: live.content for name, arn in arns.items() if (live := sets[arn]) is not None
        },
        holders=look_deep(pairs, read_assignments(aws, instance.arn, arns), progress=Teller()),
        principal_ids=match(principals.values(), store).arrived,
        object_ids={key: one.object_id for key, one in principals.items() if one.object_id},
        application=read_application(session.graph, application or settings.enterprise_app.name),
        identifier=_identifier(settings.identity_center.service_provider_metadata),
        template_id=GALLERY_TEMPLATE,
        attributes=read_attributes(aws, instance.arn),
    )


def _identifier(metadata: str | None) -> str:
    if metadata is None:
        return ""
    try:
        return parse_service_provider_metadata((REPOSITORY / metadata).read_bytes()).entity_id
    except (OSError, MetadataError) as error:
        raise StackError(f"{metadata}: {error}") from None
