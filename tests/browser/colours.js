// Contrast as WCAG 2.2 defines it, between what is written or drawn and what is behind it.
({ pairs, texts, shapes }) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
    const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    const contrast = (c, d) => {
        const [low, high] = [luminance(c), luminance(d)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };

    const onScreen = (least, leastShape) => {
        const root = document.querySelector(".nudgegrad");
        const behind = (e) => {
            const layers = [];
            for (let at = e; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
            return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
        };
        const faults = new Set();
        let pairs = 0;
        const judge = (what, e, colour, ground, most) => {
            const found = contrast(over(rgba(colour), ground), ground);
            pairs += 1;
            if (found < most) faults.add(`${what} ${found.toFixed(2)}: ${e.tagName}.${e.getAttribute("class") ?? ""} ${colour}`);
        };
        for (const e of root.querySelectorAll("*")) {
            if (!e.checkVisibility({ visibilityProperty: true }) || e.disabled) continue;
            const style = getComputedStyle(e);
            const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
            const faded = +style.opacity < 1;
            if ((own || e.value) && faded) faults.add(`faded: ${e.className}`);
            if (own && e instanceof SVGElement) judge("text", e, style.fill, behind(e.closest("svg").parentElement), least);
            else if (own || (e.matches("input") && e.value)) judge("text", e, style.color, behind(e), least);
            if (e.matches("input[placeholder]")) judge("placeholder", e, getComputedStyle(e, "::placeholder").color, behind(e), least);
            if (e.matches(".box, .node, .neuron, input:not(.box input)")) judge("border", e, style.borderTopColor, behind(e.parentElement), leastShape);
        }
        return [[...faults], pairs];
    };

    const tokens = () => {
        const root = document.querySelector(".nudgegrad");
        const probe = root.appendChild(document.createElement("span"));
        const colour = (token) => {
            probe.style.color = "transparent";
            probe.style.setProperty("color", `var(${token})`);
            return rgba(getComputedStyle(probe).color);
        };
        const found = pairs.map(([c, d]) => contrast(colour(c), colour(d)));
        probe.remove();
        return found;
    };

    return pairs ? tokens() : onScreen(texts, shapes);
}
