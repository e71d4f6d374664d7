"""Messages between the nodes of a panel, and their certificate: what is forged, altered or replayed does not count."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.errors import BftError, ScenarioError
from bft.live import Certificate, Panel, PanelKeys
from bft.live.certificate import context_of, encoding_of
from bft.live.encoding import MAX_DEPTH, EncodingError
from bft.live.host import Answered, AsyncioHost, Ending
from bft.live.keys import CLIENT, Ed25519Keyring
from bft.live.post import Envelope, Post
from bft.live.rule_settings import PbftRule, PluralityRule
from bft.live.rules import Proof, Timing, rule_of
from bft.live.signed_votes import SignedVote
from bft.protocols.pbft.messages import Commit, NewView, Prepare, PreparedCertificate, PrePrepare, ViewChange

T = TypeVar("T")
N = 4
SYSTEM = QuorumSystem.of(N)
KEYS = PanelKeys(seeds=tuple(bytes([number]) * 32 for number in range(N + 1)))
PBFT = rule_of(PbftRule(), SYSTEM)
ENCODING = encoding_of(PBFT)
CONTEXT = context_of(PbftRule(), SYSTEM, KEYS.public)
SESSION = b"this question"


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread of its own: another test may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def ring(signer: int | str, context: bytes = CONTEXT) -> Ed25519Keyring:
    seed = KEYS.seeds[-1 if signer == CLIENT else int(signer)]
    return Ed25519Keyring({signer: seed}, KEYS.public, encoding=ENCODING, context=context)


def post(node: int, session: bytes = SESSION) -> Post:
    return Post(node, N, ring(node), ENCODING, session)


def prepare(node: int, digest: str = "d") -> Prepare:
    return ring(node).sign(Prepare(0, 1, digest, node))


REQUEST = ring(CLIENT).sign(Request(client=CLIENT, timestamp=1, operation="six times seven?"))
PROPOSAL = Proposal(request=REQUEST, answer="42")
PREPREPARE = ring(0).sign(PrePrepare(0, 1, PROPOSAL.digest, PROPOSAL, 0))
VIEW_CHANGE = ring(1).sign(ViewChange(1, 0, (), (PreparedCertificate(PREPREPARE, (prepare(1), prepare(2))),), 1))
MESSAGES = [REQUEST, PREPREPARE, prepare(1), VIEW_CHANGE, ring(1).sign(NewView(1, (VIEW_CHANGE,), (PREPREPARE,), 1))]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_written_is_read_back_with_its_signatures(message: Any) -> None:
    data = ENCODING.write(message)
    again = ENCODING.read(data)
    assert again == message
    assert ENCODING.write(again) == data  # equality leaves signatures out, bytes do not
    assert ring(3).verify(again)


def changed(message: Any) -> list[Any]:
    """Every way of changing one field of a message, its signature among them."""
    others: dict[type, Callable[[Any], Any]] = {
        int: lambda value: value + 1,
        str: lambda value: value + "x",
        bytes: lambda value: bytes([value[0] ^ 1]) + value[1:],
        tuple: lambda value: (*value, prepare(3)),
    }
    names = [name for name in message.__dataclass_fields__ if type(getattr(message, name)) in others]
    return [replace(message, **{name: others[type(value := getattr(message, name))](value)}) for name in names]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_altered_in_any_field_does_not_verify(message: Any) -> None:
    assert ring(3).verify(message)
    for altered in changed(message):
        assert not ring(3).verify(altered)


def test_an_altered_vote_inside_a_certificate_breaks_the_signature_around_it() -> None:
    (certificate,) = VIEW_CHANGE.prepared
    vote = replace(certificate.prepares[0], signature=certificate.prepares[1].signature)
    swapped = replace(VIEW_CHANGE, prepared=(replace(certificate, prepares=(vote, certificate.prepares[1])),))
    assert swapped == VIEW_CHANGE  # as far as equality goes
    assert not ring(3).verify(swapped)


def test_a_signature_counts_in_its_own_context_and_for_its_own_signer_only() -> None:
    vote = prepare(1)
    assert not ring(3, context=context_of(PbftRule(), QuorumSystem.of(N, quorum=2), KEYS.public)).verify(vote)
    assert not ring(3).verify(replace(vote, replica=2))
    assert not ring(3).verify(replace(vote, replica=7))
    assert not ring(3).verify(Prepare(0, 1, "d", 1))
    assert not ring(3).verify(Commit(vote.view, vote.seq, vote.digest, 1, signature=vote.signature))
    with pytest.raises(KeyError):
        ring(1).sign(Prepare(0, 1, "d", 2))  # nobody signs in another's name


NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: number + 0.0)  # one zero

values = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text() | st.binary(),
    lambda inner: st.lists(inner).map(tuple),
)


@given(values)
def test_every_value_has_one_encoding(value: Any) -> None:
    data = ENCODING.write(value)
    assert repr(ENCODING.read(data)) == repr(value)


@given(values, values)
def test_different_values_have_different_encodings(one: Any, other: Any) -> None:
    assert (ENCODING.write(one) == ENCODING.write(other)) == (repr(one) == repr(other))


@given(st.binary(max_size=60) | values.map(lambda value: ENCODING.write(value)[:-1]))
def test_bytes_that_are_read_are_what_would_be_written(data: bytes) -> None:
    try:
        value = ENCODING.read(data)
    except EncodingError:
        return
    assert ENCODING.write(value) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"i2:07",
        b"i1:+",
        b"s1:\xff",
        b"r3:1.0",
        b"r3:nan",
        b"r6:0x1p+0",
        b"r7:-0x0p+0",
        b"nn",
        b"d3:Foo",
        b"(9:n",
        b"i:1",
        b"(1:" * (MAX_DEPTH + 2) + b"n",
    ],
)
def test_odd_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        ENCODING.read(data)


@pytest.mark.parametrize(
    "value",
    [
        float("inf"),
        float("nan"),
        -0.0,
        {1},
        [1],
        object(),
        pytest.param("\ud800", id="half a surrogate pair"),  # the name itself must be printable
        replace(PREPREPARE, view={1}),
    ],
)
def test_values_without_an_encoding_are_refused(value: Any) -> None:
    with pytest.raises(EncodingError):
        ENCODING.write(value)


def test_a_sealed_message_is_opened_once_with_its_sender() -> None:
    sender, recipient = post(1), post(2)
    first, second = sender.seal(prepare(1)), sender.seal(prepare(1, "e"))
    assert recipient.open(first).sender == 1
    assert recipient.open(first) is None
    assert recipient.open(second).message == prepare(1, "e")
    assert recipient.open(first) is None  # an older one does not come back either
    assert recipient.dropped == {"replayed": 2}


def sealed(envelope: Envelope, signer: int = 1) -> bytes:
    seed = KEYS.seeds[signer]
    own = Ed25519Keyring({envelope.sender: seed}, KEYS.public, encoding=ENCODING, context=CONTEXT)
    return ENCODING.write(own.sign(envelope))


FLAWED = {
    "malformed": [b"", b"i1:1", ENCODING.write(prepare(1)), ENCODING.write(Envelope(SESSION, 1, "1", None))],  # type: ignore[arg-type]
    "unknown sender": [sealed(Envelope(SESSION, 2, 1, None), 2), ENCODING.write(Envelope(SESSION, 9, 1, None))],
    "forged": [
        ENCODING.write(Envelope(SESSION, 1, 1, prepare(1))),
        sealed(Envelope(SESSION, 1, 1, prepare(1)), signer=3),
        post(1).seal(prepare(1)).replace(b"s1:d", b"s1:e"),
    ],
    "of another session": [sealed(Envelope(b"another", 1, 1, prepare(1)))],
    "with an unsigned message": [
        sealed(Envelope(SESSION, 1, 1, Prepare(0, 1, "d", 1))),
        sealed(Envelope(SESSION, 1, 2, replace(prepare(1), digest="e"))),
        sealed(Envelope(SESSION, 1, 3, replace(prepare(2), replica=1))),
        sealed(Envelope(SESSION, 1, 4, replace(REQUEST, operation="something else"))),
    ],
}


@pytest.mark.parametrize("reason", FLAWED)
def test_what_is_forged_or_altered_is_dropped_and_counted(reason: str) -> None:
    recipient = post(2)
    for data in FLAWED[reason]:
        assert recipient.open(data) is None
    assert recipient.dropped == {reason: len(FLAWED[reason])}
    assert recipient.open(post(3).seal(prepare(3))) is not None  # and it stands in nobody's way


class Agreeable:
    """Proposes 42 and accepts everything."""

    async def propose(self, node: int, view: int, request: Request) -> Answered:
        return Answered("42")

    async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
        return Verdict.ACCEPT


def host_with(validators: Any, meddle: Callable[[bytes], list[bytes]] = lambda data: [data]) -> AsyncioHost:
    timing = Timing(view_timeout_s=5.0, views=N, deadline_s=20.0)
    rings = [ring(node) for node in range(N)]

    class Meddled(AsyncioHost):
        def receive(self, node: int, data: bytes) -> None:
            for each in meddle(data):
                super().receive(node, each)

    return Meddled(
        rule=PBFT,
        system=SYSTEM,
        replicas=[PBFT.make_replica(node, timing, rings[node]) for node in range(N)],
        posts=[Post(node, N, rings[node], ENCODING, SESSION) for node in range(N)],
        validators=validators,
    )


def test_a_network_that_repeats_and_alters_every_message_changes_nothing_but_the_counts() -> None:
    def meddle(data: bytes) -> list[bytes]:
        return [data[:-1] + bytes([data[-1] ^ 1]), data.replace(b"42", b"41"), data, data, b"noise"]

    async def run() -> tuple[Ending, AsyncioHost]:
        host = host_with(Agreeable(), meddle)
        return await host.run(REQUEST, deadline_s=20.0), host

    ending, host = in_a_loop(run())
    assert ending is Ending.DECIDED
    assert host.proof is not None
    assert host.proof.proposal.answer == "42"
    dropped: dict[str, int] = {}
    for each in host.posts:
        for reason, times in each.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + times
    assert {"forged", "replayed", "malformed"} == set(dropped)
    assert host.delivered > 0
    assert dropped["replayed"] >= host.delivered


def test_without_a_client_s_signature_nothing_is_decided() -> None:
    async def run() -> Ending:
        return await host_with(Agreeable()).run(replace(REQUEST, operation="another"), deadline_s=0.3)

    assert in_a_loop(run()) is Ending.DEADLINE


def test_an_error_of_ours_ends_the_question_and_is_raised() -> None:
    class Broken(Agreeable):
        async def judge(self, node: int, view: int, proposal: Proposal) -> Verdict | None:
            raise RuntimeError("a bug")

    async def run() -> Ending:
        return await host_with(Broken()).run(REQUEST, deadline_s=20.0)

    with pytest.raises(RuntimeError, match="a bug"):
        in_a_loop(run())


@pytest.fixture(scope="module")
def certified() -> tuple[Certificate, dict[int | str, bytes]]:
    with Panel(["fake:always=42"] * N) as panel:
        certificate = panel.invoke("six times seven?").certificate
        assert certificate is not None
        return certificate, panel.public_keys


def test_a_third_party_verifies_a_certificate_with_the_public_keys(certified: Any) -> None:
    certificate, public = certified
    assert certificate.verify()
    assert certificate.verify(public)
    again = Certificate.from_json(certificate.to_json())
    assert again == certificate
    assert again.verify(public)


def test_a_certificate_of_another_panel_does_not_pass_for_this_one(certified: Any) -> None:
    certificate, _ = certified
    assert not certificate.verify(KEYS.public)
    assert not certificate.verify({})


def tampered(certificate: Certificate) -> dict[str, Certificate]:
    first, *rest = certificate.votes
    stranger = next(node for node in range(N) if node not in certificate.signers)
    signature = first.signature
    keys = tuple((signer, KEYS.public[signer]) for signer, _ in certificate.public_keys)
    return {
        "answer": replace(certificate, answer="41"),
        "wording": replace(certificate, wording="x"),
        "question": replace(certificate, question="another"),
        "timestamp": replace(certificate, timestamp=1),
        "client": replace(certificate, client="mallory"),
        "request": replace(certificate, request_signature=bytes(64)),
        "view": replace(certificate, view=1),
        "seq": replace(certificate, seq=2),
        "quorum": replace(certificate, quorum=1),
        "weights": replace(certificate, weights=(2, 1, 1, 1)),
        "rule": replace(certificate, rule=PluralityRule()),
        "no rule": replace(certificate, rule="other"),  # type: ignore[arg-type]
        "keys": replace(certificate, public_keys=keys),
        "too few votes": replace(certificate, votes=tuple(rest)),
        "a vote twice": replace(certificate, votes=(*rest, rest[0])),
        "one vote more, but an old one": replace(certificate, votes=(*certificate.votes, first)),
        "a vote under another name": replace(certificate, votes=(*rest, SignedVote(stranger, signature))),
        "a made-up vote": replace(certificate, votes=(*rest, SignedVote(stranger, bytes(64)))),
        "a vote of nobody": replace(certificate, votes=(*rest, SignedVote(9, signature))),
        "a vote that says more": replace(certificate, votes=(*rest, first._replace(said=("41",)))),
        "no votes": replace(certificate, votes=()),
    }


def test_a_certificate_that_was_tampered_with_does_not_verify(certified: Any) -> None:
    certificate, public = certified
    for name, altered in tampered(certificate).items():
        assert not altered.verify(), name
        assert not altered.verify(public), name


@pytest.mark.parametrize("data", [{}, {"votes": 1}, {"rule": "pbft", "weights": ["x"]}, {"rule": {"kind": "own"}}])
def test_what_is_no_certificate_is_refused(data: Any) -> None:
    with pytest.raises(ScenarioError, match="certificate: cannot be read"):
        Certificate.from_json(data)


def written(certificate: Certificate) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(json.dumps(certificate.to_json()))
    return read


STRANGE = [True, 1.0, 1.5, -1, float("inf"), float("nan"), 10**400, "1", "", None, [], {}, [[]], "\ud800", 2**63]


@pytest.mark.parametrize("name", ["pbft", "quorum", "plurality", "judge", "confidence"])
def test_every_field_of_a_written_certificate_has_its_exact_type(name: str) -> None:
    """No altered field is read as what was signed, none raises anything else, and all of it takes no time."""
    with Panel(["fake:always=42"] * N, rule=name) as panel:
        certificate, public = panel.invoke("six times seven?").certificate, panel.public_keys
    assert certificate is not None
    good = written(certificate)
    assert Certificate.from_json(good).verify(public)
    places = [(good, key) for key in good] + [(good["votes"][0], key) for key in good["votes"][0]]
    places += [(good["public_keys"], key) for key in good["public_keys"]]
    for table, key in places:
        before = table[key]
        for value in STRANGE:
            if value == before and type(value) is type(before):
                continue
            table[key] = value
            try:
                passes = Certificate.from_json(good).verify(public)
            except ScenarioError as error:
                passes, told = False, str(error)
                assert told.startswith("certificate: cannot be read: ")
                assert len(told) < 300
            assert not passes, (key, value)
        table[key] = before
    assert Certificate.from_json(good).verify(public)


def test_nothing_unsigned_rides_along_in_a_written_certificate(certified: Any) -> None:
    certificate, public = certified
    for change in (
        lambda data: data.update(note="decided by the board"),
        lambda data: data["votes"][0].update(answer="41"),
        lambda data: data.update(digest="0" * 64),
        lambda data: data["votes"][0].update(signature=data["votes"][0]["signature"].upper()),
        lambda data: data["public_keys"].update({"00": data["public_keys"]["0"]}),
        lambda data: data.update(author=data["votes"][0]),
        lambda data: data.update(weights=[1] * 100_000),
    ):
        data = written(certificate)
        change(data)
        with pytest.raises(ScenarioError, match="certificate: cannot be read"):
            Certificate.from_json(data)
    without = written(certificate)
    del without["digest"]
    assert Certificate.from_json(without).verify(public), "it follows from the rest"


def test_votes_are_counted_before_a_signature_is_verified(certified: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, _ = certified
    data = written(certificate)
    data["votes"] = data["votes"][:1] * 50_000
    with pytest.raises(ScenarioError, match="votes: must be a list of 1 to"):
        Certificate.from_json(data)
    looked_at = []
    monkeypatch.setattr(Ed25519Keyring, "verify", lambda _, body: looked_at.append(body) or True)
    many = replace(certificate, votes=certificate.votes[:1] * 1000)
    assert not many.verify()
    assert not replace(certificate, votes=certificate.votes[:1]).verify()
    assert all(isinstance(body, Request) for body in looked_at)


def test_one_key_in_several_seats_is_one_node() -> None:
    seed, other = bytes([7]) * 32, bytes([8]) * 32
    one = PanelKeys(seeds=(seed, other)).public
    public = {**dict.fromkeys(range(N), one[0]), CLIENT: one[CLIENT]}
    own = Ed25519Keyring(
        {**dict.fromkeys(range(N), seed), CLIENT: other},
        public,
        encoding=ENCODING,
        context=context_of(PbftRule(), SYSTEM, public),
    )
    request = own.sign(Request(client=CLIENT, timestamp=1, operation="six times seven?"))
    proposal = Proposal(request=request, answer="42")
    votes = tuple(own.sign(Commit(0, 1, proposal.digest, node)) for node in range(3))
    made = Certificate.of(
        Proof(view=0, seq=1, proposal=proposal, votes=votes), rule=PbftRule(), system=SYSTEM, public=public
    )
    assert not made.verify()
    assert not made.verify(public)


def test_a_ballot_has_one_place() -> None:
    with Panel(["fake:always=42"] * N, rule="quorum") as panel:
        certificate = panel.invoke("six times seven?").certificate
    assert certificate is not None
    assert certificate.verify()
    assert not replace(certificate, view=5).verify()
    assert not replace(certificate, seq=7).verify()


def test_keys_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made = PanelKeys.kept_in(file, N)
    assert file.stat().st_mode & 0o077 == 0
    assert PanelKeys.kept_in(file, N) == made
    assert made.seeds[0].hex() not in repr(made)
    with pytest.raises(BftError, match="has keys of 4 nodes; must have 7"):
        PanelKeys.kept_in(file, 7)
    file.write_text("{}")
    with pytest.raises(BftError, match="must be a file of keys"):
        PanelKeys.kept_in(file, N)
    with pytest.raises(BftError, match="must be a file that can be used"):
        PanelKeys.kept_in(tmp_path / "nowhere" / "keys", N)


def test_two_nodes_do_not_share_a_key() -> None:
    with pytest.raises(ScenarioError, match="two nodes with one key are one node"):
        PanelKeys(seeds=(bytes(32), bytes(32), bytes([1]) * 32))


def test_what_was_verified_once_is_not_verified_again_and_nothing_else_is_taken_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verified: Any = set()
    signed = prepare(2)
    own, others = ring(0).remembering(verified), ring(1).remembering(verified)
    looked_at: list[bytes] = []

    class Counting:
        def __init__(self, key: Any) -> None:
            self.key = key

        def verify(self, signature: bytes, content: bytes) -> None:
            looked_at.append(content)
            self.key.verify(signature, content)

    for each in (own, others):
        monkeypatch.setattr(each, "_public", {signer: Counting(key) for signer, key in each._public.items()})
    assert own.verify(signed)
    assert others.verify(signed)
    assert len(looked_at) == 1
    forged = [
        replace(signed, view=signed.view + 1),
        replace(signed, replica=1),
        replace(signed, signature=bytes(64)),
    ]
    for each in (*forged, *forged):
        assert not own.verify(each)
    assert len(looked_at) == 7, "what does not hold is looked at each time"
    assert not ring(0, b"another panel").remembering(verified).verify(signed)
