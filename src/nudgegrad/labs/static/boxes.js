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
