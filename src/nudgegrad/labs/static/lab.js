// The lab, without dependencies. It holds no rule of calculus, no number format and few words: structure, sentences,
// exact answers and tapes come from Python; the browser measures text, marks answers and replays tapes.

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

// ---- one box

function bind(app, input, readonly) {
	const asks = input.dataset.nudge, box = app.boxes[asks ?? input.dataset.box], nudge = asks && box.nudge;
	const kind = asks ? "nudges" : "boxes", id = `${app.uid}-${kind}-${box.id}`, says = id + "-say";
	filled(input, { ...TYPED, id, enterkeyhint: "next", "aria-describedby": says, readonly });
	const view = { box, nudge, kind, input, made: input.parentNode, say: input.closest(".unit,.row").querySelector(".say") };
	Object.assign(view, { spoken: input.ariaLabel, asks: nudge || box });
	view.say.id = says;
	app.views.set(viewKey(input), view);
	update(app, view);
}

const viewKey = ({ dataset: { box, nudge } }) => box ?? "nudge " + nudge;

function listen(app) {
	for (const [type, run] of Object.entries({ focusin: focused, focusout: blurred, input: typed, keydown: keyed }))
		app.root.addEventListener(type, (event) => {
			const view = app.views.get(viewKey(event.target));
			if (view && !view.input.readOnly) run(app, view, event);
		});
	app.root.addEventListener("click", ({ target }) => {
		const asks = target.closest("[data-act=nudge]");
		if (asks) nudge(app, app.boxes[asks.value]);
	});
}

function update(app, view) {
	const { typed: text, state, say } = look(app, view), { input } = view;
	if (input.value !== text) input.value = text;
	input.size = Math.max(3, Math.min(18, text.length));
	input.ariaInvalid = state === "wrong" ? "true" : null;
	view.made.dataset.state = view.say.dataset.state = state;
	view.say.textContent = say;
}

function focused(app, view) {
	app.current = view;
	view.since = performance.now();
	for (const made of every(app.root, ".now, .used")) made.classList.remove("now", "used");
	view.made.classList.add("now");
	app.nodeViews[view.box.node]?.node.classList.add("now");
	for (const user of (!view.nudge && view.box.users) || []) {
		app.views.get("a:" + user)?.made.classList.add("used"); // computed before, used here
		app.nodeViews[user]?.slope.classList.add("used");
	}
	coach(app);
}

function blurred(app, view) {
	if (view.since) entryOf(app, view).seconds += Math.min(600, (performance.now() - view.since) / 1000);
	view.since = 0;
}

function typed(app, view) {
	Object.assign(entryOf(app, view), CLEARED, { typed: view.input.value });
	update(app, view);
	save(app);
	settle(app, view);
}

// To place everything anew is slow: only if something changed its size
function settle(app, view) {
	const { made, say, size, box } = view;
	slopes(app, box.node);
	view.size = `${made.offsetWidth} ${say.offsetHeight} ${app.nodeViews[box.node]?.slope.textContent}`;
	if (view.size !== size) arrange(app);
}

function keyed(app, view, event) {
	event.stopPropagation(); // a notebook has shortcuts of its own
	if (event.key !== "Enter" && event.key !== "?") return;
	event.preventDefault();
	(event.key === "?" ? hint : submit)(app, view);
}

function submit(app, view) {
	const { box, nudge, input, spoken } = view, entry = entryOf(app, view), typed = input.value;
	if (solved(entry)) return next(app, view);
	const found = nudge ? markNudge(nudge, typed) : mark(box, typed), state = WORDS["said-" + found.state] ? found.state : "empty";
	if (state !== "empty") {
		if (state !== "close") entry.attempts += 1;
		entry.first ??= typed;
	}
	Object.assign(entry, { typed, state, say: found.code === "exact" && !nudge ? "" : found.say });
	const boxes = asked(app), before = boxes.slice(0, boxes.indexOf(box)).find((b) => !isSolved(app, b));
	if (before && !nudge && state === "right") entry.say = say("before-its-turn", before.label);
	refresh(app, view);
	announce(app, `${spoken}: ${WORDS["said-" + state] ?? ""}. ${entry.say}`);
	if (solved(entry)) next(app, view);
	else input.select();
}

const stops = (app, root = app.root) => every(root, "input[data-box],input[data-nudge]").map((input) => app.views.get(viewKey(input)));

function next(app, view) {
	const all = stops(app), at = all.indexOf(view);
	const target = [...all.slice(at + 1), ...all.slice(0, at)].find((v) => !solved(look(app, v)));
	if (target) return target.input.focus();
	const more = app.screen === "forward";
	announce(app, say(more ? "values-filled" : "all-filled"));
	if (more) app.end.replaceChildren(press("backward", () => go(app, app.ex.id, "backward")));
	app.end.querySelector("button,h2")?.focus();
}

function refresh(app, view) {
	update(app, view);
	save(app);
	progress(app);
	settle(app, view);
	coach(app);
}

// ---- hints, reveal, hide

const withBox = (app, run) => (app.current ? run(app, app.current) : announce(app, say("choose")));

function hint(app, view) {
	const { box, asks: { hints } } = view, entry = entryOf(app, view);
	entry.hints = Math.min(hints.length, entry.hints + 1);
	entry.say = hints[entry.hints - 1];
	log(app, "hint", box.id);
	refresh(app, view);
	announce(app, entry.say);
}

function reveal(app, view) {
	const entry = entryOf(app, view), { shown } = view.asks;
	if (entry.state !== "right" && shown) Object.assign(entry, { typed: shown.replace("…", ""), state: "revealed", revealed: true, say: "" });
}

function revealThis(app, view) {
	log(app, "reveal", view.box.id);
	reveal(app, view);
	refresh(app, view);
	view.input.focus();
}

function withUndo(app, what, run) {
	app.undo = JSON.stringify(recordOf(app));
	run();
	changed(app, what);
	announce(app, say("done", what));
}

function changed(app, what) {
	log(app, what);
	save(app);
	render(app);
}

const revealAll = (app) => withUndo(app, "reveal all", () => app.views.forEach((view) => reveal(app, view)));

function hideAll(app) {
	const { boxes, nudges } = recordOf(app);
	withUndo(app, "hide all", () => [boxes, nudges].flatMap(Object.values).forEach((entry) => Object.assign(entry, CLEARED)));
}

function undo(app) {
	const { events } = recordOf(app);
	app.state.exercises[app.ex.id] = { ...JSON.parse(app.undo), events };
	app.undo = null;
	changed(app, "undo");
}

function announce(app, text) {
	if (app.status) app.status.textContent = text;
}

function progress(app) {
	const { ex, end, screen } = app, done = countSolved(app), all = asked(app).length, over = done === all;
	gauge(app, done, all);
	if (screen === "backward" && over === !end.firstChild) end.innerHTML = over ? ex.closing ?? "" : "";
}

function gauge(app, done, all) {
	Object.assign(app.bar, { max: all, value: done });
	app.count.textContent = say("of", done, all);
}

// ---- the stage

const GAP = 26, PAD = 12, HANG = 46, NARROW = 560;

// Python's HTML, in the official order; `arrange` gives its parts their places
function stage(app, { columns, readonly, visits, boxes = true }) {
	const { ex, settings } = app, { html } = ex, made = el("div.stage"), all = (parts) => every(made, parts);
	made.innerHTML = html.stage + (columns ? html[settings.compact ? "compact" : "columns"] : "");
	const absent = { ".box,.unit .say": !boxes, ".visits": !visits, ".chain": !settings.chain, ".unchained": settings.chain, ".question": !settings.ask || readonly, button: readonly };
	for (const [part, is] of Object.entries(absent)) if (is) all(part).forEach((e) => e.remove());
	const cells = all(".cell").map((cell) => {
		const { layer, row, leads } = cell.dataset, [equation, unit] = every(cell, ".node,.unit");
		return { name: equation.dataset.node, layer: Number(layer), row: Number(row), leads: leads === "", equation, unit, chips: every(cell, ".chip") };
	});
	const groups = all(".group").map((group) => ({ made: group, cell: cells.find((c) => c.name === group.dataset.node) }));
	Object.assign(app, { stage: made, drawn: ex, drawing: made.querySelector("svg"), cells, groups, nodeViews: {}, views: new Map() });
	for (const slope of all(".slope")) {
		const node = slope.closest(".chip") ?? slope.closest(".cell").querySelector(".node");
		app.nodeViews[node.dataset.node] = { node, slope };
	}
	for (const input of all("input")) bind(app, input, readonly);
	slopes(app);
	return made;
}

function slopes(app, only) {
	for (const view of app.views.values()) {
		const { kind, box } = view, found = app.nodeViews[box.node];
		if (kind === "boxes" && box.solved && found && (only ?? box.node) === box.node) found.slope.innerHTML = solved(look(app, view)) ? box.solved : "";
	}
}

// Measure, then set: columns of layers, wrapped into bands that fit the width, as words into lines
function arrange(app) {
	const { drawn: ex, drawing, stage: made, cells, groups } = app, width = made?.isConnected && made.clientWidth, narrow = width < NARROW;
	if (!width) return;
	const layers = [...new Set(cells.map((c) => c.layer))].sort((a, b) => a - b);
	made.classList.toggle("narrow", narrow);
	made.style.setProperty("--group", `${Math.min(width, narrow || layers.length * 360 < width ? 330 : 236)}px`);
	for (const e of every(made, ".at")) Object.assign(e, { w: e.offsetWidth, h: e.offsetHeight });
	const boxHeight = made.querySelector(".box,.visits")?.offsetHeight ?? 30;
	const put = (element, left, top) => Object.assign(element.style, { left: `${Math.round(left)}px`, top: `${Math.round(top)}px` });
	for (const cell of cells) {
		const { equation, unit, chips } = cell, lead = !narrow && cell.leads && chips[0], hanging = chips.slice(lead ? 1 : 0);
		const hangs = hanging.reduce((sum, chip) => sum + chip.h + 6, 0), wide = Math.max(equation.w, ...hanging.map((chip) => chip.w + HANG));
		Object.assign(cell, { lead, hanging, hangs, wide, box: unit.querySelector(".box,.visits")?.offsetWidth ?? 0, group: null });
	}
	for (const { cell, made: group } of groups) if (cell && !narrow) cell.group = group;
	let x = 0, top = 4;
	const bands = [], lines = [], tags = [], columns = layers.map((layer) => {
		const here = cells.filter((c) => c.layer === layer).sort((a, b) => a.row - b.row), most = (of) => Math.max(0, ...here.map(of));
		const lead = narrow ? 0 : most((c) => (c.lead?.w ?? 0) + GAP), inner = most((c) => c.wide + PAD + c.unit.w), stacked = lead + inner > width;
		return { layer, here, lead, stacked, width: lead + PAD + Math.max(stacked ? most((c) => Math.max(c.wide, c.unit.w)) : inner, most((c) => c.group?.w ?? 0)) };
	});
	for (const column of columns) {
		if (narrow || !bands.length || x + column.width > width + 1) (bands.push([]), (x = 0));
		Object.assign(column, { x, band: bands.length - 1 });
		for (const cell of column.here) cell.column = column;
		bands.at(-1).push(column);
		x += column.width;
	}
	const named = by("name", cells), edges = ex.edges.map(({ from, to, via }) => ({ from: named[from], to: named[to], via })).filter((edge) => edge.from && edge.to);
	for (const band of bands) {
		const rows = new Map(), center = new Map();
		const reach = (row, above, below) => rows.set(row, [Math.max(rows.get(row)?.[0] ?? 0, above), Math.max(rows.get(row)?.[1] ?? 0, below)]);
		for (const { here, stacked } of band)
			for (const { row, equation: { h }, unit, lead, hangs } of here) reach(row, Math.max(h, boxHeight, 32) / 2 + 4, 4 + (stacked ? h / 2 + hangs + unit.h + 8 : Math.max(h / 2 + hangs, unit.h - boxHeight / 2, (lead?.h ?? 0) - 16)));
		for (const { via } of edges) for (const [layer, row] of via) if (band.some((c) => c.layer === layer) && !rows.has(row)) reach(row, 9, 9);
		for (const row of [...rows.keys()].sort((a, b) => a - b)) {
			const [above, below] = rows.get(row);
			center.set(row, top + above);
			top += above + below + 10;
		}
		let bottom = top;
		for (const column of band) {
			column.center = center;
			let under = top + 4;
			for (const cell of column.here) {
				const { name, equation, unit, group, box, wide, lead, hanging } = cell, { w, h } = equation, y = center.get(cell.row), left = column.x + column.lead;
				let hang = y + h / 2;
				put(equation, left, y - h / 2);
				if (lead) (put(lead, column.x, y - 16), lines.push([`M${column.x + lead.w + 3},${y} H${left - 3}`, lead.dataset.node, name]));
				for (const chip of hanging) {
					hang += 6;
					put(chip, left + HANG, hang);
					lines.push([`M${left + HANG - 4},${hang + 16} H${left + 34} V${y + h / 2 + 2}`, chip.dataset.node, name]);
					hang += chip.h;
				}
				const unitLeft = column.stacked ? left : left + wide + PAD;
				put(unit, unitLeft, column.stacked ? hang + 8 : y - boxHeight / 2);
				if (!column.stacked) lines.push([`M${left + w},${y} H${unitLeft}`, name, ""]);
				Object.assign(cell, { x: left, y, right: column.stacked ? left + w : unitLeft + box, tagged: false });
				if (group) (put(group, left, under), (under += group.h + 10));
			}
			bottom = Math.max(bottom, under);
		}
		top = bottom;
	}
	for (const { made: group, cell } of groups) if (!cell?.group) (put(group, 0, top), (top += group.h + 10));
	for (const edge of edges) lines.push([route(edge, columns, narrow, tags), edge.from.name, edge.to.name]);
	const paths = lines.filter(([d]) => d).map(([d, from, to]) => shape("path", { d, "data-from": from, "data-to": to })), height = Math.ceil(top);
	made.style.height = `${height}px`;
	filled(drawing, { width, height });
	drawing.replaceChildren(drawing.firstChild, ...paths, ...tags.map(([text, x, y]) => shape("text", { x, y, class: "tag" }, text)));
}

// From the right of a value to the left of the statement that takes it; past other layers in rows of its own
function route({ from, to, via }, columns, narrow, tags) {
	const tip = to.x - 3, { band } = to.column, before = from.column.band;
	if (narrow) return band === before + 1 ? `M14,${from.y + from.equation.h / 2} V${to.y - to.equation.h / 2 - 2}` : ""; // else the equation tells
	if (before !== band) {
		const first = to.column === columns.find((c) => c.band === band), last = from.column === columns.findLast((c) => c.band === before);
		if (from.name.length < 4 && !to.tagged) tags.push([from.name, first ? 0 : tip - 20, to.y - 7]);
		to.tagged = true;
		return `${last ? `M${from.right + 2},${from.y} h14 ` : ""}M${first ? 2 : tip - 18},${to.y} H${tip}`;
	}
	let { y } = from, path = `M${from.right + 2},${y}`, edge = from.column.x + from.column.width;
	const bend = (x, width, end) => {
		path += Math.abs(end - y) < 1 ? ` H${x + width}` : ` H${x} C${x + width * 0.6},${y} ${x + width * 0.4},${end} ${x + width},${end}`;
		y = end;
	};
	for (const [layer, row] of via) {
		const column = columns.find((c) => c.layer === layer && c.band === band);
		if (!column || column === from.column || column === to.column) continue;
		bend(column.x - PAD / 2, PAD + 8, column.center.get(row));
		edge = column.x + column.width;
		path += ` H${edge - PAD / 2}`;
	}
	const start = Math.max(edge - PAD, from.right + 2);
	bend(start, Math.max(8, tip - start), to.y);
	return path;
}

// ---- nudging

function nudge(app, box) {
	const { ex, nodes } = app, by = box.by ?? box.node, of = box.by ? box.node : ex.output, size = 0.001;
	const m = (app.machine ??= machine(ex.tape)), before = m.forward(), after = m.replay(before, by, before[nodes[by].i] + size);
	const seen = ex.nodes.filter(({ name, i }) => name === of || (box.by ? name === by : after[i] !== before[i]));
	const rows = seen.map(({ name, i }) => [name, brief(before[i]), brief(after[i]), up(after[i] - before[i])]);
	app.panel = el("div.nudged", { "data-for": box.id }, table("nudged", rows, by, size));
	app.panel.insertAdjacentHTML("beforeend", box.heads);
	pulse(app, by, box.by && of);
	coach(app);
	announce(app, say("nudge-said", by, size, of, up(after[nodes[of].i] - before[nodes[of].i]), box.times));
}

function pulse({ ex, drawing }, from, only) {
	const reached = { [from]: 0 };
	for (const { name, args = [] } of ex.nodes) {
		const steps = args.map((a) => reached[a] + 1).filter(isFinite);
		if (steps.length && (!only || name === only)) reached[name] = Math.max(...steps);
	}
	for (const path of every(drawing, "path[data-from]")) {
		const { from: source, to } = path.dataset, lit = reached[source] >= 0 && (to ? reached[to] >= 0 : source !== from);
		path.classList.remove("pulse");
		path.style.animationDelay = `${(reached[source] ?? 0) * 0.35 + (to ? 0.2 : 0)}s`;
		path.getBoundingClientRect(); // starts the animation anew
		path.classList.toggle("pulse", lit);
	}
}

// ---- what stands under the stage

function coach(app) {
	const { coach: made, current, settings, views, panel } = app;
	if (!made) return;
	const box = current?.nudge ? null : current?.box, way = views.get("a:" + (box?.by ?? box?.node))?.box.way ?? [];
	const known = way.length > 1 && way.every(([id]) => !id || isSolved(app, { id }));
	const grows = way.map(([, factor, text]) => [factor && el("b", factor), el("span", text)]);
	const parts = [box && el("p", box.hints[0]), settings.chain && box?.once && el("p", box.once), known && named("p.amplifier", null, say("grows"), grows), panel];
	made.replaceChildren(...parts.filter(Boolean));
}

// Marking: the twin of answers.py and marking.py. A rational is [n, d], BigInts with d > 0, not always in lowest terms.

const WORDS = {};
const say = (key, ...values) => WORDS[key].replace(/\{(\d)\}/g, (_, k) => values[k]);
const BINDING = { "+": 1, "-": 1, "*": 2, "/": 2, "^": 4 };
const RAISED = "⁰¹²³⁴-⁹", PARTS = "¼-¾⅐-⅞↉";
const LETTER = `(?:[A-Za-z_]|[^\\x00-\\x7f${RAISED}⁺⁻${PARTS}])`, WORD = `${LETTER}(?:${LETTER}|[0-9])*`;
const PREFIX = RegExp(`(?:${WORD}(?: */ *${WORD})?)? *=`, "y");
const NUMBER = "([0-9.,]+)(?:[eE]([-+]?[0-9]+))?", LITERAL = RegExp(`^[-+]? *${NUMBER} *$`);
const DECIMAL = RegExp(NUMBER, "y"), VULGAR = RegExp(`([0-9]*)([${PARTS}])`, "y"), SUPERSCRIPT = RegExp(`([⁺⁻]?)([${RAISED}]+)`, "y");
const BEFORE = RegExp(`^([*/^)]|[⁺⁻]?[${RAISED}])`), SIGNLESS = RegExp(`^[(0-9.,${PARTS}]`);

const magnitude = (n) => (n < 0n ? -n : n);
function lowest([n, d]) {
	let [a, b] = [magnitude(n), magnitude(d)];
	while (b) [a, b] = [b, a % b];
	return d < 0n ? [-n / a, -d / a] : [n / a, d / a];
}
function rational(text) {
	const [n, d = "1"] = text.split("/");
	return [BigInt(n), BigInt(d)];
}
const plus = ([a, b], [c, d]) => [a * d + c * b, b * d];
const minus = ([a, b], [c, d]) => [a * d - c * b, b * d];
const times = ([a, b], [c, d]) => [a * c, b * d];
const over = ([a, b], [c, d]) => [a * d, b * c];
const absolute = ([n, d]) => [magnitude(n), d];
const negated = ([n, d]) => [-n, d];
const atMost = ([a, b], [c, d]) => a * d <= c * b;
const same = ([a, b], [c, d]) => a * d === c * b;
const tenTo = (e) => (e < 0 ? [1n, 10n ** BigInt(-e)] : [10n ** BigInt(e), 1n]);
const digitsIn = (n) => String(magnitude(n)).length;

function stop(at, ...what) {
	throw { message: say(...what), at };
}
const shortened = (text) => (text.length <= 24 ? text : text.slice(0, 23) + "…");
const LARGEST = 10n ** 300n;
function bounded(x, at) {
	const [n, d] = lowest(x);
	return magnitude(n) > LARGEST || d > LARGEST ? stop(at, "large") : [n, d];
}

function power([n, d], exponent, at) {
	if (exponent[1] !== 1n) stop(at, "power");
	if (!n && exponent[0] < 0n) stop(at, "zero");
	const e = magnitude(exponent[0]), bits = 4 * Math.max(magnitude(n).toString(16).length, d.toString(16).length) - 4;
	if (e > 1000n || bits * Number(e) > 1200) stop(at, "large"); // surely above the limit, and slow to compute
	return bounded(exponent[0] < 0n ? [d ** e, n ** e] : [n ** e, d ** e], at);
}

const OPERATIONS = { "+": plus, "-": minus, "*": times, "/": over };
function operate(sign, x, y, at) {
	if (sign === "^") return power(x, y, at);
	if (sign === "/" && !y[0]) stop(at, "zero");
	return bounded(OPERATIONS[sign](x, y), at);
}

function decimal(written, exponent, at) {
	const [points, commas] = [".", ","].map((sign) => written.split(sign).length - 1), quoted = shortened(written);
	if (points + commas === written.length) stop(at, "digitless", quoted);
	if (commas > 1 || (commas && (points || written.endsWith(",")))) stop(at, "commas", quoted);
	if (points > 1) stop(at, "points", quoted);
	const [whole, part = ""] = written.split(/[.,]/);
	if (commas && part.length === 3 && whole.length <= 3 && /[1-9]/.test(whole)) stop(at, "ambiguous", written, whole, part);
	if (Math.abs(exponent) > 300) stop(at, "large");
	const places = part.length - exponent, digits = (whole + part).replace(/^0+/, "").length;
	return { value: bounded(times([BigInt(whole + part), 1n], tenTo(-places)), at), places, digits };
}

const asRead = (typed) => typed // one character for one, so that offsets stay
	.replace(/[\u{10000}-\u{10ffff}]/gu, "\ufffd")
	.replace(/[\uff01-\uff5e]/g, (c) => c.normalize("NFKC"))
	.replace(/[\t-\r\u00a0\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]/g, " ")
	.replace(/[×·⋅∗∙]/g, "*").replace(/[÷∕⁄]/g, "/").replace(/[−–‐‑‒—]/g, "-").replace(/≈/g, "=");

// By descent: an operand takes the signs after it that bind at least so strongly
function read(typed) {
	const text = asRead(typed);
	let at = 0, last = "", start, found, depth = 0, literal;
	const take = (pattern) => {
		pattern.lastIndex = at;
		found = pattern.exec(text);
		if (!found) return false;
		start = at;
		[last] = found;
		at += last.length;
		while (text[at] === " ") at++;
		return true;
	};
	const refuse = (ready) => {
		const rest = text.slice(at), [here] = rest, name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest);
		if (!here) stop(at, last ? "after" : "nothing", last);
		if (name) stop(at, "name", shortened(name[0]));
		if (here === "=") stop(at, "equals");
		if (!ready && BEFORE.test(rest)) stop(at, "before", here);
		if (ready && SIGNLESS.test(rest)) stop(at, "sign", here);
		stop(at, "unknown", [...typed][at].replace(/^[\x00-\x1f\x7f-\x9f\ud800-\udfff]$/, "\ufffd"));
	};
	const operand = () => {
		let value;
		if (take(/-/y)) return negated(expression(4));
		if (take(/\+/y)) return operand();
		if (take(/\(/y)) {
			const opened = start;
			if (++depth > 50) stop(opened, "deep");
			value = expression(1);
			if (!take(/\)/y)) stop(opened, "unclosed");
			depth--;
		} else if (take(VULGAR)) value = bounded(plus([BigInt(found[1]), 1n], rational(found[2].normalize("NFKC").replace("⁄", "/"))), start); // 3½ is 3 + 1/2
		else if (take(DECIMAL)) ({ value } = literal = decimal(found[1], Number(found[2] ?? 0), start));
		else refuse(false);
		while (take(SUPERSCRIPT)) {
			const e = BigInt(found[2].normalize("NFKC"));
			value = power(value, [found[1] === "⁻" ? -e : e, 1n], start);
		}
		return value;
	};
	const expression = (least) => {
		let value = operand();
		for (;;) {
			const sign = text.startsWith("**", at) ? "^" : text[at], binding = BINDING[sign];
			if (sign && sign !== ")" && !binding) refuse(true);
			if (!(binding >= least)) return value;
			take(/\*\*|./y);
			const from = start;
			value = operate(sign, value, expression(sign === "^" ? 4 : binding + 1), from); // 2^3^2 is 2^(3^2)
		}
	};
	if (text.length > 200) stop(200, "long");
	take(/ */y);
	last = take(PREFIX) ? "=" : "";
	const plain = LITERAL.test(text.slice(at)), value = expression(1);
	if (at < text.length) stop(at, "unopened");
	return plain ? { ...literal, value } : { value, places: null, digits: null };
}

function readAnswer(text) { // {value, places, digits}, or {message, at} with `at` in code points
	try {
		return read(text);
	} catch (stopped) {
		if (stopped instanceof Error) throw stopped;
		return stopped;
	}
}

// A truth is [low, high]: one rational twice, or the ends around an irrational.
const interval = (truth) => (typeof truth === "string" ? [truth, truth] : truth).map(rational);

function ended([low, high]) { // all digits of a decimal that ends, without the zeros at its ends
	const [n, d] = lowest(low), scale = 10n ** BigInt(d.toString(2).length - 1);
	return same(low, high) && !(scale % d) && String((magnitude(n) * scale) / d).replace(/(?!^)0+$/, "");
}
const endsSoon = (truth, digits = ended(truth)) => digits && digits.length <= 6;

function leading(x) { // the e with 10^e <= abs(x) < 10^(e + 1)
	const e = digitsIn(x[0]) - digitsIn(x[1]);
	return atMost(tenTo(e), absolute(x)) ? e : e - 1;
}

const within = (x, y, distance) => atMost(absolute(minus(x, y)), distance);
const halfUnit = (e) => times(tenTo(e), [1n, 2n]);

function roundsTo({ value, places }, [low, high]) { // of a tie, both neighbours
	const half = halfUnit(-places);
	return atMost(minus(low, half), value) && atMost(value, plus(high, half));
}

function equals(answer, truth) {
	if (same(...truth) && same(truth[0], answer.value)) return "exact";
	return answer.digits >= 3 && roundsTo(answer, truth) && !endsSoon(truth) ? "rounded" : "";
}

const marked = (state, code, say) => ({ state, code, say });
const close = (code, ...what) => marked("close", code, say(...what));

function near(answer, truth) {
	const { value, places, digits } = answer, low = truth[0];
	const floats = within(value, low, times(low[0] ? absolute(low) : [1n, 1n], tenTo(-9)));
	const rounds = digits >= 2 && roundsTo(answer, truth);
	const missing = value[0] > 0n ? minus(low, value) : minus(value, low);
	const cut = digits >= 2 && missing[0] >= 0n && !atMost(tenTo(-places), missing);
	if (floats && ended(truth)) return close("float", "float");
	if (endsSoon(truth)) return (rounds || cut) && places > 0 ? close("digits", "ends") : null;
	if (rounds) return close("digits", "more");
	if (cut) return close("cut", "cut");
	if (floats) return close("float", "tail");
	return within(value, low, halfUnit(leading(low) - 1)) ? close("digits", digits === null ? "decimal" : "last") : null;
}

function atQuotient(answer, truth, rows = []) {
	for (const [written, sentence] of rows) {
		const quotient = interval(written), distance = absolute(minus(quotient[0], truth[0]));
		if (distance[0] && (equals(answer, quotient) || within(answer.value, quotient[0], over(distance, [1000n, 1n])))) return marked("close", "quotient", sentence);
	}
	return null;
}

const isBlank = (text) => !/[^ ]/.test(asRead(text));
const unreadable = (say) => marked("unreadable", "unreadable", say);
const recorded = () => marked("recorded", "recorded", say("recorded"));
function unread(text, { message, at }) {
	if (isBlank(text)) return marked("empty", "empty", "");
	return unreadable(at ? say("place", at + 1, message) : message);
}

function mark(box, text) {
	const answer = readAnswer(text);
	if (answer.message) return unread(text, answer);
	if (box.truth === undefined) return recorded();
	const truth = interval(box.truth), code = equals(answer, truth);
	if (code) return marked("right", code, say(code));
	const quotient = atQuotient(answer, truth, box.quotients);
	if (quotient) return quotient;
	const named = box.wrong?.find(([wrong]) => equals(answer, interval(wrong)));
	return named ? marked("wrong", "named", named[1]) : near(answer, truth) ?? marked("wrong", "otherwise", box.otherwise);
}

function markNudge(nudge, text) { // the change of J, or "3 nudges"
	const counted = / *nudges? *$/i.exec(asRead(text));
	const rest = counted ? [...text].slice(0, counted.index).join("") : text, answer = readAnswer(rest);
	if (answer.message) return counted && isBlank(rest) ? unreadable(say("count")) : unread(rest, answer);
	if (!nudge.changes) return recorded();
	const [changes, counts] = [nudge.changes, nudge.counts].map((truths) => truths.map(interval)), sought = counted ? counts : changes;
	const place = (value) => sought.findIndex((truth) => equals({ ...answer, value }, truth)), which = place(answer.value);
	if (which >= 0) return marked("right", nudge.codes[which], nudge.right);
	if (!counted && equals(answer, counts[0])) return marked("close", "unit", nudge.unit);
	if (place(negated(answer.value)) >= 0) return marked("wrong", "sign", nudge.turned);
	return near(answer, sought[0]) ?? near(answer, sought[1]) ?? marked("wrong", "otherwise", nudge.again);
}

// ---- tapes: values only, every rule comes with the tape

// Whole powers are exact, and rounded once where Number reads their decimals; Math.pow's are not the nearest numbers
function raised(x, z) {
	if (z === 2) return x * x;
	if (!x || !isFinite(x) || !Number.isInteger(z) || !z || Math.abs(z) > 64) return Math.pow(x, z);
	let whole = Math.abs(x), halvings = 0;
	for (; !Number.isInteger(whole); halvings++) whole *= 2;
	const n = BigInt(whole) ** BigInt(Math.abs(z)), places = halvings * Math.abs(z), sign = x < 0 && z % 2 ? "-" : "";
	if (z > 0) return Number(`${sign}${n * 5n ** BigInt(places)}e-${places}`);
	const digits = String(n).length + 99;
	return Number(`${sign}${(2n ** BigInt(places) * 10n ** BigInt(digits)) / n}1e-${digits + 1}`);
}

// The normal distribution: beyond x by a continued fraction, from 0 by its series
const density = (x, z = Math.fround(x)) => Math.exp(-z * z / 2) * Math.exp((z - x) * (z + x) / 2) / Math.sqrt(2 * Math.PI);
const outer = (x, f = 27) => { for (let n = 700; n; n--) f = x + n / f; return x > 39 ? 0 : density(x) / f; };
const inner = (q, sum = 0, term = 1) => { for (let n = 1; n < 25; n++) sum += (term *= -q / n) / (2 * n + 1); return 1 + sum; };

// Beside the functions of Math
const PRIMITIVES = {
	"+": (x, z) => x + z,
	"-": (x, z) => x - z,
	"*": (x, z) => x * z,
	"/": (x, z) => x / z,
	"**": raised,
	neg: (x) => -x,
	copy: (x) => x,
	step: (x) => +(x > 0),
	atan2: (x, z) => Math.atan2(x + 0, z),
	normal_cdf: (x) => (Math.abs(x) < 0.67 ? 0.5 + 0.3989422804014327 * x * inner(x * x / 2) : x < 0 ? outer(-x) : 1 - outer(x)),
	erf: (x) => (Math.abs(x) < 0.7 ? 1.1283791670955126 * x * inner(x * x) : Math.sign(x) * (1 - 2 * outer(Math.abs(x) * Math.SQRT2))),
};

// A formula as a function of its named numbers and of `fit`, which rounds to the format
const compiled = (formula) => {
	if (typeof formula === "number") return (_, fit) => fit(formula);
	if (typeof formula === "string") return (named) => named[formula];
	const [op, ...args] = formula, [f, g, h] = args.map(compiled);
	if (op === "wide") return (named, fit) => fit(f(named, Number)); // in float64, rounded once
	if (op === "where") return (named, fit) => (f(named, fit) > 0 ? g : h)(named, fit);
	const value = PRIMITIVES[op] ?? Math[op];
	if (!value) throw new Error(`no primitive ${op}`);
	return (named, fit) => fit(value(f(named, fit), g?.(named, fit)));
};

// Arrays go by the node's index; every operation is rounded to the format
const FITS = { float64: Number, float32: Math.fround };
const machine = (tape) => {
	const index = (node) => (typeof node === "string" ? tape.names[node] : node);
	const rows = {};
	for (const [name, { value, partials }] of Object.entries(tape.rows))
		rows[name] = { value: compiled(value), partials: partials.map((p) => p === null ? null : compiled(p)) };
	const nodes = tape.nodes.map(([kind, ...args]) => ({ row: rows[kind], args }));
	const named = (args, values) => ({ x: values[args[0]], z: values[args[1]], t: values[args[2]] });
	const value = ({ row, args }, values, fit) => row.value(named(args, values), fit);

	const forward = (inputs = {}, format = "float64") => {
		const fit = FITS[format], values = [];
		const given = new Map(Object.entries(inputs).map(([name, x]) => [index(name), x]));
		for (const [i, node] of nodes.entries()) {
			const [wide, narrow] = node.args;
			if (node.row) values.push(value(node, values, fit));
			else values.push(format === "float32" && narrow !== undefined ? narrow : fit(given.get(i) ?? wide));
		}
		return values;
	};

	// What depends on one node is computed anew, all else is held
	const replay = (values, node, nudged, format = "float64") => {
		const fit = FITS[format], start = index(node), found = values.slice(), moved = new Set([start]);
		found[start] = fit(nudged);
		for (let i = start + 1; i < nodes.length; i++) {
			if (!nodes[i].row || !nodes[i].args.some((j) => moved.has(j))) continue;
			found[i] = value(nodes[i], found, fit);
			moved.add(i);
		}
		return found;
	};

	const backward = (values, format = "float64") => {
		const fit = FITS[format], found = [];
		found[tape.output] = 1;
		for (let i = tape.output; i >= 0; i--) {
			const { row, args } = nodes[i], known = { ...named(args, values), y: values[i] };
			if (!row || !(i in found)) continue;
			for (const [k, partial] of row.partials.entries()) {
				if (!partial) continue;
				const term = fit(found[i] * partial(known, fit)), j = args[k];
				found[j] = j in found ? fit(found[j] + term) : term;
			}
		}
		return nodes.map((_, i) => found[i] ?? 0);
	};

	return { tape, index, forward, replay, backward };
};



// ---- slopes and nudges: pictures and tables of what the tape gives

const short = (x) => brief(x, 3);
const ten = (e) => (e ? `1e${e}` : "1");
const upTo = (n) => [...Array(n).keys()];
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

function choice(text, names, now, change) {
	const options = names.map((name) => el("option", { selected: name === now }, name));
	return el("label.field", text + " ", el("select", { onchange: ({ target }) => change(target.value) }, options));
}

function dial(key, change, limits = {}) {
	const made = el("input", { type: "range", ...limits, oninput: () => change(Number(made.value)) }), out = el("output");
	return [el("div.field", el("label", say(key), made), out), (value, said, more) => {
		filled(made, { ...more, "aria-valuetext": said });
		made.value = value;
		out.textContent = said;
	}];
}

function picture(draw) {
	const svg = shape("svg", { class: "plot", role: "img" }), place = el("div.picture", svg);
	let known = 0;
	new ResizeObserver(() => known !== (known = place.clientWidth) && draw()).observe(place);
	return svg;
}

const stride = (span, most) => [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(span / most))).find((step) => step * most > span * 0.999);

// An axis is [low, high, title, how a tick is said, smallest step]; a named row stands below
function frame(svg, [x0, x1, xTitle, xSay, xLeast = 0], [y0, y1, yTitle, ySay, yLeast = 0], row = "") {
	const ticks = (from, to, most, least) => {
		const step = Math.max(least, stride(to - from, most)), first = Math.ceil(from / step);
		return upTo(Math.floor(to / step) - first + 1).map((k) => (first + k) * step);
	};
	const width = svg.parentNode.clientWidth, height = Math.round(clamp(width * 0.6, 260, 400)), ys = ticks(y0, y1, height / 55, yLeast);
	const left = 14 + 7 * Math.max(...[row, ...ys.map(ySay)].map((t) => t.length)), right = width - 10, top = 54, floor = height - 42, bottom = floor - (row && 24);
	const X = (x) => left + ((x - x0) / (x1 - x0)) * (right - left), Y = (y) => clamp(bottom - ((y - y0) / (y1 - y0)) * (bottom - top), -9e3, 9e3);
	const view = [left, top, right - left, floor - top], inside = shape("svg", { x: left, y: top, width: view[2], height: view[3], viewBox: view.join(" ") }), said = [];
	const pen = (d, kind, into = inside) => into.append(shape("path", { d, class: kind }));
	const write = (x, y, text, anchor = "middle") => svg.append(shape("text", { x, y, "text-anchor": anchor }, text));
	filled(svg, { viewBox: `0 0 ${width} ${height}`, width, height });
	svg.replaceChildren();
	for (const t of ys) pen(`M${left},${Y(t)}H${right}`, "rule", svg), write(left - 6, Y(t) + 4, ySay(t), "end");
	for (const t of ticks(x0, x1, view[2] / 62, xLeast)) pen(`M${X(t)},${top}V${floor}`, "rule", svg), write(Math.min(X(t), right - 12), floor + 17, xSay(t));
	write(left - 6, floor - 5, row, "end");
	write((left + right) / 2, height - 6, xTitle);
	write(2, 12, yTitle, "start");
	svg.append(inside);
	return {
		X, Y, pen, floor,
		back: (px) => x0 + ((px - left) / view[2]) * (x1 - x0),
		dot: (x, y, r, kind) => svg.append(shape("circle", { cx: X(x), cy: there(y) ? clamp(Y(y), top, bottom) : floor - 9, r, class: kind })),
		trace(xs, values, kind) {
			let d = "", last;
			values.forEach((value, k) => {
				const y = there(value) ? Y(value) : NaN, apart = Math.min(y, last) < top - 9 && Math.max(y, last) > floor + 9; // across a pole
				if (there(y)) d += `${there(last) && !apart ? "L" : "M"}${X(xs[k])},${y}`;
				last = y;
			});
			pen(d, kind);
		},
		label(x, y, text, kind, end = x > (left + right) / 2) { // beside its place, clear of those before it
			const made = shape("text", { class: "label " + kind }, text);
			svg.append(made);
			const long = made.getComputedTextLength(), by = y > 99 ? -4 : 4;
			x = clamp(end ? x - long - 9 : x + 9, left + 3, right - long);
			y = clamp(y, 12, floor - 4);
			while (said.some(([a, b, l]) => Math.abs(y - b) < 16 && x < a + l + 6 && a < x + long + 6)) y += by;
			said.push([x, y, long]);
			filled(made, { x, y });
		},
	};
}

function slope(app, main) {
	const { ex, data, nodes } = app, { output: J, free: names } = ex, m = machine(ex.tape), out = ex.tape.output;
	let name, w, reach, places, xs, ys, low, high, f, e = 3;
	const at = (x) => {
		const values = m.forward({ [name]: x });
		return [x, values[out], m.backward(values)[nodes[name].i]];
	};
	const to = (x) => {
		const step = stride(reach, 120);
		w = clamp(Number((Math.round(x / step) * step).toPrecision(9)), -reach, reach);
		draw();
	};
	const svg = picture(() => draw()), words = el("p", LIVE), rows = el("div.nudges"), formula = el("ul.formula"), figures = el("div.printed");
	const [asW, showW] = dial("move", to), [asNudge, showNudge] = dial("nudge-size", (x) => draw((e = x)), { min: 0, max: 16 });
	const pick = (chosen) => {
		w = m.forward()[nodes[(name = chosen)].i];
		const size = Math.abs(w), s = size && (size < 0.1 || size > 10) ? 10 ** Math.floor(Math.log10(size)) : 1;
		reach = Math.max(5 * s, 1.5 * size);
		xs = upTo(201).map((k) => (k / 100 - 1) * reach);
		ys = xs.map((x) => at(x)[1]);
		places = [...new Set([w, 3 * s, 2 * s, -3 * s, s, 4 * s])].map(at).filter((p) => p.every(there)).slice(0, 3);
		const known = ys.filter(there).sort((a, b) => a - b), part = (q) => known[Math.round((known.length - 1) * q)] ?? 0;
		const window = [0, part(0.12), part(0.88), ...places.map((p) => p[1])]; // what is near a pole is left out
		[low, high] = [Math.min(...window), Math.max(...window)];
		const room = (high - low || 1) / 8;
		[low, high] = [low - room, high + room];
		tell();
		draw();
	};
	const draw = () => {
		if (!svg.parentNode.clientWidth) return;
		const now = at(w), [, v, d] = now, D = nodes[name].d, is = `${name} = ${brief(w)}`, ends = [-reach, reach];
		f = frame(svg, [...ends, name, short], [low, high, J, short]);
		f.trace(xs, ys, "curve");
		for (const [x, y, k] of [...places, now]) f.trace(ends, ends.map((t) => y + k * (t - x)), "tangent");
		for (const [x, y, k] of places) {
			f.dot(x, y, 4, "place");
			if (x !== w) f.label(f.X(x), f.Y(y) - 8, say("slope", short(k)), "bwd");
		}
		let run = stride(reach, 5);
		while (Math.abs(d * run) > 0.45 * (high - low) && there(d)) run /= 2;
		const side = w + run > reach ? -1 : 1, x = f.X(w + side * run), y = f.Y(v + side * d * run);
		if (there(v) && there(d)) {
			f.pen(`M${f.X(w)},${f.Y(v)}H${x}V${y}`, "triangle");
			f.label(x, (f.Y(v) + y) / 2 + 4, say("height", short(d * run)), "bwd", side < 0);
			f.label(f.X(w), f.Y(v) + (d * side < 0 ? -10 : 18), say("width", short(run)), "bwd", side < 0);
		}
		if (there(v)) f.dot(w, v, 8, "handle");
		const tangents = places.map(([x, , k]) => say("slope-at", short(k), short(x))).join(", ");
		filled(svg, { "aria-label": say("curve", J, name, is, brief(v), brief(d), tangents) });
		showW(w, is, { min: -reach, max: reach, step: stride(reach, 120) });
		showNudge(e, ten(-e));
		const goes = there(d) ? (d > 0 ? "goes-up" : d ? "goes-down" : "stays") : "no-slope";
		words.textContent = say(goes, is, J, brief(v), short(d * run), short(run), D, brief(d), name, brief(-d));
		const quotients = upTo(17).map((k) => {
			const h = Number(`1e-${k}`), after = at(w + h)[1], q = (after - v) / h;
			return [ten(-k), v, after, brief(after - v), q, short(Math.abs(q - d))].map(String);
		});
		rows.replaceChildren(table("quotients", quotients, is, J, name, D));
		rows.querySelectorAll("tbody tr")[e].setAttribute("aria-current", "true");
	};
	const tell = async () => {
		const by = name, found = ((data.derivatives ??= {})[ex.id] ??= (await app.host.ask?.("derivatives", { text: ex.text })) ?? {});
		if (by === name) formula.innerHTML = found[by]?.html ?? `<li>${say("too-long")}</li>`;
	};
	const compare = async () => {
		const found = [];
		for (const { exercise, of, by, nudge, printed } of data.figures.rows) {
			const its = (data.payloads[exercise] ??= await app.host.ask("exercise", { id: exercise }));
			const m = machine(its.tape), v = m.forward(), o = m.index(of), h = Number(nudge);
			const here = String((m.replay(v, by, v[m.index(by)] + h)[o] - v[o]) / h);
			found.push([here, here === printed && el("b", say("bit-for-bit"))]);
		}
		figures.innerHTML = data.figures.html;
		every(figures, "td:nth-child(3)").forEach((cell, k) => filled(cell, {}, found[k]));
	};
	const drag = (event) => event.buttons && to(f.back(event.clientX - svg.getBoundingClientRect().left));
	svg.classList.add("drag");
	svg.addEventListener("pointerdown", (event) => drag(event, svg.setPointerCapture(event.pointerId)));
	svg.addEventListener("pointermove", drag);
	const course = data.index.filter((each) => each.function);
	const others = course.map(({ id, function: name, program }) => button(name, "function", () => go(app, id, "slope"), { "aria-current": program === ex.program && "true" }));
	const inputs = names[1] ? choice(say("input"), names, names[0], pick) : "";
	main.append(toolbar("functions", others), inputs, svg.parentNode, asW, words, asNudge, rows, told("h2", "derivative"), formula, figures);
	pick(names[0]);
	compare();
}

function bench(app, main) {
	const { ex, host, settings } = app, J = ex.output, m = machine(ex.tape), out = ex.tape.output, E = Math.log10(2);
	const known = ((app.data.benches ??= {})[ex.id] ??= {}), names = ex.nodes.map((n) => n.name).filter((n) => host.ask || known[n]);
	const now = (settings.bench ??= { stencil: "one-sided", format: "float64", h: 0.001 });
	if (!names.includes(now.node)) now.node = names.find((n) => ex.free.includes(n)) ?? names[0];
	const svg = picture(() => draw()), chain = el("p.chain"), rows = el("div.measures"), verdict = el("p", LIVE);
	const change = (what) => {
		Object.assign(now, what);
		save(app);
		draw();
	};
	const pick = (what, names) => choice(what, names, now[what], (value) => change({ [what]: value }));
	const found = () => known[now.node]?.[now.format]?.[now.stencil];
	const said = (h) => (Number.isInteger(Math.log2(h)) ? `2^${Math.log2(h)} = ${short(h)}` : brief(h));
	const [asNudge, showNudge] = dial("nudge-size", (k) => change({ h: 2 ** k })), best = press("best", () => change({ h: found().h }));
	const draw = async () => {
		const { node, stencil, format } = now, { i, d: D } = app.nodes[node];
		known[node] ??= (await host.ask("bench", { text: ex.text, node })) ?? {};
		if (node !== now.node || !svg.parentNode.clientWidth) return;
		const b = found(), c = b?.curve ?? { h: [] }, low = Math.floor(c.h[0] ?? -30), high = Math.max(6, Math.ceil(c.h.at(-1) ?? 6));
		const values = m.forward({}, format), truth = m.backward(m.forward())[i];
		const at = (h) => {
			const above = m.replay(values, i, values[i] + h, format), below = stencil === "two-sided" ? m.replay(values, i, values[i] - h, format) : values;
			const q = (above[out] - below[out]) / (above[i] - below[i]), error = Math.abs(q - truth);
			return { h, q, above, error, x: Math.log10(Math.abs(h)), y: Math.log10(error) };
		};
		const mine = at(now.h), ours = b?.h && at(b.h), dots = upTo(high - low + 1).map((k) => at(1.1 * 2 ** (low + k))), bar = ours ? Math.log10(b.bar) : NaN;
		showNudge(Math.round(mine.x / E), said(now.h), { min: low, max: high });
		best.disabled = !ours;
		const moved = ex.nodes.filter(({ name, i }) => name === node || name === J || mine.above[i] !== values[i]);
		chain.replaceChildren(...moved.flatMap(({ name, i }, k) => [k ? " → " : "", el("span", `${name} ${up(mine.above[i] - values[i])}`)]));
		const line = (key, p, bar) => [say(key, said(p.h)), String(p.q), brief(truth), short(p.error), bar];
		rows.replaceChildren(table("measured", [line("yours", mine, ""), ...(ours ? [line("ours", ours, short(b.bar))] : [])], stencil, format, D));
		verdict.textContent = known[node].error?.message ?? b?.says ?? say("no-value", J, format);
		const heights = [...[...dots, mine].map((p) => p.y), bar].filter(there), bottom = Math.floor(Math.min(0, ...heights)), top = Math.max(bottom + 2, Math.ceil(Math.max(bottom, ...heights)));
		const f = frame(svg, [low * E, high * E + 0.2, say("size"), ten, 1], [bottom, top, say("error"), ten, 1], [...dots, mine].some((p) => p.error === 0) ? say("no-error") : "");
		const mark = (x, y, kind, text) => (f.pen(`M${f.X(x)},0V999`, kind), f.label(f.X(x), y, text, kind));
		const put = (p, r, kind) => there(p.error) && f.dot(p.x, p.y, r, kind);
		mark(-3, 48, "course", say("the-courses"));
		if (ours) {
			f.pen(`M${f.X(ours.x) - 9},${f.floor}V${there(bar) ? f.Y(bar) : f.floor - 18}h18V${f.floor}`, "bar");
			mark(ours.x, 31, "best", say("best-bar", b.h_text, short(b.bar)));
		}
		for (const kind of c.h.length ? ["rounding", "truncation"] : []) {
			const rising = kind === "truncation", part = c[kind];
			f.trace(c.h.map((x) => x * E), part, kind);
			const k = rising ? part.findLastIndex(there) : part.findIndex(there);
			if (k >= 0) f.label(f.X(c.h[k] * E), Math.max(68, f.Y(part[k]) - 9), kind, kind, rising);
		}
		for (const p of dots) put(p, 3, "measured");
		put(mine, 8, "handle");
		if (there(mine.error)) f.label(f.X(mine.x), (mine.error ? f.Y(mine.y) : f.floor - 9) - 13, say("your-nudge"), "now", ours ? mine.x > ours.x : undefined);
		filled(svg, { "aria-label": say(ours ? "errors" : "errors-alone", said(now.h), short(mine.error), b?.h_text, short(b?.bar)) });
	};
	const choices = [pick("node", names), pick("stencil", ["one-sided", "two-sided"]), pick("format", ["float64", "float32"])];
	const sizes = [0.1, 1e-3, 1e-8, 1e-15].map((h) => button(brief(h), "size", () => change({ h })));
	main.append(toolbar("what", choices), asNudge, toolbar("sizes", sizes, best), chain, rows, svg.parentNode, told("p", "legend"), verdict);
}

// ---- screens

const SCREENS = { forward: fill, backward: fill, show, slope, bench, why, results };
const THEMES = { auto: "dark", dark: "light", light: "auto" };
const OF_A_SCREEN = ["current", "panel", "stage", "coach", "bar", "end", "shown", "machine", "playing"];

function render(app) {
	clearTimeout(app.playing);
	const { root, ex, screen, settings } = app, main = el("div.main"), { activeElement: active } = document;
	for (const name of OF_A_SCREEN) app[name] = null;
	Object.assign(app, { views: new Map(), nodeViews: {}, groups: [], status: el("p.status", { role: "status" }) });
	Object.assign(root.dataset, { theme: settings.theme, screen });
	const theme = THEMES[settings.theme];
	root.replaceChildren(
		el("div.top", ex ? press("start", () => go(app)) : el("span"), button(theme, "theme", () => set(app, { theme }), { "aria-label": say("theme", settings.theme, theme) })),
		el("h1", ex ? ex.title || shortened(ex.program) : say("lab")),
	);
	if (ex && !ex.large) {
		const tab = (name) => press("screen-" + name, () => go(app, ex.id, name), { "aria-current": name === screen && "page" });
		root.insertAdjacentHTML("beforeend", `<p class="given">${ex.html.given}</p>`);
		root.append(named("div.tabs", "navigation", say("screens"), app.screens.map(tab)));
	}
	root.append(app.status, main);
	({ ...SCREENS, start, overview })[screen](app, main);
	arrange(app);
	const key = active?.id || active?.dataset.act; // what had the focus keeps it
	if (key) root.querySelector(`[id="${key}"],[data-act="${key}"]`)?.focus();
}

function set(app, change) {
	Object.assign(app.settings, change);
	save(app);
	render(app);
}

// A route: #/ or #/nw1/backward or #/own-…/forward/TEXT
function go(app, id, screen, text = id?.startsWith("own") && app.data.payloads[id]?.text) {
	const route = `#/${id ? `${id}/${screen}` : ""}${text ? "/" + encodeURIComponent(text) : ""}`;
	if (app.hash && location.hash !== route) location.hash = route;
	else follow(app, route);
}

async function follow(app, route) {
	const [, id, screen, ...text] = route.split("/");
	Object.assign(app, { ex: null, screen: "start", undo: null });
	if (!id) return render(app);
	let found = app.data.payloads[id], problem = say("python");
	try {
		found ??= await app.host.ask?.("exercise", text.length ? { text: decodeURIComponent(text.join("/")) } : { id });
		problem = found?.error?.message ?? problem;
	} catch (error) {
		problem = error.message;
	}
	if (found && !found.error) return open(app, found, screen);
	render(app);
	announce(app, say("closed", id, problem));
}

function take(app, ex) {
	Object.assign(app, { ex, nodes: by("name", ex.nodes), boxes: by("id", [...ex.boxes, ex.own ?? {}]) });
}

function open(app, ex, screen) {
	const { large, answers, id } = ex, { data, host } = app;
	data.payloads[id] = ex;
	const absent = { show: !answers, why: !ex.why, slope: !answers, bench: !answers || !(host.ask || data.benches?.[id]) };
	app.screens = large ? ["overview"] : Object.keys(SCREENS).filter((name) => !absent[name]);
	app.screen = app.screens.includes(screen) ? screen : app.screens[0];
	take(app, ex);
	render(app);
}

function start(app, main) {
	const card = ({ id, title, program, boxes }) => {
		const done = Object.values(app.state.exercises?.[id]?.boxes ?? {}).filter(solved).length;
		const words = [el("strong", title || id), el("code", program), el("small", say(done ? "some" : "boxes", boxes, Math.min(done, boxes)))];
		return el("li", el("button.card", { type: "button", "data-exercise": id, onclick: () => go(app, id, "forward") }, words));
	};
	main.append(told("h2", "exercises"), el("ul.cards", (app.data.index ?? []).map(card)), told("h2", "own"));
	if (app.host.ask) return own(app, main);
	main.append(told("p", "offline"));
}

function own(app, main) {
	const id = app.uid + "-own", preview = el("div.preview");
	let timer;
	const later = () => {
		clearTimeout(timer);
		timer = setTimeout(read, 120);
	};
	const enter = async ({ key }) => key === "Enter" && (await read()) && preview.querySelector("[data-act]").click();
	const input = el("input.program", { ...TYPED, id, value: app.settings.own ?? say("example"), oninput: later, onkeydown: enter });
	const correct = (text) => {
		input.value = text;
		input.focus();
		read();
	};
	const read = async () => {
		clearTimeout(timer);
		const text = input.value, found = await app.host.ask("exercise", { text }), { error } = found;
		if (text !== input.value || !input.isConnected) return false;
		input.toggleAttribute("aria-invalid", Boolean(error));
		announce(app, error?.message ?? "");
		preview.replaceChildren(...(error ? mistake(text, error, correct) : []));
		if (error) return false;
		app.settings.own = text;
		app.data.payloads[found.id] = found;
		preview.append(button(say(found.large ? "open-overview" : "open", found.boxes.length), "open", () => go(app, found.id, "forward")));
		if (found.large) return true;
		take(app, found);
		preview.append(stage(app, { boxes: false }));
		arrange(app);
		app.ex = null;
		return true;
	};
	main.append(el("label", { for: id }, say("program")), input, preview);
	read();
}

const mistake = (text, { message, start = 0, end = start + 1, help, fixed }, correct) => [
	el("pre.caret", { "aria-hidden": "true" }, text.slice(0, start), el("mark", text.slice(start, end) || " "), text.slice(end)),
	el("p.say", { "data-state": "wrong" }, message),
	el("p", help ?? ""),
	...(fixed ? [button(say("correct", fixed), "correct", () => correct(fixed))] : []),
];

const meter = (app, key) => el("div.progress", (app.bar = el("progress", { "aria-label": say(key) })), (app.count = el("span")));

function fill(app, main) {
	const { ex, settings, screen } = app, columns = screen === "backward";
	const toggle = (name) => {
		const id = `${app.uid}-${name}`, change = () => set(app, { [name]: !settings[name] });
		return el("span", el("input", { type: "checkbox", id, checked: settings[name], onchange: change }), el("label", { for: id }, say("switch-" + name)));
	};
	const switches = columns ? ["chain", "ask", "compact", "table"] : ["table"];
	main.append(meter(app, "meter"), named("div.switches", "group", say("switches"), switches.map(toggle)));
	if (!columns) main.insertAdjacentHTML("beforeend", ex.network ?? "");
	const made = stage(app, { columns });
	main.append(
		settings.table ? table("order", stops(app, made).map(({ spoken, made, say }) => [spoken, made, say])) : made,
		(app.coach = el("div.coach")),
		toolbar("help", press("check", () => withBox(app, submit)), ex.answers && [
			press("hint", () => withBox(app, hint)),
			press("reveal", () => withBox(app, revealThis)),
			press("reveal-all", () => revealAll(app)),
		], press("hide-all", () => hideAll(app)), app.undo && press("undo", () => undo(app)), press("print", () => print())),
		(app.end = el("div.end")),
	);
	progress(app);
}

// Buttons that go through `all` moments, one by one or by themselves: `draw` shows one, `pace` is its milliseconds
function player(app, all, draw, pace) {
	let at = 0;
	const halt = () => {
		app.playing = clearTimeout(app.playing);
		play.textContent = say("play");
	};
	const to = (k) => {
		at = clamp(k, 0, all);
		if (at === all) halt();
		draw(at);
	};
	const step = (by) => () => {
		halt();
		to(at + by);
	};
	const go = (from) => {
		app.playing = setTimeout(() => go(at), pace());
		to(from + 1);
	};
	const play = press("play", () => {
		if (app.playing || !pace()) return step(app.playing ? 0 : Infinity)();
		play.textContent = say("pause");
		go(at === all ? 0 : at);
	});
	to(0);
	return [press("back", step(-1)), play, press("step", step(1)), press("restart", step(-Infinity)), press("end", step(Infinity))];
}

function show(app, main) {
	const boxes = asked(app), all = boxes.length, words = el("div.words", LIVE);
	app.shown = ({ box }) => (boxes.indexOf(box) < app.at ? { ...EMPTY, typed: box.shown, state: "revealed" } : EMPTY);
	const draw = (at) => {
		app.at = at;
		for (const view of app.views.values()) {
			update(app, view);
			view.made.classList.remove("now");
		}
		slopes(app);
		arrange(app);
		gauge(app, at, all);
		const box = boxes[at - 1], view = app.views.get(box?.id);
		words.replaceChildren(...(box?.lines ?? [say("worked", all)]).map((line) => el("p", line)));
		if (!view) return;
		view.made.classList.add("now");
		view.made.scrollIntoView({ block: "nearest" });
		pulse(app, box.by ?? box.node, box.kind === "local" && box.node);
	};
	main.append(meter(app, "meter-shown"), words, stage(app, { columns: true, readonly: true }));
	words.before(toolbar("show", player(app, all, draw, () => 2200)));
}

// What backprop visits and what nudging visits, a visit of each at a time; then how many on larger graphs
function why(app, main) {
	const { ex, data: { race }, settings } = app, { nodes, parameters, back } = ex.why, [N, P] = [nodes.length, parameters.length], kinds = ["backprop", "nudging"];
	const counts = (n, p) => [n + p, n * p], all = counts(N, P), most = Math.max(...all), words = el("p.words"), result = el("div", LIVE);
	const compared = ([sum, product]) => {
		const times = product / sum;
		return times > 1 ? say("more-visits", grouped(Number(times.toFixed(times < 10)))) : say("no-more-visits");
	};
	main.innerHTML = ex.html.why + race.html;
	const lines = every(main, ".ways p"), squares = every(main, ".areas rect");
	const draw = (at) => {
		const t = at - N, round = Math.floor((t - 1) / N), nudges = t > 0 && round < P;
		const now = { forward: nodes[at - 1], nudged: nudges && parameters[round], nudging: nudges && nodes[(t - 1) % N], backprop: back[t - 1] };
		lines.forEach((line, k) => {
			const width = clamp(t, 0, all[k]);
			line.querySelector("strong").textContent = grouped(width);
			filled(line.querySelector("rect + rect"), { width });
		});
		back.forEach((name, i) => {
			const { node, slope } = app.nodeViews[name], [own, again] = slope.nextSibling.children;
			own.textContent = Number(t > i);
			if (again) again.textContent = clamp(Math.floor((t - 1 - nodes.indexOf(name)) / N) + 1, 0, P);
			for (const kind in now) node.classList.toggle("is-" + kind, now[kind] === name);
		});
		const goes = say(now.backprop ? "visit-back" : "back-done", ex.output, now.backprop), again = say(nudges ? "visit-again" : "nudging-done", now.nudged, now.nudging);
		words.ariaLive = app.playing ? "off" : "polite"; // played, it would talk without end
		words.textContent = !at ? say("visits-begin") : now.forward ? say("visit-forward", now.forward) : `${goes} ${again} ${t < most ? "" : compared(all)}`;
	};
	const speed = choice(say("speed"), ["1", "4", "16", "64"], settings.speed, (each) => ((settings.speed = each), save(app)));
	const still = matchMedia("(prefers-reduced-motion: reduce)"), pace = () => !still.matches && 1000 / settings.speed;
	main.querySelector("h2").before(words, stage(app, { boxes: false, visits: true }));
	app.stage.style.setProperty("--digits", String(P).length);
	words.before(toolbar("screen-why", player(app, N + most, draw, pace), speed));

	const stop = (k) => (1 + (k % 9)) * 10 ** Math.floor(k / 9), chosen = [36, 45]; // 1, 2 … 9, 10, 20 … 10,000 and 100,000
	const lasting = (seconds) => {
		const [size, unit] = race.units.findLast(([size]) => seconds >= size) ?? race.units[0];
		return `${grouped(Number((seconds / size).toPrecision(3)))} ${unit}`;
	};
	const dials = ["neurons", "parameters"].map((key, i) => dial(key, (k) => spread((chosen[i] = k)), { max: chosen[i] }));
	const spread = () => {
		const sizes = chosen.map(stop), both = counts(...sizes), sides = both.map((n) => Math.max(1, 100 * Math.sqrt(n / Math.max(...both))));
		dials.forEach(([, set], i) => set(chosen[i], grouped(sizes[i])));
		squares.forEach((square, k) => filled(square, { x: k * (sides[0] + 8), y: 100 - sides[k], width: sides[k], height: sides[k] }));
		const sums = kinds.map((kind, k) => el("p." + kind, say("sum-" + kind, ...[...sizes, both[k]].map(grouped))));
		result.replaceChildren(...sums, el("p", compared(both), " ", say("at-speed", ...both.map((n, k) => lasting(n * race.visit[k])), grouped(race.neurons))));
	};
	main.querySelector(".figures").prepend(el("div", dials.map(([field]) => field), result));
	spread();
}

function results(app, main) {
	const { boxes, nudges, events } = recordOf(app), { id, text } = app.ex, list = asked(app);
	const rows = list.map((box) => {
		const { first, state, attempts, hints, revealed, seconds } = boxes[box.id] ?? EMPTY;
		return [box.label, first ?? "", WORDS["said-" + state] ?? "", attempts, hints, revealed ? say("yes") : "", `${Math.round(seconds)} s`];
	});
	const download = () => {
		const saved = { schema: 1, exercise: id, text, saved: new Date().toISOString(), boxes: list.map((box) => ({ id: box.id, ...EMPTY, ...boxes[box.id] })), nudges, events };
		el("a", { href: "data:application/json," + encodeURIComponent(JSON.stringify(saved, null, 1)), download: `${id}-results.json` }).click();
	};
	main.append(told("p", "filled", countSolved(app), list.length), table("results", rows), toolbar("screen-results", press("save", download)));
}

// Of a graph that is too large to be filled in
function overview(app, main) {
	const { nodes, statements, inputs, most, rows } = app.ex.overview, MOST = 200, list = el("div");
	const look = () => {
		const found = rows.filter(([name]) => name.includes(find.value.trim())), some = found.slice(0, MOST);
		list.replaceChildren(table("nodes", some.map(([name, ...numbers]) => [name, ...numbers.map((x) => brief(x, 6))]), some.length, found.length, app.ex.output));
	};
	const find = el("input", { type: "search", autocomplete: "off", oninput: look });
	main.append(told("p", "large-graph", nodes, statements, inputs, most), el("label", say("find"), find), list);
	look();
}

// ---- the hosts

let mounted = 0;

function mount(root, data, host) {
	const { kind, words, open } = data, state = data.state ?? { schema: 1, exercises: {} };
	Object.assign(WORDS, words);
	const settings = (state.settings = { theme: "auto", speed: "4", chain: true, ask: true, compact: false, table: false, ...state.settings });
	const app = { root, data: { payloads: {}, ...data }, host, uid: `ng${++mounted}`, state, settings, hash: kind === "page" || kind === "file" };
	root.classList.add("nudgegrad");
	listen(app);
	let width = 0;
	new ResizeObserver(() => width !== (width = root.clientWidth) && arrange(app)).observe(root);
	if (app.hash) addEventListener("hashchange", () => follow(app, location.hash));
	follow(app, (app.hash && location.hash) || (open ? `#/${open}/forward` : "#/"));
	return app;
}

const widget = {
	render({ model, el: place }) {
		const waiting = new Map(), root = el("div"), state = model.get("state");
		model.on("msg:custom", ({ id, answer }) => {
			waiting.get(id)?.(answer);
			waiting.delete(id);
		});
		const ask = (kind, body) => new Promise((resolve) => {
			const id = `${kind}${performance.now()}`;
			waiting.set(id, resolve);
			model.send({ id, kind, body });
		});
		const keep = (now) => {
			model.set("state", structuredClone(now));
			model.save_changes();
		};
		place.append(root);
		mount(root, { ...model.get("data"), state: state?.schema ? structuredClone(state) : null }, { ask, save: keep });
	},
};

// Served, or one file, whose data may be packed
async function page(data) {
	const { kind, base } = data;
	if (data.packed) {
		const bytes = Uint8Array.from(atob(data.packed), (c) => c.charCodeAt(0));
		Object.assign(data, await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json());
	}
	const send = (path, method, body) => fetch(base + path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
	const served = {
		ask: async (kind, body) => (await send("ask/" + kind, "POST", body)).json(),
		save: (state) => send("state", "PUT", state).catch(() => {}),
	};
	const stored = (run) => {
		try {
			return run(localStorage);
		} catch {
			return null; // a sandbox has none
		}
	};
	const alone = { ask: null, save: (state) => stored((s) => s.setItem("nudgegrad", JSON.stringify(state))) };
	if (kind !== "page") data.state ??= stored((s) => JSON.parse(s.getItem("nudgegrad")));
	mount(document.getElementById("nudgegrad"), data, kind === "page" ? served : alone);
}

const embedded = globalThis.document?.getElementById("nudgegrad-data");
if (embedded) page(JSON.parse(embedded.textContent));

export { WORDS, machine, mark, markNudge, mount, rational, readAnswer };
export default widget;
