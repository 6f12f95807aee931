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
