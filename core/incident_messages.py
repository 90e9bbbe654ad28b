"""What a person reads when an act on an incident is refused; part of `core.messages`."""

from __future__ import annotations

INCIDENT_MESSAGES: dict[str, tuple[str, str]] = {
    "responder_not_found": ("没有这位响应人员，请从名单中选择。", "There is no such responder; choose one from the list."),
    "responder_missing": ("请选择派谁去，或填写姓名。", "Choose who is to go, or enter a name."),
    "transition_not_allowed": ("警情当前为“{state}”，不能执行此操作。", "The incident is {state}; this cannot be done now."),
    "already_taken": ("已由 {owner} 接警。", "{owner} has already taken it."),
    "condition_persists": (
        "现场情况仍未解除。请等它解除，或选择暂时搁置到某个时间（最长 8 小时）。",
        "The condition is still there. Wait until it clears, or shelve it until a time (8 hours at most).",
    ),
    "only_faults": (
        "这一起由调度员处理。安装员只能关闭交给自己的设备故障。",
        "The operators handle this one. Installers close device faults that are meant for them.",
    ),
    "fault_persists": (
        "设备还没有报告恢复。请让它报一次（按一下，或重新通电），再关闭。",
        "The device has not said yet that it is well. Make it speak (press it, or switch it on again), then close.",
    ),
    "not_your_close": (
        "只能撤销自己一分钟内的关闭。仍有问题请联系调度中心。",
        "Only your own close of the last minute can be taken back. If something is still wrong, call the centre.",
    ),
    "shelf_out_of_range": ("搁置时间必须在将来，且最长 8 小时。", "Shelving must end in the future, within 8 hours."),
    "shelf_not_allowed": (
        "不能搁置：这是有人在求助，或者它已经结束。",
        "This cannot be shelved: somebody is calling for help, or it is over.",
    ),
    "not_shelved": ("这条告警没有被搁置。", "This alert is not shelved."),
    "another_incident_open": (
        "这个住户已有未结束的警情 #{number}，请在那条里处理。",
        "Incident #{number} of this home is still open; go on there.",
    ),
    "merge_not_allowed": (
        "只能并入同一住户的、未关闭的另一条警情。",
        "It can only go into another open incident of the same home.",
    ),
    "split_not_allowed": ("请选择其中一部分告警，不能是全部。", "Choose some of its alerts, not all of them."),
    "unknown_kind": ("没有这种警情类型。", "There is no such kind of incident."),
    "unknown_severity": ("没有这个级别。", "There is no such severity."),
    "unknown_reason": ("没有这个关闭原因。", "There is no such reason."),
    "happened_at_missing": ("补录处理经过时，请填写事情发生的时间。", "Say when it happened, to enter what was done about it."),
    "happened_at_in_future": ("发生时间不能晚于现在。", "It cannot have happened in the future."),
    "happened_at_too_old": ("只能补录最近 {days} 天内发生的事。", "Only what happened within the last {days} days can be entered."),
    "done_at_in_future": ("补录的时间不能晚于现在。", "What is entered afterwards cannot be done in the future."),
    "done_at_too_old": ("只能补录最近 {days} 天内做过的事。", "Only what was done within the last {days} days can be entered."),
    "done_at_out_of_order": (
        "补录的时间要按先后顺序，且不能早于事情发生的时间。",
        "The times must follow one another, and none may be before it happened.",
    ),
    "reason_missing": ("补录关闭时，请选择关闭原因。", "Choose the reason it was closed for."),
    "note_missing": ("请填写备注内容。", "Write what is to be noted."),
}

__all__ = ["INCIDENT_MESSAGES"]
