// Contrast (WCAG 2.2, 1.4.3) of each text of a picture with what it is written on.
(least) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const luminance = (colour) => {
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const linear = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
            .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    const filled = (e) => !["none", "rgba(0, 0, 0, 0)"].includes(getComputedStyle(e).fill);
    const shapes = [...document.querySelectorAll("rect, circle, ellipse, path, polygon")].filter(filled);
    const faults = [];
    let texts = 0;
    for (const text of document.querySelectorAll("text")) {
        const at = text.getBBox();
        const point = new DOMPoint(at.x + at.width / 2, at.y + at.height / 2).matrixTransform(text.getCTM());
        const under = shapes.filter((e) => {
            const before = e.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
            return before && e.isPointInFill(point.matrixTransform(e.getCTM().inverse()));
        });
        const ground = under.length ? getComputedStyle(under.at(-1)).fill : "none";
        for (const e of [text, ...text.querySelectorAll("tspan")]) {
            if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
            texts += 1;
            const colour = getComputedStyle(e).fill;
            if (ground === "none") {
                faults.push(`nothing behind: ${text.textContent}`);
                continue;
            }
            const [low, high] = [luminance(colour), luminance(ground)].sort((a, b) => a - b);
            const found = (high + 0.05) / (low + 0.05);
            if (found < least) faults.push(`${found.toFixed(2)}: ${e.textContent}: ${colour} on ${ground}`);
        }
    }
    return [faults, texts];
}
