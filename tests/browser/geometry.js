// What is measured on a page: the faults, one line each. `things` selects whatever has a place of its own.
(things) => {
    const faults = [];
    const root = document.querySelector("#nudgegrad, .nudgegrad");
    const name = (e) => {
        const { box, nudge, act, node } = e.dataset;
        const of = box ?? nudge ?? act ?? node ?? e.closest("[data-node]")?.dataset.node ?? "";
        const text = (e.value ?? e.textContent).trim().slice(0, 30);
        return `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""}[${of}] '${text}'`;
    };
    const shown = (e) => {
        if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
        const { width, height } = e.getBoundingClientRect();
        return width > 0 && height > 0;
    };
    const scrolls = (e) => {  // inside something that may be scrolled sideways
        for (let at = e.parentElement; at && at !== root.parentElement; at = at.parentElement)
            if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
        return false;
    };
    const edge = root.getBoundingClientRect();
    const every = [...root.querySelectorAll(things)].filter(shown);
    const boxes = every.map((e) => [e, e.getBoundingClientRect()]).sort((a, b) => a[1].top - b[1].top);
    for (const [k, [e, r]] of boxes.entries())
        for (const [f, s] of boxes.slice(k + 1)) {
            if (s.top >= r.bottom - 1) break;
            const wide = Math.min(r.right, s.right) - Math.max(r.left, s.left);
            const high = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
            if (wide <= 1 || high <= 1 || e.contains(f) || f.contains(e)) continue;
            faults.push(`overlap by ${wide.toFixed(0)} x ${high.toFixed(0)}: ${name(e)} and ${name(f)}`);
        }
    for (const e of root.querySelectorAll("*")) {
        if (e instanceof SVGElement && !(e instanceof SVGTextElement)) continue;
        if (!shown(e) || !(e instanceof HTMLElement || e instanceof SVGTextElement)) continue;
        const style = getComputedStyle(e);
        const r = e.getBoundingClientRect();
        if ((r.left < edge.left - 0.5 || r.right > edge.right + 0.5) && !scrolls(e)) faults.push(`outside: ${name(e)}`);
        if (r.top < edge.top - 0.5 || r.bottom > edge.bottom + 0.5) faults.push(`above or below: ${name(e)}`);
        if (e instanceof SVGElement || style.display === "inline") continue;
        if (e.matches("input:not([type]), input[type=text], input[type=search]")) {
            if (e.scrollWidth > e.clientWidth + 1 && !e.matches(".program")) faults.push(`does not fit: ${name(e)}`);
            continue;
        }
        if (e.matches("input, progress, select") || !e.textContent.trim()) continue;
        if (/auto|scroll/.test(style.overflowX)) continue;
        if (e.scrollWidth > e.clientWidth + 1) faults.push(`clipped by ${e.scrollWidth - e.clientWidth}: ${name(e)}`);
        if (/hidden|clip/.test(style.overflowY) && e.scrollHeight > e.clientHeight + 1) faults.push(`cut below: ${name(e)}`);
    }
    const page = document.scrollingElement;
    if (page.scrollWidth > page.clientWidth) faults.push(`the page scrolls sideways by ${page.scrollWidth - page.clientWidth}`);
    return faults;
}
