// What scrolls can be scrolled by keyboard, and what screen readers list has a name and a level.
addEventListener("load", () => {
    const legible = 500; // pixels: drawings up to here can be read when they are shrunk to a phone's width
    for (const e of document.querySelectorAll('article p > img[src$=".svg"]'))
        e.classList.toggle("wide", e.naturalWidth > legible);
    for (const e of document.querySelectorAll("pre, .table-wrapper, article p:has(> img.wide)")) e.tabIndex = 0;
    for (const e of document.querySelectorAll("p.caption[role=heading]")) e.ariaLevel = 2;
    document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
    document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
});
