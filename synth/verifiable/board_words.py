"""How the questions about boards are put, by the kind of board and what is asked."""

from __future__ import annotations

from synth.verifiable.exchange import Language

_HMM_EN, _HMM_ZH = " Write H:MM on the 12-hour clock.", "用 12 小时制 H:MM 作答。"


def _forms(en: str, zh: str, en_end: str = "", zh_end: str = "") -> dict[Language, list[str]]:
    return {
        "en": [each.strip() + en_end for each in en.strip().split("|")],
        "zh": [each.strip() + zh_end for each in zh.strip().split("|")],
    }


ASKS: dict[str, dict[str, dict[Language, list[str]]]] = {
    "clock": {
        "now": _forms(
            """What time does the clock show?|Read the clock.|Which time is it on this dial?|
            Tell the time from the hands.|
            What is the time in the picture?|Look at both hands: what time is it?|
            Give the time that the clock shows.|
            The short hand is for the hours. What time is it?""",
            "钟面显示几点？|请读出时间。|图中的时钟是几点？|看指针，现在几点？|这个表盘是什么时间？|根据两根指针写出时间。|图里的时间是多少？|短针指小时，现在是几点？",
            _HMM_EN, _HMM_ZH,
        ),
        "later": _forms(
            """What will the clock show in {k} minutes?|What time is it {k} minutes later?|
            Add {k} minutes to the time shown.|
            A bus comes {k} minutes after the time shown. When?|{k} minutes from this moment, what time is it?|
            A lesson starts now and takes {k} minutes. When does it end?|Read the clock and go {k} minutes on.|
            Where will the hands be in {k} minutes?""",
            """再过 {k} 分钟是几点？|图中时间的 {k} 分钟后是几点？|把所示时间加上 {k} 分钟。|
            公交车在所示时间的 {k} 分钟后到，几点？|
            从此刻起 {k} 分钟后几点？|课从现在开始，上 {k} 分钟，几点下课？|读出时间并往后推 {k} 分钟。|
            {k} 分钟之后指针指向几点？""",
            _HMM_EN, _HMM_ZH,
        ),
        "earlier": _forms(
            """What did the clock show {k} minutes ago?|What time was it {k} minutes earlier?|
            Take {k} minutes off the time shown.|
            Somebody has been waiting for {k} minutes. Since when?|Go back {k} minutes from the time shown.|
            A cake went into the oven {k} minutes before this. When?|Read the clock, then subtract {k} minutes.|
            {k} minutes before this moment, what time was it?""",
            """{k} 分钟前是几点？|图中时间的 {k} 分钟之前是几点？|把所示时间减去 {k} 分钟。|
            有人已经等了 {k} 分钟，从几点开始等的？|
            从所示时间往前推 {k} 分钟。|蛋糕在 {k} 分钟前放进烤箱，那时几点？|读出时间再减 {k} 分钟。|
            此刻之前 {k} 分钟是几点？""",
            _HMM_EN, _HMM_ZH,
        ),
        "until": _forms(
            """How many minutes are left until the next full hour?|
            In how many minutes does the long hand reach the top again?|
            How long is it to the next full hour, in minutes?|Count the minutes to the next full hour.|
            After how many minutes does the next hour begin?|
            The next full hour is how many minutes away?|How many minutes will pass before the hour is full?|
            How many minutes does the clock still need to the full hour, 60 if it is just full?""",
            "离下一个整点还有几分钟？|再过多少分钟长针回到顶端？|到下一个整点要多少分钟？|数一数距离整点的分钟数。|多少分钟后开始下一个小时？|下一个整点在几分钟后？|还要过多少分钟才到整点？|时钟走到整点还差几分钟？",
        ),
    },
    "dice": {
        "sum": _forms("How many pips are there in all?|Add up all the dice.|What is the total of the dice?|Sum "
            "the numbers on the dice.|What do the dice come to together?|Count all the black dots on "
            "the dice.|What was thrown altogether?|Give the sum of the throw.",
            "一共有多少个点？|把所有骰子的点数加起来。|骰子点数之和是多少？|这些骰子总共多少点？|数一"
            "数所有黑点。|这次掷出的总点数是多少？|所有点数合计多少？|求点数总和。"),
        "even": _forms("What do the dice with even numbers add up to?|Add up only the even dice.|What is the "
            "sum of the even numbers shown?|Leave out the odd dice. What is the total of the "
            "rest?|Sum the dice that show 2, 4 or 6.|How many pips are on the dice with an even "
            "number?|Take the even dice: what is their sum?|What is the total without the odd dice?",
            "点数为偶数的骰子加起来是多少？|只把偶数点的骰子相加。|所示偶数之和是多少？|去掉奇数点的"
            "骰子，其余合计多少？|把显示 2、4 或 6 的骰子相加。|偶数点骰子上共有多少个点？|偶数骰子的"
            "和是多少？|不算奇数骰子，总和是多少？"),
        "spread": _forms("What is the difference between the highest and the lowest die?|By how much does the "
            "largest die exceed the smallest?|Subtract the lowest number shown from the highest.|How "
            "far apart are the highest and the lowest die?|Highest die less lowest die: what is "
            "it?|What is the range of the throw?|How many pips more has the best die than the "
            "worst?|Compare the largest with the smallest die: how many pips apart?",
            "最大与最小的骰子点数相差多少？|最大点数比最小点数多多少？|用最高点数减去最低点数。|最高"
            "和最低的骰子差几点？|最大骰子减最小骰子等于几？|这次掷骰的极差是多少？|点数最多的骰子比"
            "最少的多几点？|比较最大和最小的骰子，相差几点？"),
        "times": _forms(
            "Each pip is worth {k} points. How many points are that?|Multiply the sum of the dice by "
            "{k}.|What is {k} times the total of the dice?|Every pip counts {k}. What is the "
            "score?|You get {k} coins for each dot. How many coins do you get?|Take the whole throw "
            "{k} times: what is it?|If one pip is {k} steps, how many steps are all the dice?|With "
            "{k} points a dot, what is the total score?",
            "每个点值 {k} 分，共多少分？|把点数之和乘以 {k}。|总点数的 {k} 倍是多少？|每点计 {k} 分，"
            "得分是多少？|每个点得 {k} 枚硬币，一共得多少枚？|所有点数的 {k} 倍是几？|一个点走 {k} 步"
            "，全部骰子走多少步？|一点 {k} 分，总分是多少？"),
        "bottom": _forms(
            "Opposite faces of a die add up to 7. What is the sum of the faces at the bottom?|What "
            "do the hidden bottom faces add up to, if opposite faces make 7?|Turn every die over "
            "(opposite faces sum to 7): what is the new total?|With opposite faces making 7, how "
            "many pips lie underneath in all?|Each die has 7 on two opposite faces together. Add up "
            "the faces below.|What is the total on the undersides, opposite faces summing to "
            "7?|Opposite faces sum to 7. How many pips touch the table?|How many pips would show if "
            "every die were turned upside down (opposite faces make 7)?",
            "骰子相对两面之和为 7，底面点数之和是多少？|若对面之和为 7，朝下的面合计多少点？|把每个骰"
            "子翻过来（对面和为 7），总点数是多少？|对面相加为 7，压在下面的点共有多少？|每个骰子相对"
            "面共 7 点，求底面之和。|对面和为 7 时，底部总点数是多少？|相对面之和是 7，贴着桌面的点有"
            "多少个？|若全部翻转（对面和为 7），会看到多少点？"),
    },
    "tiles": {
        "row": _forms("What is the sum of row {r}, counted from the top?|Add up the numbers in row {r} from "
            "the top.|Which total has row {r} (from the top)?|Sum row number {r}, counting from "
            "above.|What do the tiles of row {r} from the top make together?|Row {r} from the top: "
            "what is its sum?|Take row {r}, the top one being 1, and add it up.|Give the total of "
            "the tiles in row {r} from the top.",
            "从上往下第 {r} 行的和是多少？|把从上数第 {r} 行的数相加。|第 {r} 行（从上数）合计多少？|"
            "求从上往下第 {r} 行之和。|自上而下第 {r} 行的数加起来是多少？|从上数第 {r} 行，总和是几"
            "？|以最上面为第 1 行，第 {r} 行的和是多少？|请给出从上数第 {r} 行的总和。"),
        "column": _forms(
            "What is the sum of column {c}, counted from the left?|Add up the numbers in column {c} "
            "from the left.|Which total has column {c} (from the left)?|Sum column number {c}, "
            "counting from the left.|What do the tiles of column {c} from the left make "
            "together?|Column {c} from the left: what is its sum?|Take column {c}, the leftmost "
            "being 1, and add it up.|Give the total of the tiles in column {c} from the left.",
            "从左往右第 {c} 列的和是多少？|把从左数第 {c} 列的数相加。|第 {c} 列（从左数）合计多少？|"
            "求从左往右第 {c} 列之和。|自左而右第 {c} 列的数加起来是多少？|从左数第 {c} 列，总和是几"
            "？|以最左边为第 1 列，第 {c} 列的和是多少？|请给出从左数第 {c} 列的总和。"),
        "spread": _forms(
            "What is the largest number less the smallest?|Subtract the smallest number on the tiles "
            "from the largest.|How far apart are the highest and the lowest number?|What is the "
            "difference between the largest and the smallest tile?|By how much is the greatest "
            "number above the least?|Find the range of the numbers.|Largest minus smallest: what is "
            "it?|What is the gap between the extremes?",
            "最大的数减最小的数是多少？|用最大的数减去最小的数。|最大与最小的数相差多少？|最大和最小"
            "的数字之差是多少？|最大的数比最小的数大多少？|求这些数的极差。|最大减最小等于几？|两个极"
            "端值差多少？"),
        "product": _forms(
            "Multiply the tile in row {r}, column {c} by the tile in the upper left corner.|What is "
            "the product of the upper left tile and the one in row {r}, column {c}?|Take the number "
            "at row {r}, column {c} times the first number at the upper left.|Row {r}, column {c} "
            "times row 1, column 1: what is it?|Find the tile in row {r} and column {c} and multiply "
            "it by the upper left one.|What do the upper left number and that of row {r}, column {c} "
            "give when multiplied?|Product of row {r}, column {c} with the corner at the upper "
            "left?|How much is the number in row {r}, column {c} multiplied by the upper left number?",
            "第 {r} 行第 {c} 列的数乘以左上角的数是多少？|左上角的数与第 {r} 行第 {c} 列的数之积是多"
            "少？|把第 {r} 行第 {c} 列和左上角的数相乘。|第 {r} 行第 {c} 列乘第 1 行第 1 列等于几？|"
            "找到第 {r} 行第 {c} 列的数，乘以左上角的数。|左上角与第 {r} 行第 {c} 列相乘得多少？|求第"
            " {r} 行第 {c} 列与左上角之积。|第 {r} 行第 {c} 列的数乘左上角的数得几？"),
        "above": _forms("How many tiles show more than 50?|Count the numbers above 50.|How many of the numbers "
            "are greater than 50?|On how many tiles is the number over 50?|Number of tiles beyond "
            "50?|How often is a number larger than 50?|Count the tiles whose number exceeds 50.|Tell "
            "me how many numbers are higher than 50.",
            "有几块的数大于 50？|数一数大于 50 的数。|比 50 大的数有几个？|多少块上的数超过 50？|超过"
            " 50 的有几块？|大于 50 的数出现几次？|统计数字大于 50 的块数。|高于 50 的数有多少个？"),
    },
    "rectangle": {
        "area": _forms("What is the area of the rectangle?|Work out the area.|How large is the coloured "
            "area?|Find the area of the figure in square units.|How many unit squares fit into "
            "it?|Calculate the area from the two sides.|What area has this rectangle?|Give the area "
            "of the shape.",
            "长方形的面积是多少？|求面积。|涂色部分有多大？|求图形的面积（平方单位）。|里面能放多少个"
            "单位正方形？|根据两边计算面积。|这个长方形面积是几？|请给出图形的面积。"),
        "perimeter": _forms(
            "What is the perimeter of the rectangle?|Work out the perimeter.|How long is the way "
            "round it?|How long is its outline?|Find the sum of all four sides.|Calculate the "
            "perimeter from the two sides.|What length of fence goes round it?|Give the perimeter of "
            "the shape.",
            "长方形的周长是多少？|求周长。|绕一圈有多长？|轮廓线有多长？|四条边之和是多少？|根据两边"
            "计算周长。|围一圈栅栏要多长？|请给出图形的周长。"),
        "half": _forms("What is the area of one half if it is cut along a diagonal?|A diagonal makes two "
            "triangles. What is the area of one?|What is half of the area?|Cut it corner to corner: "
            "how large is one piece?|How large is the triangle below the diagonal?|The rectangle is "
            "split into two equal triangles. Give the area of one.|What area has half of this "
            "rectangle?|Find the area of the triangle that a diagonal cuts off.",
            "沿对角线剪开，一半的面积是多少？|对角线分成两个三角形，其中一个面积是多少？|面积的一半是"
            "多少？|从一角剪到对角，一块有多大？|对角线下方的三角形有多大？|长方形分成两个相同的三角"
            "形，求其一的面积。|半个长方形的面积是几？|求对角线切下的三角形的面积。"),
        "scaled": _forms(
            "If both sides were {k} times as long, what would the area be?|Enlarge the rectangle {k} "
            "times in both directions: which area has it?|Both sides grow to {k} times their length. "
            "What is the new area?|What is the area after scaling the sides by {k}?|Make length and "
            "width {k} times as large. How large is the area?|With every side {k} times as long, "
            "what area results?|What area has a copy whose sides are {k} times as long?|A plan shows "
            "this at 1 to {k}. What is the real area?",
            "若两边都变为原来的 {k} 倍，面积是多少？|长和宽都扩大到 {k} 倍，面积是多少？|边长变成 "
            "{k} 倍后的新面积是几？|各边乘以 {k} 之后面积是多少？|长宽各为原来的 {k} 倍，面积多大？|"
            "每边长 {k} 倍，得到多大面积？|边长为 {k} 倍的复制图形面积是多少？|图按 1 比 {k} 绘制，实"
            "际面积是多少？"),
    },
    "thermometer": {
        "now": _forms("What temperature does the thermometer show?|Read the thermometer.|How many degrees is "
            "it?|Which temperature is shown?|Where does the red column end, in degrees?|Look at the "
            "scale: how many degrees?|Give the temperature in the picture.|How warm or cold is it, "
            "in degrees?",
            "温度计显示多少度？|请读出温度。|现在是多少度？|图中的温度是多少？|红柱的顶端在多少度？|"
            "看刻度，是几度？|请给出图里的温度。|有多少度？"),
        "fall": _forms("What will it show if it gets {k} degrees colder?|The temperature falls by {k} degrees. "
            "What is it then?|Take {k} degrees off the reading.|At night it is {k} degrees colder. "
            "How many degrees is that?|Subtract {k} from the temperature shown.|What is the reading "
            "after a drop of {k} degrees?|And {k} degrees below this?|Cool it by {k} degrees: what "
            "does the scale say?",
            "若降低 {k} 度，会显示多少度？|温度下降 {k} 度后是多少？|把读数减去 {k} 度。|夜里冷了 "
            "{k} 度，是多少度？|所示温度减 {k} 是几？|下降 {k} 度后的读数是多少？|比这低 {k} 度是多少"
            "度？|冷却 {k} 度，刻度是多少？"),
        "rise": _forms("What will it show if it gets {k} degrees warmer?|The temperature rises by {k} degrees. "
            "What is it then?|Add {k} degrees to the reading.|At noon it is {k} degrees warmer. How "
            "many degrees is that?|Add {k} to the temperature shown.|What is the reading after a "
            "rise of {k} degrees?|And {k} degrees above this?|Warm it by {k} degrees: what would the "
            "reading be?",
            "若升高 {k} 度，会显示多少度？|温度上升 {k} 度后是多少？|把读数加上 {k} 度。|中午暖了 "
            "{k} 度，是多少度？|所示温度加 {k} 是几？|上升 {k} 度后的读数是多少？|比这高 {k} 度是多少"
            "度？|加热 {k} 度，读数会是多少？"),
        "fahrenheit": _forms(
            "The scale is in degrees Celsius. What is that in Fahrenheit?|Convert the temperature "
            "shown from Celsius to Fahrenheit.|How many degrees Fahrenheit are the Celsius degrees "
            "shown?|Read the Celsius scale and give Fahrenheit.|It shows Celsius: express it in "
            "Fahrenheit.|What would a Fahrenheit thermometer say, if this one shows Celsius?|Turn "
            "the Celsius reading into Fahrenheit.|Fahrenheit, please; the picture is in Celsius.",
            "刻度为摄氏度，换成华氏是多少？|把所示摄氏温度换算成华氏。|图中的摄氏度等于多少华氏度？|"
            "读出摄氏温度并换成华氏度。|图示为摄氏，用华氏表示是多少？|若这是摄氏，华氏温度计会显示多"
            "少？|将摄氏读数转为华氏。|请用华氏度作答，图中为摄氏。"),
    },
}  # fmt: skip
