// The lab, without dependencies: one module, joined from these files by page.py. It holds no rule of calculus, no number
// format and few words: those come from Python; the browser measures text, marks answers and replays tapes.

// ---- elements

// el("div.row", {attributes}, children…); the attributes may be left out
function el(name, props, ...children) {
	const [tag, ...classes] = name.split("."), made = document.createElement(tag);
	if (classes.length) made.className = classes.join(" ");
	return props?.constructor === Object ? filled(made, props, children) : filled(made, {}, [props, ...children]);
}

const by = (key, list) => Object.fromEntries(list.map((each) => [each[key], each]));
const every = (root, parts) => [...root.querySelectorAll(parts)];
const shape = (tag, props = {}, ...children) => filled(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

function filled(made, props, children = []) {
	for (const [key, value] of Object.entries(props)) {
		if (key.startsWith("on")) made[key] = value;
		else if ((value ?? false) !== false) made.setAttribute(key, value === true ? "" : value);
	}
	made.append(...children.flat(2).filter((child) => child || child === 0));
	return made;
}

const HIDDEN = { "aria-hidden": "true" }, LIVE = { "aria-live": "polite" };
const TYPED = { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" };
const button = (text, act, run, more = {}) => el("button", { type: "button", "data-act": act, onclick: run, ...more }, text);

// Caption and heads are one sentence of the table of words
function table(key, rows, ...values) {
	const [caption, ...heads] = say(key, ...values).split("|"), th = (scope) => (text) => el("th", { scope }, text);
	const body = rows.map(([first, ...rest]) => el("tr", th("row")(first), rest.map((cell, k) => el("td", { "data-head": heads[k + 1] }, cell))));
	return el("div.wide", el("table", el("caption", caption), el("thead", el("tr", heads.map(th("col")))), el("tbody", body)));
}

const told = (name, key, ...values) => el(name, say(key, ...values));
const press = (act, run, more) => button(say(act), act, run, more);
const named = (name, role, label, ...children) => el(name, { role, "aria-label": label }, ...children);
const toolbar = (key, ...buttons) => named("div.tools", "group", say(key), buttons);

// ---- numbers

const there = Number.isFinite;
const brief = (x, digits = 10) => (there(x) ? String(Number(x.toPrecision(digits))).replace(/^-/, "−") : "—");
const grouped = (n) => n.toLocaleString("en");
const up = (change) => (change === 0 ? "stays" : `${change > 0 ? "↑" : "↓"} ${brief(Math.abs(change))}`);

// ---- the state: what the learner did, kept by the host

const CLEARED = { typed: "", state: "empty", say: "" };
const EMPTY = { ...CLEARED, attempts: 0, hints: 0, revealed: false, first: null, seconds: 0 };

function recordOf(app) {
	const { id, text, title } = app.ex;
	return ((app.state.exercises ??= {})[id] ??= { text, title, boxes: {}, nudges: {}, events: [] });
}

const look = (app, view) => (app.shown ? app.shown(view) : recordOf(app)[view.kind][view.box.id]) ?? EMPTY;
const entryOf = (app, { box, kind }) => (recordOf(app)[kind][box.id] ??= { ...EMPTY });
const solved = (entry) => ["right", "revealed", "recorded"].includes(entry?.state);

function save(app) {
	if (app.ex) recordOf(app).changed = Date.now();
	clearTimeout(app.saving);
	app.saving = setTimeout(() => app.host.save(app.state), 150);
}

const log = (app, what, box = null) => recordOf(app).events.push({ what, box, at: new Date().toISOString() });

const asked = ({ ex, settings, boxes }) => (settings.compact ? ex.compact.map((id) => boxes[id]) : ex.boxes);
const isSolved = (app, { id }) => solved(recordOf(app).boxes[id]);
const countSolved = (app) => asked(app).filter((box) => isSolved(app, box)).length;
