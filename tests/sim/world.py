"""Carries out a schedule: tills, the head office and the network between them, under the laws."""

import random
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sync.hq.store import Store
from sync.protocol.keys import SecretKey
from sync.uplink.machine import Phase
from sync.uplink.session import Session
from tests.sim import laws
from tests.sim.disk import SimDisk
from tests.sim.network import HQ, Network
from tests.sim.office import SimOffice
from tests.sim.schedule import (
    CLONES_MAX,
    Action,
    BackUp,
    BackUpHq,
    Clone,
    Close,
    Come,
    Cut,
    Deliver,
    KillHq,
    Part,
    PowerCut,
    Restore,
    RestoreHq,
    Schedule,
    Sell,
    SetClock,
    Spend,
    TopUp,
    Wait,
    Weather,
)
from tests.sim.till import SimTill
from tests.sim.value import HOUR_MS, Paid

_MEMORY = Path("/dev/shm")
SETTLE_MAX = 6_000
"""Deliveries over the good link; more means that it does not converge."""


@dataclass(frozen=True)
class Kinds:
    """What a planted bug stands in for."""

    session: type[Session] = Session
    store: type[Store] = Store
    office: type[SimOffice] = SimOffice
    till: type[SimTill] = SimTill


@dataclass
class World:
    """One run."""

    seed: int
    tills_count: int = 3
    kinds: Kinds = field(default_factory=Kinds)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self._room = tempfile.TemporaryDirectory(
            prefix="tallypoint-sim-", dir=_MEMORY if _MEMORY.is_dir() else None
        )
        self._folders = 0
        self.network = Network(self.dice)
        self.office = self.kinds.office(self.network, self.kinds.store)
        self.tills: list[SimTill] = []
        self.backups: dict[int, SimDisk] = {}
        self.is_behind = False
        self.paid = Paid()
        for number in range(self.tills_count):
            self._add(f"S01-T{number + 1}", number + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for till in self.tills:
            till.stop()
        self.office.store.close()
        self._room.cleanup()

    def run(self, schedule: Schedule) -> None:
        """Carry out ``schedule``, then let the link be good until both sides hold the same."""
        for action in schedule:
            self.act(action)
            laws.check(self.tills, self.office, is_behind=self.is_behind)
        self.settle()

    def act(self, action: Action) -> None:
        """Carry out one action."""
        match action:
            case Deliver(count):
                for _ in range(count):
                    self.deliver()
            case KillHq(is_mid_answer):
                self.office.kill(is_mid_answer=is_mid_answer)
                self._tell_state()
            case BackUpHq():
                self.office.back_up()
            case RestoreHq():
                self.is_behind = True
                self.office.restore()
                self._tell_state()
            case Wait(hours):
                self.network.now += hours * HOUR_MS
            case Weather():
                self.network.weather = action
            case _:
                self._act_at(self.tills[action.till % len(self.tills)], action)

    def _act_at(self, till: SimTill, action: Action) -> None:
        match action:
            case Sell() | TopUp() | Come() | Spend() | Close() | SetClock():
                till.act(action)
                if isinstance(action, Sell) and self.network.weather.forged:
                    self._forge(till)
            case PowerCut(_, is_kept):
                till.power_cut(self._folder(), is_kept=is_kept)
                self._tell_state_to(till)
            case Cut():
                till.disconnect()
                till.connect()
                self._tell_state_to(till)
            case Part(_, deliveries):
                self.network.parted[till.number] = deliveries
            case BackUp():
                self.backups[till.number] = till.disk.copy(self._folder())
            case Restore(_, is_by_tool, sells) if till.number in self.backups:
                backup = self.backups[till.number]
                self.paid.is_copied |= not is_by_tool
                till.restore(backup, self._folder(), is_by_tool=is_by_tool)
                for count in range(sells):
                    till.sell(Sell(till.number, 1_000 + count))
                self._tell_state_to(till)
            case Clone() if len(self.tills) < self.tills_count + CLONES_MAX:
                self._clone(till)

    def deliver(self) -> bool:
        """Let the next message arrive or the next alarm ring; return whether there was one."""
        alarms = [(at, till.number) for till in self.tills if (at := till.wake_ms) is not None]
        alarm = min(alarms, default=None)
        arrival = self.network.next_ms
        if arrival is None and alarm is None:
            return False
        if arrival is None or (alarm is not None and alarm[0] <= arrival):
            assert alarm is not None
            self.network.now = max(self.network.now, alarm[0])
            self.tills[alarm[1]].tick()
            return True
        whence, to, topic, payload = self.network.take()
        if to != HQ:
            self.tills[to].heard(topic, payload)
        elif self.office.take(whence, topic, payload):
            self._tell_state()
        return True

    def settle(self) -> None:
        """Over a good link: deliver until nothing is left to do, then check the end's laws."""
        self.network.weather = Weather()
        self.network.parted.clear()
        for till in self.tills:
            till.disconnect()
            till.connect()
            self._tell_state_to(till)
        for count in range(SETTLE_MAX):
            if self._is_settled() or not self.deliver():
                break
            if count % 10 == 0:
                laws.check(self.tills, self.office, is_behind=self.is_behind)
        laws.check(self.tills, self.office, is_behind=False)
        laws.check_end(self.tills, self.office)

    def _is_settled(self) -> bool:
        return all(self._is_at_rest(till) for till in self.tills)

    def _is_at_rest(self, till: SimTill) -> bool:
        end = (self.office.receiver.timeline, till.ledger.head_seq)
        return till.is_live and till.session.state.phase is Phase.STREAMING and till.acked == end

    def _add(self, name: str, key: int) -> None:
        disk = SimDisk(self._folder(make=True))
        number = len(self.tills)
        till = self.kinds.till(
            number, name, SecretKey.of_seed(bytes([key]) * 32), disk, self.network,
            random.Random(self.dice.random()), self.kinds.session, paid=self.paid,
        )  # fmt: skip
        self.tills.append(till)
        till.start()
        self._tell_state_to(till)

    def _clone(self, till: SimTill) -> None:
        disk = till.disk.copy(self._folder())
        copy = self.kinds.till(
            len(self.tills), till.name, till.key, disk, self.network,
            random.Random(self.dice.random()), self.kinds.session, is_clone=True, paid=self.paid,
        )  # fmt: skip
        till.is_clone = self.paid.is_copied = True
        self.tills.append(copy)
        copy.start()
        self._tell_state_to(copy)

    def _forge(self, till: SimTill) -> None:
        ledger = till.ledger
        self.network.forge_ack(
            till.number, till.ack_topic, ledger.ledger_id, ledger.head_seq, ledger.head_digest
        )

    def _tell_state(self) -> None:
        for till in self.tills:
            self._tell_state_to(till)

    def _tell_state_to(self, till: SimTill) -> None:
        self.network.send(HQ, till.number, self.office.hq_topic, self.office.state())

    def _folder(self, *, make: bool = False) -> Path:
        self._folders += 1
        folder = Path(self._room.name) / str(self._folders)
        if make:
            folder.mkdir()
        return folder
