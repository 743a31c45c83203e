// How the page looks and what it does under the pointer. The colours (Okabe and Ito's, darkened or lightened
// until they stand out from the page) can be told apart by the colour-blind; without the script the page
// lacks nothing but the pointer's numbers.
#pragma once

namespace innerloop {

inline constexpr const char* kReportStyle = R"(
:root{color-scheme:light dark;--page:#fff;--card:#fff;--ink:#1c1e21;--faint:#5c6167;--rule:#dcdfe3;
 --c0:#0072b2;--c1:#d55e00;--c2:#008060;--c3:#a8479a;--c4:#8c6400;--c5:#2f9bdc;--c6:#555b61;
 --s0:#d3e0ec;--s1:#b5cee3;--s2:#92b8d8;--s3:#6ba0cb;--s4:#3474ab;--s5:#1f5a91;--s6:#0b3a6b}
@media screen and (prefers-color-scheme:dark){:root{--page:#16181b;--card:#1d2024;--ink:#e6e8ea;--faint:#a3a9b0;--rule:#363b41;
 --c0:#5db7f0;--c1:#ff9248;--c2:#35cfa2;--c3:#e69fd2;--c4:#e3b94a;--c5:#a9d9ff;--c6:#c3c8cd;
 --s0:#2c3a4a;--s1:#34495f;--s2:#3c5873;--s3:#446b91;--s4:#6f9fcb;--s5:#9cc4e8;--s6:#d3e8fb}}
*{box-sizing:border-box}
body{margin:0 auto;padding:28px 24px 48px;max-width:1240px;background:var(--page);color:var(--ink);
 font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:25px;line-height:1.25;margin:0 0 2px;overflow-wrap:anywhere}
h2{font-size:19px;margin:38px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}
h3{font-size:15px;margin:22px 0 6px;overflow-wrap:anywhere}
p{margin:6px 0;max-width:85ch}
.note,.unit{color:var(--faint)}
.unit{font-weight:normal;white-space:nowrap}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:18px;margin:12px 0}
.figures.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr))}
figure{margin:0;padding:12px 14px 8px;background:var(--card);border:1px solid var(--rule);border-radius:8px;position:relative;
 break-inside:avoid;max-width:760px}
figcaption{font-weight:600}
figure svg[role]{display:block;width:100%;height:auto;touch-action:pan-y}
.figures.wide{grid-template-columns:minmax(0,1fr)}.wide figure{max-width:none}.scroll{overflow-x:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:4px 0 6px;padding:0;font-size:13px}
.legend button{all:unset;cursor:pointer;display:inline-flex;align-items:center;gap:6px;overflow-wrap:anywhere}
.legend button:focus-visible{outline:2px solid var(--c0);outline-offset:2px}
.legend svg{width:26px;height:10px;flex:none}
.legend .off{opacity:.4;text-decoration:line-through}
.series.off{display:none}
svg text{fill:var(--faint);font-size:13px}
text.y.tick{text-anchor:end}text.x,text.title{text-anchor:middle}text.title{fill:var(--ink)}
.grid{stroke:var(--rule)}.axis{stroke:var(--faint)}
.pointer{stroke:var(--faint);stroke-dasharray:2 3;visibility:hidden}
.series polyline,.series path{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
.series path{stroke-width:1.5}
.series circle{fill:currentColor;stroke:currentColor;stroke-width:1.6}
.series.rings circle,.series.dotted circle{fill:var(--card)}
.series.dashed polyline{stroke-dasharray:6 4}.series.dotted polyline{stroke-dasharray:1.5 4;stroke-linecap:round}
.band{fill:currentColor;opacity:.16;stroke:none}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}
.c6{color:var(--c6)}
.tasks circle{fill-opacity:.6;stroke-width:.8}.tasks .v0{color:#440154}.tasks .v1{color:#443a83}.tasks .v2{color:#31688e}
.tasks .v3{color:#21918c}.tasks .v4{color:#35b779}.tasks .v5{color:#90d743}.tasks .v6{color:#fde725}
.tasks circle[class]{fill-opacity:1;stroke:var(--faint)}
.s0{color:var(--s0)}.s1{color:var(--s1)}.s2{color:var(--s2)}.s3{color:var(--s3)}.s4{color:var(--s4)}.s5{color:var(--s5)}
.s6{color:var(--s6)}.best{color:var(--c1)}
rect{fill:currentColor}.track{color:var(--rule)}svg .cell text{fill:var(--ink);text-anchor:middle}
svg .cell.strong text{fill:var(--page)}
rect.best{fill:none;stroke:currentColor;stroke-width:3}.paths polyline{fill:none;stroke:currentColor;stroke-width:1.6}
.paths.many polyline{stroke-width:.8}.paths polyline.best{stroke-width:4}.paths polyline:hover{stroke:var(--c1)}
.over text{fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
svg .end{text-anchor:end}svg .ink{fill:var(--ink)}
.reading{position:absolute;z-index:1;pointer-events:none;background:var(--card);border:1px solid var(--rule);border-radius:6px;
 padding:5px 9px;font-size:12.5px;line-height:1.45;box-shadow:0 2px 10px #0003;max-width:90%}
.reading i{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:6px;background:currentColor}
.table{overflow-x:auto;margin:10px 0}
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{font-weight:600;vertical-align:bottom}td.number,th.number{text-align:right}td.number{white-space:nowrap}
td:first-child,th:first-child{overflow-wrap:anywhere;min-width:9em}
td.number:first-child,th.number:first-child{min-width:0;overflow-wrap:normal}
code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
pre{padding:9px 12px;background:var(--card);border:1px solid var(--rule);border-radius:6px;white-space:pre-wrap;
 overflow-wrap:anywhere;margin:6px 0}
summary{cursor:pointer}
@media print{body{max-width:none;padding:0;font-size:11px}.figures,.figures.small{grid-template-columns:1fr 1fr;gap:10px}
 .figures.small{grid-template-columns:1fr 1fr 1fr}table{font-size:8.5px}th,td{padding:3px 8px 3px 0}.table{overflow:visible}
 .legend{font-size:9px}code,pre{font-size:9px}figure,pre,tr{break-inside:avoid}h2,h3{break-after:avoid}@page{margin:14mm}}
)";

// A pointer over a drawing shows of each curve the point nearest to it across, if that is near; a click in a
// legend hides a curve, or shows it again, in all drawings.
inline constexpr const char* kReportScript = R"(
const charts = JSON.parse(document.getElementById("numbers").textContent);
const hidden = new Set();
const shown = number => number === null ? "-" : Number(number.toPrecision(6)).toLocaleString("en");
const nearest = (list, x) => list.reduce((best, each, i) =>
  each !== null && (best < 0 || Math.abs(each - x) < Math.abs(list[best] - x)) ? i : best, -1);

document.querySelectorAll("figure").forEach((figure, number) => {
  const chart = charts[number], drawing = figure.querySelector(":scope > svg");
  if (!drawing) return;
  const pointer = drawing.querySelector(".pointer"), reading = document.createElement("div");
  if (!pointer) return;
  reading.className = "reading";
  reading.hidden = true;
  figure.append(reading);
  const [left, right, low, high] = chart.x;
  drawing.addEventListener("pointermove", event => {
    const box = drawing.getBoundingClientRect(), scale = box.width / drawing.viewBox.baseVal.width;
    const place = (event.clientX - box.left) / scale;
    const x = low + (high - low) * (Math.min(Math.max(place, left), right) - left) / (right - left);
    reading.replaceChildren();
    let at = null;
    for (const series of chart.series) {
      const i = hidden.has(series.of) ? -1 : nearest(series.x, x);
      if (i < 0 || series.y[i] === null || Math.abs(series.x[i] - x) > 0.05 * (high - low)) continue;
      if (at === null || Math.abs(series.x[i] - x) < Math.abs(at - x)) at = series.x[i];
      const line = document.createElement("div"), mark = document.createElement("i");
      mark.className = "c" + series.colour;
      const around = series.around && series.around[i] ? " ± " + shown(series.around[i])
        : series.low ? ` (${shown(series.low[i])} to ${shown(series.high[i])})` : "";
      line.append(mark, series.label + ": " + shown(series.y[i]) + around);
      reading.append(line);
    }
    reading.hidden = at === null;
    if (at === null) return;
    reading.prepend(chart.x_title + ": " + shown(chart.powers_of_ten ? 10 ** at : at));
    const across = left + (right - left) * (at - low) / (high - low);
    pointer.setAttribute("x1", across);
    pointer.setAttribute("x2", across);
    pointer.style.visibility = "visible";
    const from = box.left - figure.getBoundingClientRect().left + across * scale;
    const fits = from + 12 + reading.offsetWidth < figure.clientWidth;
    reading.style.left = Math.max(4, fits ? from + 12 : from - 12 - reading.offsetWidth) + "px";
    reading.style.top = box.top - figure.getBoundingClientRect().top + 14 + "px";
  });
  drawing.addEventListener("pointerleave", () => {
    reading.hidden = true;
    pointer.style.visibility = "hidden";
  });
});

document.querySelectorAll(".legend button").forEach(button => button.addEventListener("click", () => {
  const of = button.dataset.of, hides = !hidden.has(of);
  hides ? hidden.add(of) : hidden.delete(of);
  document.querySelectorAll("[data-of]").forEach(each => {
    if (each.dataset.of === of) each.classList.toggle("off", hides);
  });
}));
)";

}  // namespace innerloop
