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
