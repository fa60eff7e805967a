// Runs before the first paint (a plain script, not a module): a dark page must not flash white first.
// Choices live in this browser only; the server's value is used until somebody chooses.
(() => {
  const root = document.documentElement;
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const theme = read("dq-theme") || "auto";
    root.dataset.bsTheme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    root.dataset.density = read("dq-density") || "normal";
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("dq:look", apply);
})();
