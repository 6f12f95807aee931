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
