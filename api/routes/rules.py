"""Rules: which are in force, what they ever said, changing them, and the whole set as YAML."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from alerts.playbooks import PLAYBOOKS
from alerts.ruleset import exchange, service
from alerts.ruleset.compile import rule_in_force, rules_in_force
from alerts.ruleset.reach import is_seen
from api.callers import allowed
from api.deps import Using
from api.errors import refusals
from api.schemas.rules import RuleImport, RuleImported, RuleItem, RuleList, RuleOut, RulePut
from api.views.rules import imported_view, rule_item, rule_view
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.messages import language_of
from people.rights import Caller, Capability

router = APIRouter(tags=["rules"])

Seer = Annotated[Caller, Depends(allowed(Capability.SEE_RULES))]
Changer = Annotated[Caller, Depends(allowed(Capability.CHANGE_RULES))]

NO_RULE = NotFoundError("rule_not_found")
_EXCEEDS = ForbiddenError("scope_exceeds_own")
_YAML = "application/yaml"


@router.get("/rules", responses=refusals())
def list_rules(caller: Seer, deps: Using) -> RuleList:
    """Every rule in force, built-in ones first; whoever is limited to areas sees the centre's and theirs."""
    with deps.database.snapshot() as session:
        rules = rules_in_force(session)
        items = [rule_item(rule) for rule in rules.rules if is_seen(session, rule.spec.applies, caller)]
    return RuleList(items=items, broken=list(rules.broken), playbooks=sorted(PLAYBOOKS))


@router.get(
    "/rules/export",
    response_class=Response,
    responses={200: {"content": {_YAML: {"schema": {"type": "string"}}}, "description": "The rules as YAML"}, **refusals()},
)
def export_rules(caller: Seer, deps: Using) -> Response:
    """Every rule in force as YAML, to keep, compare, change and import again."""
    with deps.database.snapshot() as session:
        text = exchange.export_rules(session, caller)
    headers = {"Content-Disposition": 'attachment; filename="yinling-rules.yaml"', "Cache-Control": "no-store"}
    return Response(text, media_type=_YAML, headers=headers)


@router.post("/rules/import", responses=refusals(ConflictError("rule_protects_life"), ConflictError("rule_kind_fixed")))
def import_rules(wanted: RuleImport, request: Request, caller: Changer, deps: Using) -> RuleImported:
    """Put every rule of a YAML text; with a problem anywhere, or in a dry run, nothing is changed.

    Rules that are not in the text stay as they are.
    """
    text = exchange.read_text(wanted.yaml)
    with deps.database.snapshot() as session:
        plan = exchange.plan_import(session, text, caller)
    if not wanted.dry_run and not plan.problems:
        with deps.database.transaction() as session:
            exchange.carry_out(session, text, plan, deps.clock.now(), caller)
        deps.hint(None)
    return imported_view(plan, language_of(request.headers.get("accept-language")))


@router.get("/rules/{code}", responses=refusals(NO_RULE))
def read_rule(code: str, caller: Seer, deps: Using) -> RuleOut:
    """A rule with everything it ever said."""
    with deps.database.snapshot() as session:
        return rule_view(session, service.find_rule(session, code, caller))


@router.put(
    "/rules/{code}",
    responses=refusals(
        ConflictError("rule_protects_life"),
        ConflictError("rule_kind_fixed"),
        ConflictError("rule_changed_meanwhile"),
        InvalidInputError("rule_code_differs"),
        InvalidInputError("rule_needs_operators"),
        InvalidInputError("rule_worsens_unknown"),
        InvalidInputError("unknown_area"),
        InvalidInputError("unknown_home"),
        InvalidInputError("unknown_resident"),
        NO_RULE,
        _EXCEEDS,
    ),
)
def put_rule(code: str, wanted: RulePut, caller: Changer, deps: Using) -> RuleOut:
    """Make a rule say this from now on: a new version, or a new rule. The same again changes nothing."""
    with deps.database.transaction() as session:
        change = service.Wanted(wanted.spec, wanted.note, wanted.seen_version)
        view = rule_view(session, service.put_rule(session, code, change, deps.clock.now(), caller))
    deps.hint(None)
    return view


@router.delete("/rules/{code}", responses=refusals(NO_RULE, ConflictError("rule_built_in"), _EXCEEDS))
def delete_rule(code: str, caller: Changer, deps: Using) -> RuleItem | None:
    """End a rule; a changed built-in one is given back its place, and answered."""
    with deps.database.transaction() as session:
        service.delete_rule(session, code, deps.clock.now(), caller)
        back = rule_in_force(session, code)
    deps.hint(None)
    return None if back is None else rule_item(back)
