"""The script of every page: what a press, a held press, a drag, a key does; the page's state and its own clock.

All state stands in the document, so that a picture shows it and `state()` reads it. Nothing asks the real clock:
`advance(ms)` lets time pass, so that the same actions always give the same page. All is within a function, as a page
that is written anew keeps the names of the one before.
"""

from __future__ import annotations

RUNTIME = r"""
(() => {
const page = {view: 'main', sheet: '', back: [], sent: [], toast: '', due: [], held: false, grip: null, expected: null};
const all = (css, root) => [...(root || document).querySelectorAll(css)];
const one = key => document.querySelector(`[data-key="${key}"]`);

function show() {
  for (const each of all('[data-view]')) each.hidden = each.dataset.view !== page.view;
  for (const each of all('[data-sheet]')) each.hidden = each.dataset.sheet !== page.sheet;
  for (const each of all('[data-place]')) each.setAttribute('aria-selected', each.dataset.place === page.view);
  for (const each of all('[data-root]')) each.hidden = (each.dataset.root === 'yes') !== (page.view === 'main');
  const toast = document.querySelector('.toast');
  toast.hidden = !page.toast; toast.textContent = page.toast;
}
function goto(view) { page.back.push(page.view); page.view = view; page.sheet = ''; show(); }
function back() {
  if (page.sheet) page.sheet = ''; else if (page.back.length) page.view = page.back.pop();
  show();
}
function later(ms, what) { page.due.push({ms, what}); }
function advance(ms) {
  const due = page.due.filter(each => each.ms <= ms);
  page.due = page.due.filter(each => each.ms > ms).map(each => ({ms: each.ms - ms, what: each.what}));
  for (const each of due) each.what();
}
function slide(slider, value) {
  const top = +slider.dataset.top;
  slider.dataset.value = Math.max(0, Math.min(top, value));
  slider.firstElementChild.style.left = `${100 * slider.dataset.value / top}%`;
  const told = document.querySelector(`[data-of="${slider.dataset.key}"]`);
  if (told) told.textContent = slider.dataset.value;
}
function under(slider, x) {
  const box = slider.getBoundingClientRect();
  return Math.round((x - box.left) / box.width * slider.dataset.top);
}
const acts = {
  toggle(el) { el.setAttribute('aria-checked', el.getAttribute('aria-checked') !== 'true'); },
  radio(el) {
    for (const each of all(`[data-group="${el.dataset.group}"]`)) each.setAttribute('aria-checked', each === el);
    one(el.dataset.group).dataset.value = el.dataset.value;
  },
  go(el) { goto(el.dataset.to); },
  open(el) { page.sheet = el.dataset.to; },
  close() { page.sheet = ''; },
  back,
  pick(el) {
    const owner = one(el.dataset.owner);
    owner.dataset.value = el.dataset.value;
    owner.querySelector('[data-shown]').textContent = el.dataset.value;
    for (const each of all(`[data-owner="${el.dataset.owner}"]`)) each.setAttribute('aria-selected', each === el);
    page.sheet = '';
  },
  step(el) {
    const count = one(el.dataset.owner);
    count.dataset.value = Math.max(0, Math.min(9, +count.dataset.value + +el.dataset.by));
    count.textContent = count.dataset.value;
  },
  send(el) {
    page.sent.push(el.dataset.to); page.sheet = '';
    if (el.dataset.busy) {
      page.sheet = 'busy';
      later(1500, () => { page.sheet = ''; page.toast = el.dataset.done; show(); });
    } else page.toast = el.dataset.done;
  },
  gone() { held().hidden = true; held().dataset.value = 'gone'; page.sheet = ''; },
  pinned() { held().dataset.value = 'pinned'; held().parentNode.prepend(held());
    held().querySelector('[data-mark]').textContent = '★'; page.sheet = ''; },
};
const held = () => one(page.item);
function hold(target) {
  const item = target.closest('[data-held]');
  if (!item) return;
  page.item = item.dataset.key; page.sheet = item.dataset.held; page.held = true; show();
}
document.addEventListener('click', event => {
  if (page.held) { page.held = false; return; }
  if (page.moved) return;
  if (event.target.matches('.sheet') && page.sheet !== 'busy') { page.sheet = ''; show(); return; }
  const el = event.target.closest('[data-act]');
  if (!el) return;
  page.toast = '';
  acts[el.dataset.act](el); show();
});
document.addEventListener('contextmenu', event => { event.preventDefault(); hold(event.target); page.held = false; });
document.addEventListener('pointerdown', event => {
  page.moved = false; page.held = false;
  const slider = event.target.closest('.slider'), view = event.target.closest('.view');
  page.grip = slider ? {slider} : view && event.target.tagName !== 'INPUT' ? {view, y: event.clientY,
    top: view.scrollTop} : null;
  page.due = page.due.filter(each => !each.press);
  const target = event.target;
  if (event.button === 0) page.due.push({ms: 500, press: true, what: () => hold(target)});
});
document.addEventListener('pointermove', event => {
  for (const each of all('.thumb.over')) each.classList.remove('over');
  if (event.target.matches('.thumb')) event.target.classList.add('over');
  if (!page.grip || !event.buttons) return;
  if (page.grip.slider) slide(page.grip.slider, under(page.grip.slider, event.clientX));
  else if (Math.abs(event.clientY - page.grip.y) > 8) {
    page.moved = true; page.grip.view.scrollTop = page.grip.top + page.grip.y - event.clientY;
  }
});
document.addEventListener('pointerup', () => {
  page.grip = null;
  page.due = page.due.filter(each => !each.press);
});
document.addEventListener('wheel', event => {
  event.preventDefault();
  const view = all('.view').find(each => !each.hidden);
  if (view && !page.sheet) view.scrollTop += event.deltaY;
}, {passive: false});
document.addEventListener('keydown', event => {
  if (event.key === 'Escape') { back(); return; }
  const list = event.key === 'Enter' && event.target.dataset.filters;
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const each of all(`#${list} > *`)) each.hidden = each.dataset.value === 'gone' ||
    !each.textContent.toLowerCase().includes(wanted);
  event.target.blur();
});
function value(el) {
  if (el.matches('input,textarea')) return el.value;
  return el.hasAttribute('aria-checked') ? el.getAttribute('aria-checked') : el.dataset.value;
}
function state() {
  const found = {view: page.view, sheet: page.sheet, sent: page.sent.join('+')};
  for (const el of all('[data-key]')) found[el.dataset.key] = String(value(el));
  return Object.fromEntries(Object.entries(found).sort());
}
function expect(goal) { page.expected = Object.fromEntries(Object.entries({...state(), ...goal}).sort()); }
function done() { return page.expected !== null && JSON.stringify(state()) === JSON.stringify(page.expected); }
show();
for (const each of all('.slider')) slide(each, +each.dataset.value);
Object.assign(window, {page, all, show, advance, state, expect, done});
})();
"""
