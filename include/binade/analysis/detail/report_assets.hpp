// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace binade::inline v0::detail {

// The look of an HTML report; colours come from svg::style().
inline constexpr std::string_view report_css = R"(
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 "Helvetica Neue","Segoe UI",
Roboto,"Liberation Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1180px;margin:0 auto;padding:72px 40px 64px}
h1,h2,.best b{font-family:Charter,"Bitstream Charter","Iowan Old Style","Source Serif 4",Cambria,
"Liberation Serif",Georgia,serif;font-weight:400;letter-spacing:-.012em}
h1{font-size:clamp(30px,5vw,50px);line-height:1.08;margin:0 0 14px;max-width:22em;text-wrap:balance}
.lede{font-size:18px;line-height:1.5;color:var(--soft);max-width:44em;margin:0;text-wrap:pretty}
.facts{display:flex;flex-wrap:wrap;gap:14px 40px;margin:36px 0 0;padding:16px 0 0;
border-top:1px solid var(--ink)}
.facts dt,.best span,th{font-size:12px;color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.best{display:flex;flex-wrap:wrap;gap:32px 0;margin:56px 0 0;padding:0;list-style:none}
.best li{flex:1 1 200px;padding:0 28px;border-left:1px solid var(--rule)}
.best li:first-child{padding-left:0;border-left:0}
.best b{display:block;font-size:46px;line-height:1.1;margin:4px 0 6px}
.best b small{font-size:20px;color:var(--soft);letter-spacing:0}
.best strong{font-weight:600}
section{display:grid;grid-template-columns:224px minmax(0,1fr);gap:20px 52px;margin:76px 0 0;
padding:22px 0 0;border-top:1px solid var(--rule)}
h2{font-size:24px;line-height:1.2;margin:0 0 10px;text-wrap:balance}
section p{margin:0 0 10px;font-size:14px;line-height:1.5;color:var(--soft);text-wrap:pretty}
.figures{min-width:0;display:grid;gap:44px}
.figures.two{grid-template-columns:1fr 1fr;gap:36px 40px}
figure{margin:0}
figcaption,.chart .head{font-size:13px;font-weight:600;margin:0 0 10px;fill:var(--ink)}
.narrow{display:none}
.chart .value{font-size:11px;fill:var(--soft)}
.chart .point,.chart [data-key]{transition:opacity .15s}
.chart.dim [data-key]:not(.lit){opacity:.14}
section.wide{display:block}
.scroll{overflow-x:auto;margin:18px 0 0}
table{border-collapse:collapse;width:100%;font-size:13px;line-height:1.3}
th{font-weight:400;text-align:right;vertical-align:bottom;padding:0;border-bottom:1px solid var(--ink)}
th button{all:unset;cursor:pointer;padding:6px .9em 6px 8px;box-sizing:border-box;width:100%;
position:relative;white-space:nowrap}
th button:focus-visible{outline:2px solid var(--c0);outline-offset:-2px}
th button:hover,th[aria-sort] button{color:var(--ink)}
th button::after{position:absolute;right:.05em}.t button::after{right:.5em}
th[aria-sort=ascending] button::after{content:"\2191"}
th[aria-sort=descending] button::after{content:"\2193"}
td{text-align:right;padding:6px .9em 6px 8px;border-bottom:1px solid var(--rule);white-space:nowrap}
th.t,td.t{text-align:left}
.t button,td.t{padding-left:0;padding-right:14px}
td:first-child{font-weight:600}
tr.front td:first-child::after{content:"\25C6";color:var(--c1);font-size:9px;margin-left:7px;
vertical-align:1px}
tbody tr:hover td,tr.lit td{background:color-mix(in srgb,var(--c0) 9%,transparent)}
td.meter{position:relative;padding-left:76px}
.meter i{position:absolute;left:8px;top:calc(50% - 2px);width:56px;height:5px;background:
linear-gradient(to right,var(--c0) var(--part),var(--rule) 0)}
sup{line-height:0;font-size:.75em}
details{margin:30px 0 0}
summary{cursor:pointer;font-size:14px}
footer{margin:64px 0 0;padding:16px 0 0;border-top:1px solid var(--rule);font-size:13px;
color:var(--soft)}
footer p{margin:0 0 6px;max-width:60em}
#tip{position:fixed;z-index:9;pointer-events:none;max-width:300px;padding:6px 10px;border-radius:4px;
background:var(--ink);color:var(--paper);font-size:12.5px;line-height:1.4;white-space:pre-line}
#tip:empty{display:none}
@media (max-width:1000px){section{display:block}section .figures{margin:22px 0 0}}
@media (max-width:700px){main{padding:36px 20px 40px}.wide-chart{display:none}.narrow{display:block}
.figures.two{grid-template-columns:1fr}section{margin:52px 0 0}.best{margin:40px 0 0;gap:24px 0}
.best li{flex:1 0 100%;padding:0;border:0}.facts{gap:12px 28px}td:first-child{position:sticky;left:0;
background:var(--paper)}}
@media print{main{max-width:none;padding:0}body{font-size:10.5pt}figure,tr,h2{break-inside:avoid}
section{margin:32px 0 0;break-inside:avoid-page}section.wide{break-inside:auto}.scroll{overflow:visible}
table{font-size:7pt}td,th button{padding-left:6px}
td.meter{padding-left:6px}.meter i{display:none}}
)";

// Sorts tables by a click on a heading, lights up a row's point and the other way round, and shows
// the titles inside charts at once. Without it everything is still there to read.
inline constexpr std::string_view report_js = R"(
const all=(s,e=document)=>[...e.querySelectorAll(s)];
all('table').forEach(t=>all('th button',t).forEach((b,i)=>b.onclick=()=>{
const h=b.parentNode,up=h.getAttribute('aria-sort')==='descending';
all('th',t).forEach(e=>e.removeAttribute('aria-sort'));
h.setAttribute('aria-sort',up?'ascending':'descending');
const v=r=>r.cells[i].dataset.v??r.cells[i].textContent,n=h.className!=='t';
const body=t.tBodies[0];
[...body.rows].sort((p,q)=>{const a=v(p),c=v(q);
if(n)return a===''?c===''?0:1:c===''?-1:(a===c?0:a-c)*(up?1:-1);
return a.localeCompare(c)*(up?-1:1)}).forEach(r=>body.append(r))}));
const tip=document.body.appendChild(document.createElement('div'));tip.id='tip';
all('svg title').forEach(e=>{e.parentNode.dataset.tip=e.textContent;e.remove()});
let lit='';
const light=k=>{if(k===lit)return;lit=k;
all('[data-key]').forEach(e=>e.classList.toggle('lit',k!==''&&e.dataset.key===k));
all('.chart').forEach(c=>c.classList.toggle('dim',c.querySelector('.lit')!==null))};
addEventListener('mousemove',e=>{const t=e.target.closest?.('[data-tip]');
tip.textContent=t?t.dataset.tip:'';
if(t){const b=tip.getBoundingClientRect();
tip.style.left=Math.max(4,Math.min(e.clientX+14,innerWidth-b.width-8))+'px';
tip.style.top=(e.clientY+22+b.height>innerHeight?e.clientY-b.height-12:e.clientY+18)+'px'}
light(e.target.closest?.('[data-key]')?.dataset.key??'')});
addEventListener('beforeprint',()=>all('details').forEach(d=>d.open=true));
)";

}  // namespace binade::inline v0::detail
