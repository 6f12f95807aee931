// What scrolls can be scrolled by keyboard, and what screen readers list has a name and a level.
addEventListener("DOMContentLoaded", () => {
    for (const e of document.querySelectorAll("pre, .table-wrapper, article p:has(> img)")) e.tabIndex = 0;
    for (const e of document.querySelectorAll("p.caption[role=heading]")) e.ariaLevel = 2;
    document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
    document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
});
