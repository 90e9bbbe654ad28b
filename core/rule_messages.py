"""What a person reads when a rule, its YAML or its backtest is refused; part of `core.messages`."""

from __future__ import annotations

RULE_MESSAGES: dict[str, tuple[str, str]] = {
    "backtest_not_found": ("没有这次回测。", "There is no such backtest."),
    "replay_not_possible": (
        "这条告警不是由住户的规则产生的，无法重放。",
        "No rule of a home made this alert, so its case cannot be lived again.",
    ),
    "backtest_over": ("这次回测已经结束。", "This backtest is over."),
    "backtest_needs_rule": ("请给出规则内容，或一条已有规则的编码，二者取一。", "Give either a rule or the code of one, not both."),
    "backtest_needs_place": ("请选择一个住户或您负责的区域。", "Choose a home, or one of your own areas."),
    "backtest_needs_area": (
        "停电或断网是按区域判断的：请选择一个区域，或整个调度中心，不能只选一个住户。",
        "An outage is judged over an area: choose an area or the whole centre, not one home.",
    ),
    "backtest_not_possible": (
        "“{kind}”类规则还不能回测。",
        "Rules of the kind “{kind}” cannot be run over stored days yet.",
    ),
    "backtest_too_long": ("一次最多回测 {most_days} 天。", "A backtest looks at {most_days} days at most."),
    "rule_not_found": ("没有这条规则。", "There is no such rule."),
    "rule_protects_life": (
        "规则“{rule}”关系到生命安全，不能停用、静默、降级或缩小范围（{field}）；只能增加。",
        "The rule “{rule}” protects life: nobody can switch it off, mute it, lower it or narrow it ({field}); add to it instead.",
    ),
    "rule_needs_operators": (
        "规则“{rule}”发现的情况严重或关系到生命安全，必须包含调度员（audience: operators）。",
        "What the rule “{rule}” finds is grave or a danger to life: it must be for the operators too (audience: operators).",
    ),
    "rule_code_differs": (
        "规则的编码是“{given}”，地址里写的是“{rule}”；编码不能改，请新建一条规则。",
        "The rule calls itself “{given}” and the address “{rule}”; a code never changes, make a new rule instead.",
    ),
    "rule_kind_fixed": (
        "规则“{rule}”是“{kind}”类型，类型不能改；请用新的编码新建一条规则。",
        "The rule “{rule}” is of kind “{kind}”, which never changes; make a new rule with a code of its own.",
    ),
    "rule_built_in": (
        "规则“{rule}”是内置的，且没有改动过，不能删除；可以把它停用。",
        "The rule “{rule}” is built in and was not changed, so that it cannot be deleted; switch it off instead.",
    ),
    "rule_changed_meanwhile": (
        "规则“{rule}”刚刚被别人改过（现在是第 {version} 版），请重新打开再改。",
        "Somebody else has just changed the rule “{rule}” (it is now version {version}); open it again.",
    ),
    "rule_worsens_unknown": (
        "“worsens”指向的规则“{worsens}”不存在。",
        "`worsens` names the rule “{worsens}”, which does not exist.",
    ),
    "rule_value_not_own": (
        "规则“{rule}”的“{field}”不能按老人单独设置。可以单独设置的有：{allowed}。",
        "“{field}” of the rule “{rule}” cannot be a resident's own. These can: {allowed}.",
    ),
    "rule_value_wrong": (
        "规则“{rule}”按老人单独设置的值有误：{field}。",
        "A resident's own value of the rule “{rule}” is not right: {field}.",
    ),
    "yaml_too_large": ("文件太大，最多 {characters} 个字符。", "The text is too large: at most {characters} characters."),
    "yaml_syntax": (
        "第 {line} 行第 {column} 列附近不是有效的 YAML，请检查缩进、冒号和引号。",
        "Near line {line}, column {column} this is not valid YAML; look at indents, colons and quotes.",
    ),
    "yaml_characters": ("文件里有 YAML 不允许的字符。", "There are characters in it that YAML does not allow."),
    "yaml_several_documents": (
        "第 {line} 行又开始了一个文档（---），请只保留一个。",
        "Another document begins in line {line} (---); keep only one.",
    ),
    "yaml_anchor": (
        "第 {line} 行用了锚点或别名（& 或 *），请直接写出内容。",
        "Line {line} has an anchor or an alias (& or *); write out what is meant.",
    ),
    "yaml_tag": ("第 {line} 行用了类型标记（!），请去掉。", "Line {line} has a tag (!); leave it out."),
    "yaml_too_deep": (
        "第 {line} 行：内容太多或层次太深（最多 {depth} 层、{values} 项）。",
        "Line {line}: there is too much of it, or it is too deep (at most {depth} levels and {values} values).",
    ),
    "yaml_key": (
        "第 {line} 行的“{key}”重复了，或不该出现在这里。",
        "“{key}” in line {line} stands twice, or does not belong here.",
    ),
    "yaml_not_rules": (
        "这不是规则文件。开头应有“yinling_rules: 1”，下面是“rules:”列表。",
        "This is not a set of rules. It begins with `yinling_rules: 1`, and a list `rules:` follows.",
    ),
    "yaml_other_form": (
        "第 {line} 行：“yinling_rules”应为 {form}。",
        "Line {line}: `yinling_rules` should be {form}.",
    ),
}

__all__ = ["RULE_MESSAGES"]
