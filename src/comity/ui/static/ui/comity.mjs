// What the frame does in the browser: components, blank screen, unsaved forms, copying. Every page works without it.

const startComponents = async () => {
  document.body.classList.add("js-enabled");
  if (!("noModule" in HTMLScriptElement.prototype)) return;
  document.body.classList.add("govuk-frontend-supported");
  const { initAll } = await import(document.getElementById("govuk-frontend").href);
  initAll();
  // Parts that htmx brings in later.
  document.body.addEventListener("htmx:load", (event) => {
    if (event.detail.elt !== document.body) initAll({ scope: event.detail.elt });
    showCopyButtons(event.detail.elt);
  });
};

// Blank screen: the page stays as it is under an opaque cover, so nothing typed is lost.
const ESCAPES = 3;
const ESCAPE_WINDOW_MS = 1500;

const prepareCover = () => {
  const cover = document.getElementById("cover");
  const back = document.getElementById("uncover");
  const button = document.querySelector("[data-blank]");
  if (!cover || !back) return;
  const title = document.title;
  let before = null;
  let presses = [];

  const blank = () => {
    if (!cover.hidden) return;
    before = document.activeElement;
    cover.hidden = false;
    document.body.classList.add("is-covered");
    document.title = "Comity";
    back.focus();
  };
  const uncover = () => {
    cover.hidden = true;
    document.body.classList.remove("is-covered");
    document.title = title;
    before?.focus?.();
  };

  button?.addEventListener("click", (event) => {
    event.preventDefault();
    blank();
  });
  back.addEventListener("click", uncover);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !cover.hidden) {
      event.preventDefault();
      back.focus();
    }
    if (event.key !== "Escape") return;
    const now = performance.now();
    presses = [...presses, now].filter((at) => now - at < ESCAPE_WINDOW_MS);
    if (presses.length >= ESCAPES) {
      presses = [];
      blank();
    }
  });
};

// A form marked data-unsaved asks before typed text is lost.
const guardForms = () => {
  const changed = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-unsaved]");
    if (form) changed.add(form);
  });
  document.addEventListener("submit", (event) => changed.delete(event.target));
  window.addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });
};

const showCopyButtons = (scope) => {
  if (!navigator.clipboard) return;
  for (const button of scope.querySelectorAll?.("[data-copy][hidden]") ?? []) button.hidden = false;
};

const copyOnClick = () => {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const words = button.querySelector(".vh");
    const usual = words.textContent;
    words.textContent = button.dataset.done;
    words.classList.remove("vh");
    setTimeout(() => {
      words.textContent = usual;
      words.classList.add("vh");
    }, 2000);
  });
};

// The account menu closes on Escape and on a click elsewhere.
const closeMenus = () => {
  const close = (menu) => menu.removeAttribute("open");
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(".cm-account[open]")) {
      if (!menu.contains(event.target)) close(menu);
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector(".cm-account[open]");
    if (menu) {
      close(menu);
      menu.querySelector("summary").focus();
    }
  });
};

prepareCover();
guardForms();
showCopyButtons(document);
copyOnClick();
closeMenus();
await startComponents();
