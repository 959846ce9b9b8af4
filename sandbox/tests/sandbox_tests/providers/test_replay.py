"""The azuread double and the emulator, held to what the real plugin was seen to send and get.

Recorded of pulumi-azuread 6.11.1 on the real engine: 52 steps, those with faults included. Each
step is played again. The calls of each operation must be the recorded ones, bodies and statuses
included, in their order; only calls of different resources may be mixed otherwise. Every step is
played. Not compared: the text of secrets, of random names and nicknames, the order of redirect
URIs (it follows from a hash of the sandbox's address), and which of several objects an id is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from entra_aws_sandbox.certificates import server_context
from entra_aws_sandbox.clock import Clock
from entra_aws_sandbox.entra import Entra
from entra_aws_sandbox.listener import Listener, bind
from entra_aws_sandbox.providers import azuread
from entra_aws_sandbox.providers.azuread import graph as client
from sandbox_tests.entra.clients import CLIENT_ID, CLIENT_SECRET, USER_ROLE, Cloud
from sandbox_tests.providers.replay import Call, Player, Wire, left_over, recording
from sandbox_tests.providers.replay_fault_steps import AllSteps, play
from sandbox_tests.providers.replay_steps import known_names
from sandbox_tests.providers.support import listening, serving_provider

RECORDED = recording()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[list[Call]]]]:
    """What each operation of each step sent."""
    folder: Path = tmp_path_factory.mktemp("replay")
    clock = Clock()
    bound = bind(0)
    host = f"http://127.0.0.1:{bound.getsockname()[1]}"
    entra = Entra(clock=clock, base_url=host, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    wire = Wire(entra.wsgi)
    listener = Listener(bound, wire)
    listener.start()
    with (
        listening(wire, server_context(folder / "ca.pem", folder)) as secure_port,
        pytest.MonkeyPatch.context() as patch,
    ):
        environment = {
            "ARM_METADATA_HOSTNAME": f"127.0.0.1:{secure_port}",
            "SSL_CERT_FILE": str(folder / "ca.pem"),
            "ARM_TENANT_ID": entra.tenant_id,
            "ARM_CLIENT_ID": CLIENT_ID,
            "ARM_CLIENT_SECRET": CLIENT_SECRET,
        }
        for name, value in environment.items():
            patch.setenv(name, value)
        # A pause is two seconds of the emulator's time: an object that needs five is asked for
        # three times in vain, as in the recording.
        watch = SimpleNamespace(
            monotonic=time.monotonic, sleep=lambda _: clock.advance(timedelta(seconds=2))
        )
        patch.setattr(client, "time", watch)
        with serving_provider(azuread.connect) as engine:
            engine.configure("azuread")
            cloud = Cloud(entra, clock, host)
            cloud.act_as()
            caller = engine.invoke("azuread:index/getClientConfig:getClientConfig")["objectId"]
            player = Player(engine, wire, known_names(cloud, host, caller, USER_ROLE))
            yield play(AllSteps(player, cloud), list(RECORDED))
    listener.stop()
    entra.close()


@pytest.mark.parametrize("step", RECORDED)
def test_the_double_and_the_emulator_do_as_recorded(
    step: str, played: dict[str, list[list[Call]]]
) -> None:
    assert left_over(RECORDED[step], played[step]) == ""


def test_another_order_another_body_and_a_call_too_many_are_found() -> None:
    first: Call = (200, "GET /a", None)
    second: Call = (204, "PATCH /a", {"name": "x"})
    assert left_over([first, first, second], [[first, second], [first]]) == ""
    assert left_over([second, first], [[first, second]])
    assert left_over([first, second], [[first, (204, "PATCH /a", {"name": "y"})]])
    assert left_over([first], [[first], [second]])
    assert left_over([first, second], [[first]])
