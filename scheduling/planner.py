"""Plans a problem: boards once, then every group of pairs that share people."""

from scheduling.board import PairBoard, Placement
from scheduling.boards import pair_boards, series_slot
from scheduling.cost import score_of
from scheduling.group import Group, connected
from scheduling.people import instant_at
from scheduling.plan import PairPlan, Plan, PlannedSession, SkippedWindow, Unplaced
from scheduling.problem import Problem
from scheduling.reasons import Reason, ReasonCode
from scheduling.single import Choice
from scheduling.together import plan_group


def plan(problem: Problem) -> Plan:
    """The plan of every pair of ``problem``, in the order asked.

    Pairs that share people, directly or through others, are planned together;
    groups that share nobody do not influence each other. The same problem gives
    the same plan.
    """
    boards = {board.request.id: board for board in pair_boards(problem, problem.pairs)}
    found: dict[str, PairPlan | Unplaced] = {}
    for requests in connected(problem.pairs):
        group = Group([boards[request.id] for request in requests], problem.commitments)
        planned = plan_group(group)
        for request in requests:
            choice = planned.choices[request.id]
            found[request.id] = _result(boards[request.id], choice, planned.proven_optimal)
    return Plan({pair.id: found[pair.id] for pair in problem.pairs})


def _result(board: PairBoard, choice: Choice | None, proven: bool) -> PairPlan | Unplaced:
    windows = board.request.open_windows
    if choice is None or not choice.placements:
        reason = Reason(ReasonCode.NO_COMMON_SLOT, {"windows": len(windows)})
        return Unplaced(pair_id=board.request.id, reason=reason, proven_optimal=proven)
    used = {placed.window for placed in choice.placements}
    return PairPlan(
        pair_id=board.request.id,
        series=series_slot(board, choice.option),
        sessions=tuple(_session(placed) for placed in choice.placements),
        skipped=tuple(
            SkippedWindow(window, Reason(ReasonCode.NO_COMMON_SLOT))
            for window in windows
            if window not in used
        ),
        score=score_of(choice.cost, len(windows)),
        reason=Reason(ReasonCode.SERIES_CHOSEN),
        proven_optimal=proven,
    )


def _session(placed: Placement) -> PlannedSession:
    reason = Reason(ReasonCode.BUSY) if placed.moved else None
    return PlannedSession(
        placed.window, instant_at(placed.start), instant_at(placed.end), placed.moved, reason
    )
