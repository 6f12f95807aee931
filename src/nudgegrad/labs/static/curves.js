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
