"""The recorded steps that were run with a fault, and what came after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox_tests.providers.replay import Call
from sandbox_tests.providers.replay_steps import SEEDED, Steps


@dataclass
class AllSteps(Steps):
    """All recorded steps."""

    def fault(self, kind: str, operation: str) -> None:
        """Hit one call."""
        self.cloud.control("faults", {"faults": [{"kind": kind, "operation": operation}]})

    def lost_group(self, times: int = 1) -> None:
        """The group whose creation was lost, which every update fails to make."""
        for _ in range(times):
            self.group("AWS-F-lost", "lost", ["id-2"], "id-5")

    def f_lost_group(self) -> None:
        """The answer to the creation of a group is lost: no later update can make it."""
        self.fault("lost", "POST /groups")
        self.lost_group(2)
        assert "lost" not in self.player.resources
        self.invoke(2)

    def _fault_at_new_group(self, name: str, ident: str, kind: str, operation: str) -> None:
        if kind:
            self.fault(kind, operation)
        self.group(name, ident, ["id-2"], "id-5")

    def f_throttle_group(self) -> None:
        """Throttled, and sent again."""
        self._fault_at_new_group("AWS-F-thr", "id-28", "throttle", "POST /groups")
        self.assign("id-28")
        self.lost_group(2)
        self.invoke(2)

    def f_error_patch(self) -> None:
        """A 503 to the rename, and sent again."""
        self._fault_at_new_group("AWS-F-err", "id-30", "error", "PATCH /groups/*")
        self.assign("id-30")
        self.lost_group(2)
        self.invoke(2)

    def f_conflict_group(self) -> None:
        """A 409 to the creation: the next update makes it."""
        self._fault_at_new_group("AWS-F-conf", "id-32", "conflict", "POST /groups")
        self._fault_at_new_group("AWS-F-conf", "id-32", "", "")
        self.assign("id-32")
        self.lost_group(2)
        self.invoke(2)

    def f_conflict_ara(self) -> None:
        """A 409 to an assignment: the next update makes it."""
        self.group("AWS-F-confa", "id-34", ["id-2"], "id-5")
        self.fault("conflict", "POST /servicePrincipals/*/appRoleAssignedTo")
        self.assign("id-34")
        self.assign("id-34")
        self.lost_group(2)
        self.invoke(2)

    def f_lost_member(self) -> None:
        """The answer to the first member is lost: the next update does not send it again."""
        self._fault_at_new_group("AWS-F-lostm", "id-36", "lost", "POST /groups/*/members/$ref")
        self.player.update("id-36")
        self.assign("id-36")
        self.lost_group(2)
        self.invoke(2)

    def f_lost_get(self) -> None:
        """A read is lost before the members are added: the next update does not add them."""
        self._fault_at_new_group("AWS-F-lostg", "id-38", "lost", "GET /groups/*")
        self.player.update("id-38")
        self.assign("id-38")
        self.lost_group(2)
        self.invoke(2)

    def f_replication(self) -> None:
        """The new group is not seen for a while."""
        self.cloud.control("switches", {"replication_seconds": 5})
        self.group("AWS-F-repl", "id-40", ["id-2"], "id-5")
        self.cloud.control("switches", {"replication_seconds": 0})
        self.assign("id-40")
        self.lost_group(2)
        self.invoke(2)

    def f_reverse(self) -> None:
        """Secrets come back in reverse: each refresh leads to a PUT. Members are put right."""
        with self.player.unrecorded():
            self.player.update("secret", credentials=self.credentials("second@example.com", 70))
        self.cloud.control("switches", {"reverse_secrets": True})
        for _ in range(2):
            self.refresh()
            if self.player.differs("id-38"):
                self.player.update("id-38")
            assert self.player.differs("secret") == ["credentials"]
            self.player.update("secret")
            self.lost_group()
            self.invoke()
        self.cloud.control("switches", {"reverse_secrets": False})

    def f_lost_ara(self) -> None:
        """The answer to an assignment is lost: Graph refuses the next one."""
        self.group("AWS-F-losta", "id-42", ["id-2"], "id-5")
        self.player.update("secret")
        self.fault("lost", "POST /servicePrincipals/*/appRoleAssignedTo")
        self.assign("id-42")
        self.assign("id-42")
        self.lost_group(2)
        self.invoke(2)

    def f_cleanup(self) -> None:
        """All these groups go."""
        for number in range(28, 43, 2):
            self.remove(f"id-{number}")
        self.invoke()

    def f_conflict_member(self) -> None:
        """A 409 to the first member: the next update says success and does not send it again."""
        self._fault_at_new_group("AWS-F-cmem", "id-44", "conflict", "POST /groups/*/members/$ref")
        self.player.update("id-44")
        self.assign("id-44")
        self.invoke(2)

    def f_conflict_member_third(self) -> None:
        """There is nothing to change, and the member is missing."""
        assert self.player.differs("id-44") == []
        self.invoke()

    def _fault_at_principal(self, kind: str, address: str) -> None:
        self.fault(kind, "PATCH /servicePrincipals/*")
        self.player.update("principal", notificationEmailAddresses=[address])
        self.player.update("principal")
        self.player.update("secret", credentials=self.credentials(address, 70))
        self.invoke(2)

    def f_error_spatch(self) -> None:
        """A 409 to the service principal: sent again by the next update."""
        self._fault_at_principal("conflict", "third@example.com")

    def f_lost_spatch(self) -> None:
        """The answer is lost: sent again by the next update."""
        self._fault_at_principal("lost", "fourth@example.com")

    def f_conflict_put(self) -> None:
        """A 409 to the secrets: sent again at once."""
        self.fault("conflict", "PUT /servicePrincipals/*/synchronization/secrets")
        self.player.update("secret", credentials=self.credentials("fourth@example.com", 81))
        self.invoke(2)

    def f_lost_put(self) -> None:
        """The answer is lost: sent again by the next update."""
        self.fault("lost", "PUT /servicePrincipals/*/synchronization/secrets")
        self.player.update("secret", credentials=self.credentials("fourth@example.com", 80))
        self.player.update("secret")
        self.invoke(2)

    def f_lost_cert(self) -> None:
        """The answer to a new certificate is lost: the next update makes a second one."""
        self.fault("lost", "POST /servicePrincipals/*/addTokenSigningCertificate")
        for _ in range(2):
            self.certificate("lostc", endDate="2028-08-31T00:00:00Z")
        self.invoke(2)

    def up_refresh_3(self) -> None:
        """After another group was made: the refresh shows the missing member."""
        with self.player.unrecorded():
            self.group("AWS-id-46", "id-46", ["id-2"], "id-5")
            self.assign("id-46")
        self.refresh()
        assert self.player.differs("id-44") == ["members"]
        self.player.update("id-44")
        self.invoke()

    def f_cleanup_2(self) -> None:
        """The group goes."""
        self.remove("id-44")
        self.invoke()

    def destroy(self) -> None:
        """Everything goes but the certificates, which leave the state only."""
        self.player.delete("job", "redirects")
        for principal in (*SEEDED, "id-3", "id-26", "id-27", "id-46"):
            self.player.delete(f"assignment {principal}")
        self.player.delete("identifier", "secret", "principal")
        self.player.delete("id-27", "id-46", "id-26", "id-3", "template")


def play(steps: AllSteps, names: list[str]) -> dict[str, list[list[Call]]]:
    """What each operation of each step sent."""
    sent = {}
    for name in names:
        step: Callable[[], None] = getattr(steps, name)
        step()
        sent[name] = steps.player.take()
    return sent
