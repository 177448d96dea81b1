"""Names, things and words that the instructions are about, English and Chinese."""

from __future__ import annotations

from synth.verifiable.exchange import Language

NAMES: dict[Language, tuple[str, ...]] = {
    "en": tuple(
        """Mira Tomas Ines Jonas Priya Owen Leila Pavel Nora Hugo Sana Felix Amara Bruno Celia Dmitri Esme
        Farid Greta
        Hamid Ivy Jasper Kenji Lotte Marcus Nadia Oscar Petra Quinn Rosa Simon Tilda Umar Vera Wanda Xenia
        Yusuf Zora
        Alma Basil Clara Derek Elena Fiona Gavin Helga Idris Judith Karim Lucia Miles Naomi Olga Piers Ruth
        Selim Tara
        Ulrich Violet Walter Yara Zeno""".split()
    ),
    "zh": tuple(
        """小明 小红 小华 小丽 李雷 韩梅 王芳 张伟 刘洋 陈静 赵磊 孙悦 周杰 吴敏 郑浩 冯雪 蒋涛 沈怡 杨帆 朱琳
        秦川 许晴 何平
        吕宁 施文 孔亮 曹颖 严冬 金鑫 魏然 陶醉 姜山 谢芸 邹凯 喻欢 柏松 章程 苏晓 潘越 葛明 范冰 彭飞""".split()
    ),
}
THINGS: dict[Language, tuple[str, ...]] = {
    "en": tuple(
        """marbles stamps apples tickets pencils shells crayons postcards buttons seeds bricks candles ribbons
        tiles beads
        lemons badges cards feathers hooks jars keys lamps maps nails oranges pebbles rings screws tokens walnuts
        balloons baskets blankets bottles brushes cushions eggs envelopes gloves magnets notebooks photographs
        plates
        posters scarves spoons stickers sweets teabags tulips umbrellas vouchers whistles""".split()
    ),
    "zh": tuple(
        """弹珠 邮票 苹果 门票 铅笔 贝壳 蜡笔 明信片 纽扣 种子 砖块 蜡烛 丝带 瓷砖 珠子 柠檬 徽章 卡片 羽毛
        挂钩 罐子 钥匙 台灯
        地图 钉子 橙子 石子 戒指 螺丝 核桃 气球 篮子 毯子 瓶子 刷子 靠垫 鸡蛋 信封 手套 磁铁 笔记本 照片 盘子
        海报 勺子
        贴纸 糖果 茶包 雨伞 哨子""".split()
    ),
}
WORDS = tuple(
    """river lantern copper window garden winter pepper signal meadow anchor bottle candle harbour ladder
        mirror needle
    orchard pillow rabbit saddle tunnel valley walnut basket cotton dragon engine feather guitar helmet island
        jacket
    kettle lemon magnet napkin oyster pencil quarry ribbon silver thunder umbrella violin amber beacon cedar
        dusk ember
    falcon glacier hazel ivory jasmine kelp lagoon marble nectar opal plume quiver raven sparrow timber urchin
        velvet
    willow yarrow zephyr almond bramble canyon dapple easel fossil gravel hammock indigo juniper kernel lichen
        mosaic
    nimble onyx pebble quartz russet sapphire thistle upland vessel wagon yonder anvil barley chisel delta
        eagle fennel
    goblet hollow inkwell jigsaw kayak locket mantle nutmeg outpost parcel quilt rudder scarlet tassel utmost vapour
    whistle yeast zigzag acorn blossom crystal daisy estuary flint gallop heron icicle jungle knapsack lattice
        muslin
    nugget otter prairie quaint rampart satchel trellis upright verse wicker""".split()
)
HANZI_WORDS = tuple(
    """春风 秋雨 青山 绿水 明月 清泉 白云 蓝天 红日 金沙 银河 星光 朝霞 晚霞 松林 竹海 梅花 兰草 菊园 荷塘 书桌
        茶杯 灯笼
    风筝 纸船 木马 铁桥 石阶 瓦片 窗台 门槛 走廊 院墙 小巷 大街 车站 码头 渡口 山谷 草原 沙漠 湖泊 溪流 瀑布
        岛屿 海湾
    雪地 冰川 雷声 闪电 彩虹 露珠 霜叶 晨雾 黄昏 午后 黎明 夜空 远方 故乡 旅途 归程 歌声 笛音 鼓点 琴弦 画卷
        墨迹 诗句
    棋局 钟楼 古塔 城门 集市 田野 麦穗 稻香 果园 葡萄 石榴 樱桃 蜜蜂 蝴蝶 燕子 喜鹊 骏马 黄牛 白鹤 鲤鱼""".split()
)
PLACES: dict[Language, tuple[str, ...]] = {
    "en": tuple(
        """the market,the harbour office,the school fair,the library,the station,a small workshop,the town hall,
        the museum shop,a garden centre,the sports club,a bakery,the post office,the community kitchen,a hotel,
        the clinic,the printing works,a bicycle shop,the observatory,the archive,a theatre""".replace("\n", "").split(
            ","
        )
    ),
    "zh": tuple(
        "集市 港务所 学校 图书馆 车站 小作坊 市政厅 博物馆 花店 体育俱乐部 面包房 邮局 社区厨房 "
        "旅馆 诊所 印刷厂 车行 天文台 档案馆 剧院".split()
    ),
}
PLACES["en"] = tuple(place.strip() for place in PLACES["en"])
WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
MONTHS = tuple("January February March April May June July August September October November December".split())
CITIES: dict[Language, tuple[str, ...]] = {
    "en": tuple(
        """Leeds Porto Turin Ghent Oslo Malmo Lyon Krakow Graz Bergen Cork Bath Tartu Bilbao Utrecht Leipzig Zagreb
        Galway Aarhus Tampere""".split()
    ),
    "zh": tuple("杭州 苏州 成都 西安 青岛 厦门 昆明 长沙 南京 武汉 大连 桂林 洛阳 扬州 绍兴 泉州".split()),
}
