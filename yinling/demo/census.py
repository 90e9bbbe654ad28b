"""Who lives where in the demonstration town: two hundred households, the same ones at every start.

Pure: a household is a function of its number. Names, streets and telephone numbers are invented; no mobile number begins
with 128.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

CITY = "云溪市"
CENTRE_NAME = "云溪市银铃居家照护调度中心"
CENTRE_PHONE = "0500-96580"

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_WOMEN = (
    "秀兰",
    "桂英",
    "玉珍",
    "凤英",
    "素芬",
    "淑华",
    "兰英",
    "玉兰",
    "桂芳",
    "秀珍",
    "美华",
    "月娥",
    "慧芳",
    "爱华",
    "金凤",
    "春梅",
)
_MEN = (
    "建国",
    "德明",
    "志强",
    "国华",
    "永福",
    "文斌",
    "树林",
    "正祥",
    "长生",
    "宝山",
    "家兴",
    "振华",
    "洪涛",
    "世荣",
    "耀东",
    "福生",
)
_YOUNGER = ("晓明", "丽", "军", "伟", "敏", "静", "磊", "芳", "涛", "燕", "强", "洁", "勇", "霞", "鹏", "婷")


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """A node of the town's tree."""

    code: str
    name: str
    parent: str | None


AREAS: tuple[AreaPlan, ...] = (
    AreaPlan("wutong", "梧桐街道", None),
    AreaPlan("qingshi", "青石街道", None),
    AreaPlan("chunhui", "春晖社区", "wutong"),
    AreaPlan("wutongli", "梧桐里社区", "wutong"),
    AreaPlan("shiqiao", "石桥社区", "qingshi"),
    AreaPlan("wangjiang", "望江社区", "qingshi"),
    *(
        AreaPlan(f"{community}-{number}", f"{name}第{number}网格", community)
        for community, name in (("chunhui", "春晖"), ("wutongli", "梧桐里"), ("shiqiao", "石桥"), ("wangjiang", "望江"))
        for number in (1, 2, 3)
    ),
)
_GRIDS = tuple(area for area in AREAS if area.code[-1].isdigit())
_ROADS = {"chunhui": "春晖路", "wutongli": "梧桐路", "shiqiao": "石桥街", "wangjiang": "望江路"}
_STREETS = {"chunhui": "梧桐街道", "wutongli": "梧桐街道", "shiqiao": "青石街道", "wangjiang": "青石街道"}

_ENTRY = (
    "门框右侧密码盒,密码由值班长告知;单元门按 501 呼叫邻居",
    "钥匙在对门(联系人名单第二位),敲门即可",
    "指纹门锁,可由中心远程放行;单元门禁密码 2580#",
    "社区网格员持备用钥匙;大门夜间 22 点后上锁,找门卫",
    "女儿住同楼 2 单元 301 室,有钥匙",
    "铁门外另有纱门,门铃在左侧;听力不好,请多按几次",
)
_ILLNESSES = (
    ("高血压、冠心病", "苯磺酸氨氯地平 5mg 每日一次;阿司匹林 100mg 每日一次"),
    ("2 型糖尿病", "二甲双胍 0.5g 每日两次"),
    ("高血压、脑梗后遗症(左侧肢体无力)", "硫酸氢氯吡格雷 75mg 每日一次;厄贝沙坦 150mg 每日一次"),
    ("慢性阻塞性肺病", "噻托溴铵吸入 每日一次"),
    ("骨质疏松、膝关节置换术后", "碳酸钙 D3 每日一片"),
    ("心房颤动", "华法林 2.5mg 每日一次(出血风险)"),
    ("帕金森病", "多巴丝肼 125mg 每日三次"),
    ("轻度认知障碍", "多奈哌齐 5mg 每晚一次"),
    ("无慢性病", None),
)
_ALLERGIES = (None, None, None, "青霉素", "磺胺类", "头孢类", "海鲜")
_HEARING = (None, None, "右耳重听,请大声", "佩戴助听器", "双耳重听,请慢说")
_MOBILITY = (None, "行走缓慢,用手杖", "用助行器", "上下楼需搀扶", "室内可独立行走")
_DIALECTS = (None, "云溪话", "云溪话", "只会说云溪话,略懂普通话", "四川话", "闽南话")
_RELATIONS = ("女儿", "儿子", "儿媳", "女婿", "孙女", "外甥")
_DOCTORS = ("梧桐街道社区卫生服务中心 张医生 0500-8600120", "青石街道社区卫生服务中心 林医生 0500-8600220")


@dataclass(frozen=True, slots=True)
class ResidentPlan:
    """A person who lives in a home."""

    name: str
    gender: str
    birth_date: date
    phone: str
    dialect: str | None
    hearing: str | None
    mobility: str | None
    lives_alone: bool
    illnesses: str
    medicines: str | None
    allergies: str | None
    blood_type: str
    doctor: str


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """Whom to call, in order."""

    name: str
    phone: str
    relation: str
    key_holder: bool
    availability: str


@dataclass(frozen=True, slots=True)
class Household:
    """One home of the town, with its people; `number` counts from 1."""

    number: int
    code: str
    name: str
    address: str
    area: str
    entry_method: str
    phone: str
    notes: str | None
    residents: tuple[ResidentPlan, ...]
    contacts: tuple[ContactPlan, ...]


def household(number: int) -> Household:
    """The household of this number."""
    dice = random.Random(f"yinling-household-{number}")  # noqa: S311 a town, not a secret
    grid = _GRIDS[(number - 1) % len(_GRIDS)]
    community = str(grid.parent)
    building, unit = 1 + (number // 24) % 9, 1 + number % 3
    floor, door = dice.randint(1, 6), dice.randint(1, 2)
    surname = "王" if number == 1 else dice.choice(_SURNAMES)
    residents = _residents(dice, number, surname)
    place = f"{building}栋{unit}单元{floor}0{door}"
    estate = grid.name.split("第")[0]
    return Household(
        number=number,
        code=f"h{number:04d}",
        name=f"{estate}{building}-{unit}-{floor}0{door} {residents[0].name}",
        address=f"{CITY}{_STREETS[community]}{_ROADS[community]}{10 + 2 * (number % 60)}号{place}室",
        area=grid.code,
        entry_method=_ENTRY[1] if number == 1 else dice.choice(_ENTRY),
        phone=f"0500-{8_610_000 + number}",
        notes=dice.choice((None, None, "养一只小狗,见生人会叫", "氧气瓶在卧室,禁明火", "每周三下午外出听戏")),
        residents=residents,
        contacts=_contacts(dice, number, surname),
    )


def _residents(dice: random.Random, number: int, surname: str) -> tuple[ResidentPlan, ...]:
    is_couple = number != 1 and dice.random() < 0.18  # noqa: PLR2004 about one in six
    woman_first = number == 1 or dice.random() < 0.62  # noqa: PLR2004 women live longer
    first = _resident(dice, number, surname, is_woman=woman_first, lives_alone=not is_couple)
    if not is_couple:
        return (first,)
    return (first, _resident(dice, number, dice.choice(_SURNAMES), is_woman=not woman_first, lives_alone=False))


def _resident(dice: random.Random, number: int, surname: str, *, is_woman: bool, lives_alone: bool) -> ResidentPlan:
    illnesses, medicines = dice.choice(_ILLNESSES)
    return ResidentPlan(
        name=surname + dice.choice(_WOMEN if is_woman else _MEN),
        gender="female" if is_woman else "male",
        birth_date=date(dice.randint(1934, 1957), dice.randint(1, 12), dice.randint(1, 28)),
        phone=f"128 1{number:03d} {dice.randint(0, 9999):04d}",
        dialect=dice.choice(_DIALECTS),
        hearing=dice.choice(_HEARING),
        mobility=dice.choice(_MOBILITY),
        lives_alone=lives_alone,
        illnesses=illnesses,
        medicines=medicines,
        allergies=dice.choice(_ALLERGIES),
        blood_type=dice.choice(("A", "B", "O", "AB")),
        doctor=_DOCTORS[0 if _STREETS[str(_GRIDS[(number - 1) % len(_GRIDS)].parent)] == "梧桐街道" else 1],
    )


def _contacts(dice: random.Random, number: int, surname: str) -> tuple[ContactPlan, ...]:
    child = ContactPlan(
        name="王晓明" if number == 1 else surname + dice.choice(_YOUNGER),
        phone=f"128 2{number:03d} {dice.randint(0, 9999):04d}",
        relation="儿子" if number == 1 else dice.choice(_RELATIONS),
        key_holder=dice.random() < 0.6,  # noqa: PLR2004 most have a key
        availability=dice.choice(("全天", "工作日 18 点后,周末全天", "全天,夜间请打两遍", "白天上班,可接电话")),
    )
    neighbour = ContactPlan(
        name=dice.choice(_SURNAMES) + dice.choice(("阿姨", "师傅", "大姐")),
        phone=f"128 3{number:03d} {dice.randint(0, 9999):04d}",
        relation="邻居",
        key_holder=dice.random() < 0.4,  # noqa: PLR2004 some have a key
        availability=dice.choice(("白天在家", "全天", "7 点至 21 点")),
    )
    return (child, neighbour)
