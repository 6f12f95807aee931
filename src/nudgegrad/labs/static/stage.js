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
