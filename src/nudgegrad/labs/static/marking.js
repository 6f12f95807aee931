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
