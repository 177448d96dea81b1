"""Chinese, Japanese and Korean."""

from __future__ import annotations

from synth.documents.language import Language, labelled, listed

CHINESE = Language(
    code="zh",
    script="Han",
    families=("Noto Sans CJK SC", "Noto Serif CJK SC"),
    sentences=("{when}，{who}{where}{did}{what}。", "{who}{did}{what}。", "{where}的{what}，{when}由{who}{did}。"),
    whens=listed("{year}年 | 第{count}天 | {year}年以前 | {count}个星期之后 | 自{year}年起"),
    whos=listed(
        "市政府 | 港口办公室 | 年轻的测量员 | 每所学校 | 夜班工人 | 巡视员 | 电车公司 | 三位农民"
        " | 新来的图书管理员 | 委员会 | 邮递员"
    ),
    dids=listed("清点了 | 公布了 | 更正了 | 比较了 | 研究了 | 保存了 | 抄写了 | 拒绝了 | 测量了 | 整理了 | 归还了"),
    whats=listed(
        "旧账本 | 去年的数字 | 冬季的表格 | 十几封信 | 每块田地的面积 | 晚点的列车 | 干涸的水井 | 采石场的账单"
        " | 初稿 | 中午的水位 | 没有署名的报告 | 铁路规划图"
    ),
    wheres=listed("在老城区 | 在河边 | 在北门旁 | 在市场后面 | 在两座岛上 | 在山谷里 | 在海岸上 | 在车站"),
    topics=listed(
        "降雨量 | 粮食价格 | 电车客流 | 图书借阅 | 养蜂业 | 港口费用 | 学校午餐 | 街道照明 | 果园 | 夜间列车"
    ),
    aspects=listed("春季情况 | 十年回顾 | 分区统计 | 季度报告 | 秋收之后 | 小城镇调查 | 简要说明 | 新规定"),
    title="{topic}{aspect}",
    given=listed("建国 | 春华 | 晓梅 | 志强 | 丽娜 | 文博 | 雨晴 | 海涛 | 思远 | 玉兰"),
    family=listed("王 | 李 | 张 | 陈 | 赵 | 周 | 吴 | 郑 | 林 | 黄"),
    name="{family}{given}",
    firms=listed("记贸易有限公司 | 氏书店 | 记文具行 | 氏家具厂 | 记食品店 | 氏印刷厂"),
    firm="{family}{firm}",
    cities=listed("青河市 | 南渡镇 | 白石县 | 东港市 | 梅岭镇 | 云溪县"),
    streets=listed("磨坊路 | 车站大街 | 城河路 | 果园巷 | 码头街 | 桥东路"),
    address="{street}{number}号",
    town="{city} {postcode}",
    goods=listed(
        "橡木书架 | 台灯 | 花园水管 | 打印纸 | 蓝墨水 | 羊毛毯 | 螺栓 | 茶壶 | 黑麦面包 | 青苹果 | 橄榄油 | 肥皂"
        " | 手套 | 铜线 | 笔记本"
    ),
    money="¥{amount}",
    cents=True,
    comma=".",
    thousands=",",
    months=tuple(map(str, range(1, 13))),
    date="{year}年{number}月{day}日",
    labels=labelled(
        "发票 | 收据 | 编号 | 日期 | 付款期限 | 客户 | 供应商 | 品名 | 数量 | 单价 | 金额 | 小计 | 税额 | 合计"
        " | 实付 | 找零 | 谢谢惠顾！ | 入会申请表 | 课程报名表 | 调查问卷 | 姓名 | 出生日期 | 城市 | 电话 | 邮箱"
        " | 职业 | 签名 | 您如何出行？ | 火车 | 公共汽车 | 自行车 | 步行 | 主题 | 尊敬的{name}： | 此致敬礼 | 页码"
        " | 表 | 图 | 地点 | 平均 | 最低 | 最高 | 占比 | 目录 | 注释 | 已付款 | 副本 | 已收到 | 加急"
    ),
    colon="：",
    space="",
)

JAPANESE = Language(
    code="ja",
    script="Japanese",
    families=("Noto Sans CJK JP", "Noto Serif CJK JP"),
    sentences=(
        "{when}、{who}は{where}{what}を{did}。",
        "{who}は{what}を{did}。",
        "{where}、{who}が{what}を{did}のは{when}のことである。",
    ),
    whens=listed("{year}年 | {count}日目 | {year}年以前 | {count}週間後 | {year}年の春"),
    whos=listed(
        "市議会 | 港の事務所 | 若い測量士 | すべての学校 | 夜勤の係員 | 検査官 | 電車の会社 | 三人の農家"
        " | 新しい司書 | 委員会 | 郵便局員"
    ),
    dids=listed(
        "数えた | 発表した | 訂正した | 比べた | 調べた | 保管した | 書き写した | 断った | 測った | 整理した | 返した"
    ),
    whats=listed(
        "古い帳簿 | 昨年の数字 | 冬の表 | 十数通の手紙 | 畑の広さ | 遅れた列車 | 枯れた井戸 | 採石場の請求書"
        " | 最初の草稿 | 正午の水位 | 署名のない報告書 | 鉄道の計画"
    ),
    wheres=listed("旧市街で | 川のそばで | 北門の前で | 市場の裏で | 二つの島で | 谷あいで | 海岸で | 駅で"),
    topics=listed(
        "降水量 | 穀物の価格 | 電車の利用 | 本の貸し出し | ミツバチ | 港の料金 | 学校の給食 | 街の明かり | 果樹園"
        " | 夜行列車"
    ),
    aspects=listed(
        "春のまとめ | 十年の歩み | 地区ごとの比較 | 四半期の報告 | 収穫のあと | 小さな町の調査 | 概要 | 新しい決まり"
    ),
    title="{topic}：{aspect}",
    given=listed("健太 | さくら | 大輔 | 美咲 | 直樹 | ゆかり | 翔 | 陽子 | 亮介 | 奈々"),
    family=listed("佐藤 | 鈴木 | 高橋 | 田中 | 渡辺 | 小林 | 中村 | 山口 | 松本 | 石川"),
    name="{family} {given}",
    firms=listed("商店 | 印刷 | 文具店 | 家具製作所 | 食品 | 書房"),
    firm="{family}{firm}",
    cities=listed("青葉市 | 川辺町 | 白石村 | 港南市 | 梅里町 | 雲取市"),
    streets=listed("水車通り | 駅前通り | 城下町 | 果樹園通り | 港町 | 橋本町"),
    address="{street}{number}番地",
    town="〒{postcode} {city}",
    goods=listed(
        "本棚 | 電気スタンド | ホース | コピー用紙 | 青インク | 毛布 | ボルト | やかん | ライ麦パン | 青りんご"
        " | オリーブ油 | せっけん | 手袋 | 銅線 | ノート"
    ),
    money="{amount}円",
    cents=False,
    comma=".",
    thousands=",",
    months=tuple(map(str, range(1, 13))),
    date="{year}年{number}月{day}日",
    labels=labelled(
        "請求書 | 領収書 | 番号 | 日付 | 支払期限 | お客様 | 発行者 | 品名 | 数量 | 単価 | 金額 | 小計 | 消費税"
        " | 合計 | お預かり | お釣り | ありがとうございました | 入会申込書 | 講座申込書 | アンケート | 氏名"
        " | 生年月日 | 市町村 | 電話 | メール | 職業 | 署名 | 主な交通手段 | 電車 | バス | 自転車 | 徒歩 | 件名"
        " | {name} 様 | 敬具 | ページ | 表 | 図 | 場所 | 平均 | 最低 | 最高 | 割合 | 目次 | 注記 | 支払済 | 写し"
        " | 受領 | 至急"
    ),
    colon="：",
    space="",
)

KOREAN = Language(
    code="ko",
    script="Hangul",
    families=("Noto Sans CJK KR", "Noto Serif CJK KR"),
    sentences=("{when} {who} {where} {what} {did}.", "{who} {what} {did}.", "{where} {who} {when} {what} {did}."),
    whens=listed("{year}년에 | {count}일째에 | {year}년 이전에 | {count}주 뒤에 | {year}년 봄에"),
    whos=listed(
        "시의회는 | 항만 사무소는 | 젊은 측량사는 | 모든 학교는 | 야간 근무자는 | 검사관은 | 전차 회사는"
        " | 세 농부는 | 새 사서는 | 위원회는 | 우체부는"
    ),
    dids=listed(
        "세었다 | 발표했다 | 고쳤다 | 비교했다 | 조사했다 | 보관했다 | 옮겨 적었다 | 거절했다 | 측정했다"
        " | 정리했다 | 돌려주었다"
    ),
    whats=listed(
        "오래된 장부를 | 지난해의 숫자를 | 겨울 표를 | 편지 열두 통을 | 밭의 넓이를 | 늦은 열차를 | 마른 우물을"
        " | 채석장의 청구서를 | 첫 초안을 | 정오의 수위를 | 서명 없는 보고서를 | 철도 계획을"
    ),
    wheres=listed("구시가지에서 | 강가에서 | 북문 앞에서 | 시장 뒤에서 | 두 섬에서 | 골짜기에서 | 해안에서 | 역에서"),
    topics=listed(
        "강수량 | 곡물 가격 | 전차 이용 | 도서 대출 | 꿀벌 | 항만 요금 | 학교 급식 | 가로등 | 과수원 | 야간 열차"
    ),
    aspects=listed("봄 요약 | 십 년의 기록 | 지역별 비교 | 분기 보고 | 수확 이후 | 작은 마을 조사 | 개요 | 새 규칙"),
    title="{topic} {aspect}",
    given=listed("민준 | 서연 | 도윤 | 지우 | 하은 | 준호 | 수빈 | 예린 | 태양 | 은별"),
    family=listed("김 | 이 | 박 | 최 | 정 | 강 | 조 | 윤 | 장 | 임"),
    name="{family}{given}",
    firms=listed("씨네 상점 | 가구 | 문구 | 인쇄소 | 식품 | 서점"),
    firm="{family}{firm}",
    cities=listed("청하시 | 남도읍 | 백석군 | 동항시 | 매화읍 | 운계군"),
    streets=listed("방앗간길 | 역전로 | 성곽로 | 과수원길 | 부두로 | 다리길"),
    address="{street} {number}",
    town="{city} {postcode}",
    goods=listed(
        "참나무 책장 | 탁상 등 | 정원 호스 | 복사 용지 | 파란 잉크 | 모직 담요 | 볼트 | 찻주전자 | 호밀빵 | 풋사과"
        " | 올리브유 | 비누 | 장갑 | 구리선 | 공책"
    ),
    money="{amount}원",
    cents=False,
    comma=".",
    thousands=",",
    months=tuple(map(str, range(1, 13))),
    date="{year}년 {number}월 {day}일",
    labels=labelled(
        "청구서 | 영수증 | 번호 | 날짜 | 지급 기한 | 고객 | 공급자 | 품목 | 수량 | 단가 | 금액 | 소계 | 세금"
        " | 합계 | 받은 돈 | 거스름돈 | 이용해 주셔서 감사합니다 | 가입 신청서 | 강좌 등록서 | 설문지 | 성명"
        " | 생년월일 | 도시 | 전화 | 전자우편 | 직업 | 서명 | 어떻게 다니십니까? | 기차 | 버스 | 자전거 | 도보"
        " | 제목 | {name} 님께 | 감사합니다 | 쪽 | 표 | 그림 | 장소 | 평균 | 최저 | 최고 | 비율 | 차례 | 주석"
        " | 지급 완료 | 사본 | 접수 | 긴급"
    ),
)
