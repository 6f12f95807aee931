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
