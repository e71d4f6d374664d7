// The space-time view of a report: zooms with the wheel, the buttons or + and -, moves by dragging or the arrow keys,
// and shows only the kinds that are ticked. Everything it draws stands in the page; it asks nobody for anything.
"use strict";
(() => {
  const told = JSON.parse(document.getElementById("diagram").textContent);
  const svg = document.getElementById("space-time");
  const count = document.getElementById("shown");
  const LEFT = 130, RIGHT = 25, TOP = 30, LANE = 74, AXIS = 34, MOST = 4000;
  const height = TOP + LANE * told.lanes.length + AXIS;
  const hidden = new Set(told.hidden);
  let width = 1000, from = 0, to = told.end;

  const escaped = (words) => String(words).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const lane = (row) => TOP + LANE * row + LANE / 2;
  const x = (place) => LEFT + ((place - from) / (to - from)) * (width - LEFT - RIGHT);
  const inside = (start, end) => end >= from && start <= to;

  const time = (place) => {
    const corners = told.corners;
    for (let i = 1; i < corners.length; i += 1) {
      const [t0, p0] = corners[i - 1], [t1, p1] = corners[i];
      if (place <= p1 || i === corners.length - 1) return p1 === p0 ? t1 : t0 + ((place - p0) / (p1 - p0)) * (t1 - t0);
    }
    return place;
  };
  const digits = (value, span) => value.toFixed(Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(span || 1)))));

  const arrow = (each) => {
    const style = told.kinds[each.kind] || told.other, x1 = x(each.sent), y1 = lane(each.sender), title = `<title>${escaped(each.words)}</title>`;
    const down = each.recipient > each.sender ? 1 : -1;
    if (each.received === null) {
      const y = y1 + 22 * down;
      return `<g class="arrow lost" stroke="${style.colour}">${title}<path d="M${x1} ${y1}L${x1 + 6} ${y}m-4 -4l8 8m0 -8l-8 8" fill="none"/></g>`;
    }
    const x2 = x(each.received), y2 = lane(each.recipient) - 5 * down;
    return `<g class="arrow" stroke="${style.colour}" fill="${style.colour}">${title}` +
      `<path d="M${x1} ${y1}L${x2} ${y2}" stroke-dasharray="${style.dash}" stroke-width="1.3" fill="none"/>` +
      `<path d="${head(x1, y1, x2, y2)}" stroke="none"/></g>`;
  };
  const head = (x1, y1, x2, y2) => {
    const length = Math.hypot(x2 - x1, y2 - y1) || 1, ux = (x2 - x1) / length, uy = (y2 - y1) / length;
    const bx = x2 - 8 * ux, by = y2 - 8 * uy;
    return `M${x2} ${y2}L${bx - 3.2 * uy} ${by + 3.2 * ux}L${bx + 3.2 * uy} ${by - 3.2 * ux}Z`;
  };
  const mark = (each) => {
    const [shape, fill] = told.marks[each.kind] || ["o", "white"], px = x(each.at), py = lane(each.lane);
    const paths = { o: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0", s: "M-5 -5h10v10h-10Z", ">": "M-5 -5.5L6 0L-5 5.5Z", D: "M0 -6L6 0L0 6L-6 0Z", x: "M-5 -5L5 5M5 -5L-5 5", "^": "M-5.5 5L0 -6L5.5 5Z", X: "M-8 -8L8 8M8 -8L-8 8" };
    const colour = each.kind === "breach" ? told.alarm : "#000", y = each.below ? 20 : -11;
    const words = each.worded ? `<text y="${y}" text-anchor="middle" stroke="white" stroke-width="3" paint-order="stroke" fill="${colour}">${escaped(each.words)}</text>` : "";
    return `<g class="mark" transform="translate(${px} ${py})"><title>${escaped(`${each.kind} ${each.words} at ${each.time} s`)}</title>` +
      `<path d="${paths[shape]}" fill="${fill}" stroke="${colour}" stroke-width="${each.kind === "breach" ? 4 : 1.4}"/>${words}</g>`;
  };
  const span = (each) => `<rect class="span" x="${x(each.start)}" y="${lane(each.lane) - 8}" width="${Math.max(0.5, x(each.end) - x(each.start))}" height="16" fill="${told.work[0]}" stroke="${told.work[1]}"><title>${escaped(each.words)}</title></rect>`;

  const axis = () => {
    const bottom = height - AXIS, seconds = time(to) - time(from), steps = Math.max(2, Math.floor((width - LEFT - RIGHT) / 110));
    let drawn = "";
    for (const [start, end] of told.folds) if (inside(start, end)) {
      const a = Math.max(LEFT, x(start)), b = Math.min(width - RIGHT, x(end));
      drawn += `<rect class="fold" x="${a}" y="${TOP}" width="${Math.max(0, b - a)}" height="${bottom - TOP}" fill="url(#silence)"><title>a silence, not to scale</title></rect>`;
    }
    for (let i = 0; i <= steps; i += 1) {
      const place = from + ((to - from) * i) / steps;
      drawn += `<path d="M${x(place)} ${bottom}v5" stroke="#555"/><text x="${x(place)}" y="${bottom + 19}" text-anchor="middle">${digits(time(place), seconds / steps)}</text>`;
    }
    return drawn + `<text x="${width - RIGHT}" y="${height - 2}" text-anchor="end" fill="#555">time in seconds; hatched silences are not to scale</text>`;
  };

  const draw = () => {
    width = Math.max(480, svg.clientWidth || 1000);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.style.height = `${height}px`;
    const visible = told.arrows.filter((each) => !hidden.has(each.kind) && inside(each.sent, each.received ?? each.sent));
    const marks = told.marked.filter((each) => !hidden.has(each.kind) && inside(each.at, each.at));
    const spans = hidden.has("validator at work") ? [] : told.spans.filter((each) => inside(each.start, each.end));
    const lanes = told.lanes.map((each, row) =>
      `<path d="M${LEFT} ${lane(row)}H${width - RIGHT}" stroke="${each.honest ? "#000" : told.alarm}"/>` +
      `<text x="${LEFT - 10}" y="${lane(row) + 4}" text-anchor="end" fill="${each.honest ? "#000" : told.alarm}">${escaped(each.name)}${each.honest ? "" : ", Byzantine"}</text>`).join("");
    const clip = `<clipPath id="plot"><rect x="${LEFT}" y="0" width="${width - LEFT - RIGHT + 20}" height="${height}"/></clipPath>`;
    const pattern = '<pattern id="silence" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="7" height="7" fill="#f4f4f4"/><path d="M0 0v7" stroke="#ccc"/></pattern>';
    svg.innerHTML = `<defs>${clip}${pattern}</defs>${axis()}${lanes}<g clip-path="url(#plot)">` +
      spans.map(span).join("") + visible.slice(0, MOST).map(arrow).join("") + marks.slice(0, MOST).map(mark).join("") + "</g>";
    count.textContent = visible.length > MOST
      ? `the first ${MOST} of ${visible.length} messages in view are drawn: zoom in for the rest`
      : `${visible.length} messages in view`;
  };

  const show = (start, end) => {
    const span = Math.min(told.end, Math.max(end - start, told.end * 1e-5));
    from = Math.min(Math.max(0, start), told.end - span);
    to = from + span;
    draw();
  };
  const zoom = (factor, at = (from + to) / 2) => show(at - (at - from) * factor, at + (to - at) * factor);
  const placeAt = (event) => {
    const box = svg.getBoundingClientRect();
    return from + ((event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)) * (to - from);
  };

  svg.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8, placeAt(event)); }, { passive: false });
  let held = null;
  svg.addEventListener("pointerdown", (event) => { held = event.clientX; svg.setPointerCapture(event.pointerId); });
  svg.addEventListener("pointerup", () => { held = null; });
  svg.addEventListener("pointermove", (event) => {
    if (held === null) return;
    const moved = ((event.clientX - held) / (width - LEFT - RIGHT)) * (to - from);
    held = event.clientX;
    show(from - moved, to - moved);
  });
  svg.addEventListener("keydown", (event) => {
    const step = (to - from) / 10, keys = { "+": () => zoom(0.8), "-": () => zoom(1.25), "0": () => show(0, told.end), ArrowLeft: () => show(from - step, to - step), ArrowRight: () => show(from + step, to + step) };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
  for (const [name, act] of [["zoom-in", () => zoom(0.6)], ["zoom-out", () => zoom(1 / 0.6)], ["zoom-all", () => show(0, told.end)]])
    document.getElementById(name).addEventListener("click", act);
  for (const box of document.querySelectorAll("input[data-kind]"))
    box.addEventListener("change", () => { if (box.checked) hidden.delete(box.dataset.kind); else hidden.add(box.dataset.kind); draw(); });
  window.addEventListener("resize", draw);

  // The table shows so many rows of the log; the search looks through those that stand in the table and through the rest.
  const search = document.getElementById("search"), found = document.getElementById("found"), body = document.querySelector("#log tbody");
  const rest = JSON.parse(document.getElementById("rest").textContent), first = [...body.rows], all = first.length + rest.length;
  const texts = [...first.map((row) => row.textContent.toLowerCase()), ...rest.map((cells) => cells.join("").toLowerCase())];
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase(), hits = [];
    for (let i = 0; i < all; i += 1) if (texts[i].includes(words)) hits.push(i);
    const visible = hits.slice(0, first.length);
    const rowOf = (i) => {
      if (i < first.length) return first[i];
      const row = document.createElement("tr");
      for (const words of rest[i - first.length]) row.insertCell().textContent = words;
      return row;
    };
    body.replaceChildren(...visible.map(rowOf));
    found.textContent = visible.length < hits.length ? `the first ${visible.length} of ${hits.length} entries` : `${hits.length} entries`;
  });
  draw();
})();
