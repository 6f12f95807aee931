// What scrolls can be scrolled by keyboard, and the two sides of a page have names.
addEventListener("DOMContentLoaded", () => {
    for (const e of document.querySelectorAll("pre, .table-wrapper")) e.tabIndex = 0;
    document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "All pages");
    document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
});
