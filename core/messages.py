"""Every text a person reads when something is refused, by error code, in Chinese and English.

A test finds each code used in the source here. A text says what to do; `{placeholders}` are filled from the details.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.grafana_messages import GRAFANA_MESSAGES
from core.incident_messages import INCIDENT_MESSAGES
from core.rule_messages import RULE_MESSAGES

Language = Literal["zh-CN", "en"]

MESSAGES: dict[str, tuple[str, str]] = {
    "internal_error": (
        "系统出错了，我们已记录（编号 {reference}）。请再试一次；若仍不行，请把编号告诉管理员。",
        "Something went wrong and was recorded ({reference}). Try again; if it stays, tell your administrator this reference.",
    ),
    "invalid_input": ("有些内容填写有误，请按提示修改。", "Some of what was entered is not right; please correct it."),
    "not_signed_in": ("请先登录。", "Please sign in first."),
    "wrong_sign_in": ("用户名或密码不对。", "The user name or the password is not right."),
    "forbidden": ("您没有这项权限。", "You are not allowed to do this."),
    "csrf_refused": (
        "这个请求不是从本页面发出的，已拒绝。请刷新页面再试。",
        "This request did not come from our own pages and was refused. Reload the page and try again.",
    ),
    "password_change_required": ("请先修改密码，再继续使用。", "Change your password first, then go on."),
    "wrong_password": ("当前密码不对。", "The present password is not right."),
    "password_unchanged": ("新密码不能与当前密码相同。", "The new password must differ from the present one."),
    "too_many_attempts": ("尝试次数过多，请 {wait_seconds} 秒后再试。", "Too many attempts. Try again in {wait_seconds} seconds."),
    "too_large": ("内容太大，无法接收。", "This is too large to be taken."),
    "method_not_allowed": ("这个地址不支持该操作。", "This address does not support that."),
    "unavailable": ("服务暂时不可用，请稍后再试。", "Temporarily unavailable; try again shortly."),
    "lease_lost": (
        "另一个进程已接手这些住户，本进程将重新启动。",
        "Another process took over these homes; this one starts again.",
    ),
    "store_busy": (
        "数据库正忙，请在 {wait_seconds} 秒后再试。报警不受影响。",
        "The database is busy; try again in {wait_seconds} s. Alarms are not lost.",
    ),
    "store_away": (
        "数据库暂时连接不上，请在 {wait_seconds} 秒后再试。报警会保留，恢复后立即显示。",
        "The database cannot be reached; try again in {wait_seconds} s. Alarms are kept and shown once it is back.",
    ),
    "changed_meanwhile": (
        "刚刚有人改动了同一处内容，请刷新后再试。",
        "Somebody changed the same thing at the same moment; look again, then try once more.",
    ),
    "conflict": ("当前状态不允许这样做。", "The present state does not allow this."),
    "not_found": ("没有找到。", "Not found."),
    "home_not_found": ("没有这个住户。", "There is no such home."),
    "resident_not_found": ("没有这位老人。", "There is no such resident."),
    "contact_not_found": ("没有这位联系人。", "There is no such contact."),
    "user_not_found": ("没有这个用户。", "There is no such user."),
    "device_not_found": ("没有这个设备。", "There is no such device."),
    "incident_not_found": ("没有这条警情。", "There is no such incident."),
    "alert_not_found": ("没有这条告警。", "There is no such alert."),
    "birth_date_impossible": (
        "出生日期 {birth_date} 不可能，请检查年份。",
        "The birth date {birth_date} cannot be; check the year.",
    ),
    "unknown_area": ("没有区域“{area}”。", "There is no area “{area}”."),
    "unknown_home": ("没有住户“{home}”。", "There is no home “{home}”."),
    "unknown_profile": ("没有设备型号“{profile}”。", "There is no device profile “{profile}”."),
    "unknown_resident": ("这个住户里没有这位老人。", "This home has no such resident."),
    "unknown_metric": ("没有指标“{metric}”。", "There is no metric “{metric}”."),
    "unknown_rule": ("没有规则“{rule}”。", "There is no rule “{rule}”."),
    "invalid_cursor": ("翻页位置无效，请从头开始。", "This place in the list is not valid; start again from its beginning."),
    "field_required": ("“{field}”不能为空。", "“{field}” cannot be empty."),
    "period_invalid": ("开始时间必须早于结束时间。", "The start must be before the end."),
    "roster_not_found": ("没有排班表“{roster}”。", "There is no roster “{roster}”."),
    "roster_in_use": (
        "升级策略“{policy}”还在使用排班表“{roster}”，请先修改该策略。",
        "The escalation policy “{policy}” still asks the roster “{roster}”; change that policy first.",
    ),
    "unknown_roster": ("没有排班表“{roster}”，请先建立它。", "There is no roster “{roster}”; make it first."),
    "unknown_user": ("没有用户“{user}”。", "There is no user “{user}”."),
    "unknown_shift": ("排班表里没有班次“{shift}”。", "The roster has no shift “{shift}”."),
    "shift_named_twice": ("班次“{shift}”出现了两次，请改名。", "The shift “{shift}” is there twice; give one another name."),
    "substitute_is_self": ("不能由本人代班，请选择另一个人。", "Nobody can stand in for themselves; choose somebody else."),
    "leave_not_found": ("没有这条请假记录。", "There is no such leave."),
    "holiday_not_found": ("没有这个节假日。", "There is no such holiday."),
    "not_a_weekend_day": (
        "{day} 不是周末，只有周末才能设为调休上班日。",
        "{day} is not a weekend day; only those can be worked in the place of others.",
    ),
    "policy_not_found": ("没有升级策略“{policy}”。", "There is no escalation policy “{policy}”."),
    "policy_code_differs": (
        "地址中的策略代码与内容中的“{policy}”不一致。",
        "The policy's code in the address differs from “{policy}” in what was sent.",
    ),
    "family_needs_homes": ("家属账号至少要关联一个住户。", "A family member needs at least one home."),
    "home_needs_area": ("请选择您负责的区域。", "Choose one of your own areas for it."),
    "scope_exceeds_own": ("不能授予超出您自己范围的权限。", "You cannot give more than you have yourself."),
    "username_taken": ("用户名“{username}”已被使用。", "The user name “{username}” is taken."),
    "area_code_taken": ("区域编码“{area}”已被使用。", "The area code “{area}” is taken."),
    "home_code_taken": ("住户编码“{home}”已被使用。", "The home code “{home}” is taken."),
    "serial_taken": ("序列号“{serial}”已经登记过。", "The serial “{serial}” is already registered."),
    "last_administrator": ("至少要保留一位可登录的管理员。", "One administrator who can sign in must remain."),
    "mode_not_found": ("没有这个模式。", "There is no such mode."),
    "mode_end_out_of_range": (
        "结束时间必须在将来，且最长 {longest_hours} 小时。",
        "It must end in the future, within {longest_hours} hours.",
    ),
    "mode_needs_device": ("请选择是哪个设备。", "Choose the device it is for."),
    "mode_takes_no_device": ("这个模式是给整户的，不能选设备。", "This mode is for the home, not for a device."),
    "mode_takes_no_resident": ("这个模式不能只给一位老人。", "This mode is not for a single resident."),
    "unknown_device": ("这个住户没有这个设备。", "This home has no such device."),
    "invalid_range": ("时间范围或点数无效。", "This range of time or number of points cannot be read."),
    "pdf_unavailable": ("这台机器无法生成 PDF。", "This machine cannot make PDF files."),
    "readings_unavailable": (
        "读数库暂时不可用，警情不受影响。请稍后再试。",
        "The readings are away for the moment; alarms are not affected.",
    ),
    "not_tested": (
        "还没有收到这个设备的测试报警，请先按一次测试。",
        "No test alarm of this device has been seen yet; test it first.",
    ),
    "device_retired": ("设备已停用。", "The device is retired."),
    "device_has_no_certificate": ("这台设备没有证书，无需吊销。", "The device has no certificate that could be revoked."),
    "device_has_no_secret": (
        "这个设备经网关通信，没有自己的密码。",
        "This device speaks through its gateway and has no password of its own.",
    ),
    "device_certificates_unavailable": (
        "本中心没有启用设备证书（缺少 {reason}），请改用密码，或由管理员按“docs/tls.md”启用。",
        "This centre gives devices no certificates ({reason} is missing): use a secret, or see docs/tls.md.",
    ),
    "certificate_request_invalid": (
        "设备的证书申请不能使用：{reason}。",
        "The device's certificate request cannot be used: {reason}.",
    ),
    "unknown_template": ("没有这种通知文本。", "There is no such text."),
    "template_placeholder": (
        "不能使用“{placeholder}”。占位符只能是花括号里的单个名称。",
        "“{placeholder}” cannot be used: a placeholder is one of the given names in braces, and nothing else.",
    ),
    "template_incomplete": ("正文必须包含：{missing}。", "The text must contain: {missing}."),
    "template_too_long": (
        "文本为空或太长（最多 {longest} 个字）。",
        "The text is empty or too long ({longest} characters at most).",
    ),
    "contact_point_not_found": ("没有这个联系方式。", "There is no such contact point."),
    "contact_point_taken": ("这个联系方式已经登记过。", "This contact point is already there."),
    "too_many_contact_points": ("一个人最多 {most} 个联系方式。", "One person has {most} contact points at most."),
    "channel_fixed": ("不能更改类型，请删除后重新添加。", "Its kind cannot change; remove it and add another."),
    "number_never_works": (
        "这个号码无法使用：短信只能发到手机号码，电话须是有效号码。",
        "This number can never work: text messages need a mobile number, calls a number that exists.",
    ),
    "address_unusable": ("这个地址无法使用，请检查。", "This address cannot be used; check it."),
    "push_service_unknown": ("这个浏览器的推送服务未被允许。", "The push service of this browser is not allowed here."),
    "no_contact_of_yours": (
        "没有找到您的联系人登记，请让调度中心登记您的电话号码。",
        "No contact with your number is registered; ask the centre to enter it.",
    ),
    "answer_link_unknown": ("这个链接无效。", "This link is not valid."),
    "answer_link_expired": ("这个链接已过期，请联系调度中心。", "This link has expired; call the centre."),
    "answer_link_used": ("您已经回复过了。", "You have answered already."),
    "answer_incident_over": ("警情 {number} 号已处理完毕，谢谢您。", "Incident {number} is over already. Thank you."),
    "answer_not_possible": ("这条通知不需要这样回复。", "This message cannot be answered that way."),
    "answer_not_yours": ("您的账号已停用，不能接警。", "Your account is disabled; you cannot take incidents."),
    "callback_refused": ("回调未通过验证。", "This report did not prove where it comes from."),
    "callback_unreadable": ("回调内容无法识别。", "This report cannot be read."),
    **GRAFANA_MESSAGES,
    **RULE_MESSAGES,
    **INCIDENT_MESSAGES,
}
"""`code: (zh-CN, en)`."""

FIELD_MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("请填写。", "Required."),
    "extra_forbidden": ("没有这个字段。", "There is no such field."),
    "string_too_short": ("至少 {min_length} 个字符。", "At least {min_length} characters."),
    "string_too_long": ("最多 {max_length} 个字符。", "At most {max_length} characters."),
    "string_pattern_mismatch": ("格式不对。", "Not in the right form."),
    "string_type": ("应为文字。", "Should be text."),
    "int_parsing": ("应为整数。", "Should be a whole number."),
    "int_type": ("应为整数。", "Should be a whole number."),
    "float_parsing": ("应为数字。", "Should be a number."),
    "bool_parsing": ("应为是或否。", "Should be true or false."),
    "greater_than_equal": ("不能小于 {ge}。", "At least {ge}."),
    "less_than_equal": ("不能大于 {le}。", "At most {le}."),
    "enum": ("只能是：{expected}。", "One of: {expected}."),
    "literal_error": ("只能是：{expected}。", "One of: {expected}."),
    "too_short": ("至少 {min_length} 项。", "At least {min_length}."),
    "too_long": ("最多 {max_length} 项。", "At most {max_length}."),
    "greater_than": ("必须大于 {gt}。", "More than {gt}."),
    "less_than": ("必须小于 {lt}。", "Less than {lt}."),
    "finite_number": ("应为普通的数字。", "Should be an ordinary number."),
    "float_type": ("应为数字。", "Should be a number."),
    "bool_type": ("应为是或否。", "Should be true or false."),
    "int_from_float": ("应为整数。", "Should be a whole number."),
    "tuple_type": ("应为列表。", "Should be a list."),
    "list_type": ("应为列表。", "Should be a list."),
    "dict_type": ("应为一组“字段: 值”。", "Should be a set of fields and values."),
    "model_type": ("应为一组“字段: 值”。", "Should be a set of fields and values."),
    "model_attributes_type": ("应为一组“字段: 值”。", "Should be a set of fields and values."),
    "union_tag_invalid": ("没有这种规则。只能是：{expected_tags}。", "There is no such kind of rule. One of: {expected_tags}."),
    "union_tag_not_found": ("请用“kind”写明规则的类型。", "Say the kind of the rule with `kind`."),
    "unknown_signal": ("没有信号“{given}”。", "There is no signal “{given}”."),
    "unknown_metric": ("没有指标“{given}”。", "There is no metric “{given}”."),
    "unknown_playbook": (
        "没有处置脚本“{given}”。可以用：{playbooks}。",
        "There is no playbook “{given}”. These are: {playbooks}.",
    ),
    "unknown_profile": ("没有设备型号“{given}”。", "There is no device profile “{given}”."),
    "window_said_twice_or_not": (
        "请写“since”和“until”，或只写“named”。",
        "Give `since` and `until`, or `named` alone.",
    ),
    "happening_says_nothing": ("请写明信号或指标。", "Name signals, or a metric."),
    "metric_needs_a_side": ("指标需要“above”或“below”。", "A metric needs `above` or `below`."),
    "signal_said_twice": (
        "同一个信号在一条规则里只能有一种用途。",
        "A signal can have only one meaning within a rule.",
    ),
    "threshold_without_limit": (
        "请写指标和“low”或“high”，或使用设备型号的范围（limits_of_profile）。",
        "Give a metric with `low` or `high`, or take the profile's (`limits_of_profile`).",
    ),
    "limits_out_of_order": (
        "应满足 far_low ≤ low ≤ high ≤ far_high，且要写明指标。",
        "far_low ≤ low ≤ high ≤ far_high must hold, and a metric be named.",
    ),
    "hysteresis_too_wide": ("回差太大，没有留下正常范围。", "The hysteresis leaves no normal range."),
    "more_days_than_looked_at": (
        "“at_least_days”不能大于“over_days”。",
        "`at_least_days` cannot be more than `over_days`.",
    ),
    "inactivity_needs_one_form": (
        "请只写一种：“none_for_seconds”；“none_in”；或“rooms”加“longer_than_seconds”。",
        "Give one of `none_for_seconds`, `none_in`, or `rooms` with `longer_than_seconds`.",
    ),
    "reserved_code": ("编码“{given}”另有用途，请换一个。", "The code “{given}” has another use; take another."),
    "rule_worsens_itself": ("规则不能加重自己。", "A rule cannot worsen itself."),
    "rule_said_twice": ("规则“{given}”写了两次。", "The rule “{given}” stands twice."),
    "times_are_equal": ("开始和结束不能相同。", "It cannot end when it begins."),
    "nul_character": ("不能含有空字符（NUL）。", "Must not hold a NUL character."),
    "json_invalid": ("不是有效的 JSON。", "Not valid JSON."),
    "timezone_aware": ("时间要带时区。", "The time needs its offset."),
    "datetime_from_date_parsing": ("应为日期时间。", "Should be a date and time."),
    "datetime_parsing": ("应为日期时间。", "Should be a date and time."),
    "date_from_datetime_parsing": ("应为日期。", "Should be a date."),
    "date_parsing": ("应为日期。", "Should be a date."),
}
"""What is wrong with one field, by the validator's error type."""
_ANY_FIELD = ("填写有误。", "Not right.")

_STATES: dict[str, tuple[str, str]] = {
    "open": ("未接警", "open"),
    "acknowledged": ("已接警", "acknowledged"),
    "dispatched": ("已派人", "dispatched"),
    "on_scene": ("已到场", "on scene"),
    "resolved": ("处理完毕", "resolved"),
    "closed": ("已关闭", "closed"),
}
"""The states of an incident, as the pages call them."""


class _Details(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def language_of(accept_language: str | None) -> Language:
    """The reader's language: the first of ours they name, else Chinese."""
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return "zh-CN"


def text(code: str, language: Language, details: Mapping[str, Any]) -> str:
    """The sentence for an error code, in the reader's language."""
    return _fill(MESSAGES.get(code, MESSAGES["conflict"]), language, _in_words(details, language))


def _in_words(details: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The details with the state of an incident as a reader calls it, not as the API does."""
    words = _STATES.get(str(details.get("state")))
    return {**details} if words is None else {**details, "state": words[0 if language == "zh-CN" else 1]}


def field_text(kind: str, language: Language, details: Mapping[str, Any]) -> str:
    """The sentence for one field, in the reader's language."""
    if language == "zh-CN" and isinstance(details.get("expected"), str):  # a list as the validator wrote it, in English
        details = {**details, "expected": details["expected"].replace(" or ", "、").replace(", ", "、")}
    return _fill(FIELD_MESSAGES.get(kind, _ANY_FIELD), language, details)


def problem_text(code: str, language: Language, details: Mapping[str, Any]) -> str:
    """The sentence for what is wrong inside something that was sent: a field's where there is one, else a refusal's."""
    return field_text(code, language, details) if code not in MESSAGES or code in FIELD_MESSAGES else text(code, language, details)


def _fill(texts: tuple[str, str], language: Language, details: Mapping[str, Any]) -> str:
    return texts[0 if language == "zh-CN" else 1].format_map(_Details(details))
