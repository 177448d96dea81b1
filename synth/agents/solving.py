"""How the tasks of MiniWoB++ are done: for each page, what to press and type, read from its document and utterance.

Each answer is a script's body that gives a list of moves, or raises where the task has two right answers or none that
a press can reach. `told` is the utterance; see the first lines for the rest of the words. Pages that have but a few
thousand different episodes are left out, as they would repeat.
"""

from __future__ import annotations

_WORDS = r"""
  let count = 0;
  const all = css => [...document.querySelectorAll(css)];
  const told = core.getUtterance();
  const quoted = index => told.match(/"([^"]+)"/g)[index].slice(1, -1);
  const only = list => { if (list.length !== 1) throw 'not one'; return list[0]; };
  const saying = (css, text) => only(all(css).filter(each => each.textContent.trim() === text));
  const tap = (el, label, about = 'press') => {
    if (!el) throw 'none';
    if (!el.dataset.aim) el.dataset.aim = ++count;
    return {kind: 'tap', target: `[data-aim="${el.dataset.aim}"]`, label, about};
  };
  const fill = (el, label, text, thought = '') => {
    const first = tap(el, label, 'focus');
    return [first, {kind: 'type', target: first.target, label, text, about: 'type', thought}];
  };
  const submit = (name = 'Submit') => tap(only(all('#area button').filter(each => each.textContent.trim() === name)),
    name);
"""

TASKS: dict[str, str] = {
    "click-button": "return [tap(saying('#area button', quoted(0)), quoted(0))];",
    "click-button-sequence": "return [tap(saying('button', 'ONE'), 'ONE'), tap(saying('button', 'TWO'), 'TWO')];",
    "click-test-2": "return [tap(saying('button', 'ONE'), 'ONE')];",
    "click-link": "return [tap(saying('.alink', quoted(0)), quoted(0), 'item')];",
    "click-checkboxes": """
        const said = told.match(/^Select (.*) and click Submit\\.$/)[1];
        const wanted = said.split(', ').filter(each => each !== 'nothing');
        return [...wanted.map(name => tap(saying('#boxes label', name).querySelector('input'), name, 'item')),
          submit()];""",
    "click-option": """
        const name = told.match(/^Select (.*) and click Submit\\.$/)[1];
        return [tap(saying('#boxes label', name).querySelector('input'), name, 'item'), submit()];""",
    "click-tab": "const name = told.match(/Tab #\\d/)[0]; return [tap(saying('#area a', name), name, 'item')];",
    "click-collapsible-nodelay": "const top = only(all('#area h3')); return [tap(top, top.textContent.trim(), "
    "'item'), submit()];",
    "click-dialog": "return [tap(only(all('.ui-dialog-titlebar-close')), 'x')];",
    "click-dialog-2": """
        const name = quoted(0);
        return [tap(name === 'x' ? only(all('.ui-dialog-titlebar-close')) : saying('.ui-dialog-buttonset button',
          name), name)];""",
    "click-widget": "return [tap(only(all(`[data-type=${quoted(0)}]`)), quoted(0), 'item')];",
    "click-color": "const name = told.match(/the (\\w+) colored/)[1]; return [tap(only(all(`#area "
    "[data-color=${name}]`)), name, 'item')];",
    "enter-text": "return [...fill(all('#tt')[0], 'text field', quoted(0)), submit()];",
    "enter-text-2": """
        const text = told.includes('upper') ? quoted(0).toUpperCase() : quoted(0).toLowerCase();
        return [...fill(all('#tt')[0], 'text field', text, `In the right letters that is “${text}”. I type it.`),
          submit()];""",
    "enter-text-dynamic": "return [...fill(all('#tt')[0], 'text field', quoted(0)), submit()];",
    "enter-password": "return [...fill(all('#password')[0], 'Password', quoted(0)), ...fill(all('#verify')[0], "
    "'Verify password', quoted(0)), submit()];",
    "login-user": "return [...fill(all('#username')[0], 'Username', quoted(0)), ...fill(all('#password')[0], "
    "'Password', quoted(1)), submit('Login')];",
    "focus-text-2": "const which = +told.match(/\\d/)[0]; return [tap(all('#area input')[which - 1], `text box "
    "${which}`, 'item')];",
    "simple-algebra": """
        const said = all('#math-problem')[0].textContent.trim(), [, a, sign, b,
          end] = said.match(/(\\w+) (.) (\\w+) = (\\d+)/);
        const found = String(sign === '+' ? end - (a === 'x' ? b : a) : a === 'x' ? +end + +b : a - end);
        return [...fill(all('#math-answer')[0], 'answer', found, `From ${said} I get x = ${found} and type it.`),
          submit()];""",
    "read-table": """
        const name = told.match(/the value of (.*) into/)[1];
        const row = only(all('#tab tr').filter(each => each.children[0].textContent === name));
        const found = row.children[1].textContent;
        return [...fill(all('#tt')[0], 'text field', found, `The table says “${found}” for “${name}”. I type it.`),
          submit()];""",
    "find-word": """
        const which = parseInt(told.match(/(\\d+)\\w\\w word/)[1]);
        const word = all('#area p')[0].textContent.trim().split(/\\s+/)[which - 1].replace(/[^a-zA-Z]/g, '');
        return [...fill(all('#answer-input')[0], 'answer', word, `Word number ${which} is “${word}”. I type it.`),
          submit()];""",
}


def script(task: str) -> str:
    """The script that gives a task's moves, or null where it can't be solved. Raises KeyError for an unknown task."""
    return f"() => {{ try {{ {_WORDS} {TASKS[task]} }} catch (error) {{ return null; }} }}"
