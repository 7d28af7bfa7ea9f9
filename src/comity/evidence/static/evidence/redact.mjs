// Drawing the boxes of a redaction over a picture. The rows of the form hold them: without this script they are typed.

const SIDES = ["x", "y", "width", "height"];
const LEAST_PIXELS = 4;

const start = (frame) => {
  const picture = frame.querySelector("img");
  const rows = document.querySelector("[data-rows]");
  const model = rows.parentElement.querySelector("template");
  const total = document.querySelector("[name$='-TOTAL_FORMS']");
  const shownPage = frame.dataset.page;
  let drawn = null;
  let from = null;

  const field = (row, name) => row.querySelector(`[name$='-${name}']`);
  const isEmpty = (row) => SIDES.every((side) => !field(row, side).value);

  const emptyRow = () => {
    const found = [...rows.children].find(isEmpty);
    if (found) return found;
    const row = model.content.firstElementChild.cloneNode(true);
    const number = total.value;
    for (const part of row.querySelectorAll("*")) {
      for (const name of ["name", "id", "for", "aria-describedby"]) {
        const value = part.getAttribute(name);
        if (value) part.setAttribute(name, value.replaceAll("__prefix__", number));
      }
    }
    total.value = Number(number) + 1;
    rows.append(row);
    return row;
  };

  const scale = () => picture.naturalWidth / picture.clientWidth;

  const box = ({ x, y, width, height }, marker) => {
    const ratio = scale();
    marker.style.left = `${x / ratio}px`;
    marker.style.top = `${y / ratio}px`;
    marker.style.width = `${width / ratio}px`;
    marker.style.height = `${height / ratio}px`;
  };

  const marker = (extra = "") => {
    const made = document.createElement("div");
    made.className = `cm-redact__box ${extra}`;
    frame.append(made);
    return made;
  };

  const show = () => {
    for (const old of frame.querySelectorAll(".cm-redact__box")) old.remove();
    for (const row of rows.children) {
      const values = Object.fromEntries(SIDES.map((side) => [side, Number(field(row, side).value)]));
      if (values.width > 0 && values.height > 0 && field(row, "page").value === shownPage) box(values, marker());
    }
  };

  const at = (event) => {
    const place = picture.getBoundingClientRect();
    const ratio = scale();
    const within = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * ratio);
    return [within(event.clientX - place.left, place.width), within(event.clientY - place.top, place.height)];
  };

  const spanned = (event) => {
    const [x, y] = at(event);
    return {
      x: Math.min(x, from[0]),
      y: Math.min(y, from[1]),
      width: Math.abs(x - from[0]),
      height: Math.abs(y - from[1]),
    };
  };

  picture.draggable = false;
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !picture.naturalWidth) return;
    from = at(event);
    drawn = marker("cm-redact__box--new");
    frame.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  frame.addEventListener("pointermove", (event) => {
    if (from) box(spanned(event), drawn);
  });
  frame.addEventListener("pointerup", (event) => {
    if (!from) return;
    const values = spanned(event);
    from = null;
    drawn.remove();
    if (values.width < LEAST_PIXELS || values.height < LEAST_PIXELS) return;
    const row = emptyRow();
    field(row, "page").value = shownPage;
    for (const side of SIDES) field(row, side).value = values[side];
    show();
    field(row, "reason").focus({ preventScroll: true });
  });
  frame.addEventListener("pointercancel", () => {
    from = null;
    drawn?.remove();
  });
  rows.addEventListener("input", show);
  window.addEventListener("resize", show);
  if (picture.complete) show();
  else picture.addEventListener("load", show);
};

for (const frame of document.querySelectorAll("[data-redact]")) start(frame);
