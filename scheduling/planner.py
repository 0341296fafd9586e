"""Plans a problem: boards once, then every group of pairs that share people."""

from collections.abc import Mapping, Sequence

from scheduling.board import PairBoard
from scheduling.boards import first_minute_after, pair_boards
from scheduling.cost import score_of
from scheduling.explain import Explainer
from scheduling.group import Group, GroupPlan, connected
from scheduling.load import PersonLoad, costs_beside
from scheduling.people import instant_at
from scheduling.plan import PairPlan, Plan, Unplaced
from scheduling.problem import Commitment, Problem
from scheduling.reasons import Reason, ReasonCode
from scheduling.remedies import remedies, windows_without_start
from scheduling.single import Choice
from scheduling.timespan import TimeSpan
from scheduling.together import Effort, effort_for, plan_group


def plan(problem: Problem, *, explained: bool = True, effort: Effort | None = None) -> Plan:
    """The plan of every pair of ``problem``, in the order asked.

    Pairs that share people, directly or through others, are planned together;
    groups that share nobody do not influence each other. The same problem gives
    the same plan. Without ``explained`` close calls and remedies are left out.
    ``effort`` follows from the number of pairs unless it is given.
    """
    effort = effort or effort_for(len(problem.pairs))
    boards = {board.request.id: board for board in pair_boards(problem, problem.pairs)}
    found: dict[str, PairPlan | Unplaced] = {}
    for requests in connected(problem.pairs):
        group = Group([boards[request.id] for request in requests], problem.commitments)
        results = _Results(problem, group, plan_group(group, effort), explained)
        found.update((request.id, results.of(boards[request.id])) for request in requests)
    return Plan({pair.id: found[pair.id] for pair in problem.pairs})


class _Results:
    """Turns the choices of a group into plans with reasons."""

    def __init__(self, problem: Problem, group: Group, planned: GroupPlan, explained: bool) -> None:
        self.problem, self.group, self.planned, self.explained = (
            problem,
            group,
            planned,
            explained,
        )

    def of(self, board: PairBoard) -> PairPlan | Unplaced:
        """The result of one pair."""
        choice = self.planned.choices[board.request.id]
        loads = self._loads_of_others(board)
        if choice is None or not choice.placements:
            return self._unplaced(board, choice, loads)
        return self._placed(board, choice, loads)

    def _placed(self, board: PairBoard, choice: Choice, loads: Sequence[PersonLoad]) -> PairPlan:
        windows = board.windows
        rule = board.request.rule
        costs = costs_beside(board, loads)
        why = Explainer(board, choice, self._sessions_of_others(board), costs)
        standing = len(choice.placements) + len(board.request.kept)
        short = rule.minimum_held is not None and standing < rule.minimum_held
        return PairPlan(
            pair_id=board.request.id,
            series=why.series,
            sessions=why.sessions(first_minute_after(self.problem.now + rule.min_notice)),
            skipped=why.skipped(),
            score=score_of(choice.cost, len(windows)),
            reason=why.chosen(),
            close_calls=why.close_calls() if self.explained else (),
            remedies=(
                remedies(self.problem, board, loads, len(choice.placements))
                if self.explained and short
                else ()
            ),
            proven_optimal=self.planned.proven_optimal,
        )

    def _unplaced(
        self, board: PairBoard, choice: Choice | None, loads: Sequence[PersonLoad]
    ) -> Unplaced:
        windows = len(board.windows)
        code = ReasonCode.NO_ANCHOR if choice is None else ReasonCode.NO_COMMON_SLOT
        if choice is not None and windows_without_start(board) < windows:
            code = ReasonCode.CROWDED_OUT
        return Unplaced(
            pair_id=board.request.id,
            reason=Reason(code, {"windows": windows}),
            remedies=remedies(self.problem, board, loads, 0) if self.explained else (),
            proven_optimal=self.planned.proven_optimal,
        )

    def _loads_of_others(self, board: PairBoard) -> list[PersonLoad]:
        others = {k: c for k, c in self.planned.choices.items() if k != board.request.id}
        return list(self.group.loads(board.request.members, others).values())

    def _sessions_of_others(self, board: PairBoard) -> list[Commitment]:
        return [
            *self.problem.commitments,
            *_sessions(self.group.boards, self.planned.choices, board),
        ]


def _sessions(
    boards: Sequence[PairBoard], choices: Mapping[str, Choice | None], without: PairBoard
) -> list[Commitment]:
    """The planned sessions of pairs that share somebody with ``without``."""
    found = []
    people = set(without.request.members)
    for board in boards:
        choice = choices[board.request.id]
        if board is without or choice is None or people.isdisjoint(board.request.members):
            continue
        spans = [TimeSpan(instant_at(p.start), instant_at(p.end)) for p in choice.placements]
        spans += [kept.span for kept in board.request.kept]
        found += [Commitment(frozenset(board.request.members), span) for span in spans]
    return found
