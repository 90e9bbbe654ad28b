"""What a person reads when Grafana refuses something; part of `core.messages`."""

from __future__ import annotations

GRAFANA_MESSAGES: dict[str, tuple[str, str]] = {
    "grafana_not_set_up": (
        "尚未设置 Grafana：请设置 YINLING_GRAFANA_URL，以及令牌 YINLING_GRAFANA_TOKEN 或用户名和密码。",
        "Grafana is not set up: set YINLING_GRAFANA_URL, and YINLING_GRAFANA_TOKEN or a user with a password.",
    ),
    "grafana_in_the_clear": (
        "{address} 会在网络上明文传送登录信息。请使用 https，或在 YINLING_PLAIN_LINKS 里写上 grafana。",
        "{address} would carry the sign-in over the network in the clear. Use https, or name grafana in YINLING_PLAIN_LINKS.",
    ),
    "grafana_away": (
        "Grafana（{address}）没有回应（{error}）。请检查地址，以及它是否在运行。",
        "Grafana at {address} does not answer ({error}). Check the address, and whether it runs.",
    ),
    "grafana_unwell": (
        "Grafana（{address}）自己的数据库有问题（{error}）。请先修好它。",
        "Grafana at {address} has trouble with its own database ({error}). Mend that first.",
    ),
    "grafana_not_grafana": (
        "{address} 有回应，但不是 Grafana 的接口。请检查地址和路径前缀。",
        "{address} answers, but not as Grafana's API. Check the address and its path.",
    ),
    "grafana_redirects": (
        "{address} 把请求转到别处。请直接填写最终地址（如 https）。",
        "{address} sends requests elsewhere. Give the final address, such as the one with https.",
    ),
    "grafana_too_old": (
        "Grafana {version} 太旧，需要 {oldest} 或更新的版本。",
        "Grafana {version} is too old; it takes {oldest} or newer.",
    ),
    "grafana_sign_in_refused": (
        "Grafana（{address}）不接受这个登录（{said}）。请检查令牌或用户名和密码，令牌可能已过期。",
        "Grafana at {address} does not accept the sign-in ({said}). Check the token or the password; a token may have ended.",
    ),
    "grafana_not_allowed": (
        "“{what}”：这个登录没有权限（{said}）。请使用组织管理员（Admin）角色的服务账号或用户。",
        "“{what}”: this sign-in may not do that ({said}). Use a service account or user with the organisation's Admin role.",
    ),
    "grafana_quota_reached": (
        "“{what}”：Grafana 的配额已满（{said}）。请提高配额或清理。",
        "“{what}”: a quota of Grafana is reached ({said}). Raise it or make room.",
    ),
    "grafana_missing": (
        "“{what}”：Grafana 里没有（{said}）。可能刚被删除，请再同步一次。",
        "“{what}”: Grafana has no such thing ({said}). It may just have been deleted; sync once more.",
    ),
    "grafana_name_taken": (
        "“{what}”：名称已被别的内容占用（{said}），没有改动它。请给那一个改名，再同步。",
        "“{what}”: the name is taken by something else ({said}), which was left alone. Rename that one and sync again.",
    ),
    "grafana_changed_meanwhile": (
        "“{what}”：正在同步时有人改了它（{said}），没有覆盖。请再同步一次。",
        "“{what}”: somebody changed it during the sync ({said}); it was not overwritten. Sync once more.",
    ),
    "grafana_changed_by_hand": (
        "“{what}”：有人在 Grafana 里改过，没有覆盖。请把改动另存为新的仪表盘，再用 --overwrite 同步。",
        "“{what}”: changed by hand in Grafana, not overwritten. Save those changes under another name, then use --overwrite.",
    ),
    "grafana_not_ours": (
        "“{what}”：编号 {uid} 属于不是银铃建立的内容，没有改动它。请删除它，或换 YINLING_GRAFANA_PREFIX。",
        "“{what}”: the uid {uid} is not Yinling's and was left alone. Remove it or set another YINLING_GRAFANA_PREFIX.",
    ),
    "grafana_provisioned": (
        "“{what}”：由 Grafana 的配置文件提供，不能通过接口修改（{said}）。请改那些文件。",
        "“{what}”: Grafana has it from its provisioning files and lets nobody change it ({said}). Change those files.",
    ),
    "grafana_input_refused": (
        "“{what}”：Grafana 不接受（{http_status}：{said}）。",
        "“{what}”: Grafana does not take it ({http_status}: {said}).",
    ),
    "grafana_slow_down": (
        "Grafana（{address}）要求慢一些（{said}）。请稍后再同步，它会从缺少的地方继续。",
        "Grafana at {address} asks for patience ({said}). Sync again later; it goes on with what is missing.",
    ),
    "grafana_failed": (
        "“{what}”：Grafana 出错了（{http_status}：{said}）。请查看它的日志，再同步一次。",
        "“{what}”: Grafana failed ({http_status}: {said}). Look into its log, then sync once more.",
    ),
    "grafana_accounts_need_password": (
        "“{what}”：服务账号令牌不能建立、启用或停用用户。请设置服务器管理员的用户名和密码；其余部分照常同步。",
        "“{what}”: a service account's token cannot make or enable people. Set a server administrator's user; the rest goes on.",
    ),
    "grafana_read_token_missing": (
        "“{what}”：请设置只读令牌 YINLING_GRAFANA_INFLUX_TOKEN；查看者能经 Grafana 使用它，所以不用能写入的令牌。",
        "“{what}”: set YINLING_GRAFANA_INFLUX_TOKEN, which only reads: viewers can use it, so the writing one is kept back.",
    ),
    "grafana_dashboards_broken": (
        "仪表盘文件“{what}”不能读取（{error}）。",
        "The dashboard file “{what}” cannot be read ({error}).",
    ),
}

__all__ = ["GRAFANA_MESSAGES"]
