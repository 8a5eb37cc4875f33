// How the page looks: one column of text, plots as wide as it, light or dark as the reader has it. Colours that tell things
// apart are of Okabe and Ito's palette (2008), for all eyes.

const light = {
  ground: '#ffffff',
  soft: '#f4f5f7',
  ink: '#1b1f24',
  faint: '#57606c',
  rule: '#dadee4',
  accent: '#0068a8',
  tcp: '#c8381c',
  iwarp: '#b06a00',
  rocev1: '#7a4a86',
  rocev2: '#0068a8',
  ib: '#007f5f',
  host: '#0068a8',
  pool: '#9aa5b1',
};
const dark: Readonly<Record<keyof typeof light, string>> = {
  ground: '#14171b',
  soft: '#1d2228',
  ink: '#e8eaed',
  faint: '#a3acb8',
  rule: '#343b45',
  accent: '#5ab4ec',
  tcp: '#ff7a5c',
  iwarp: '#eaa53c',
  rocev1: '#c79bd4',
  rocev2: '#5ab4ec',
  ib: '#2fc39b',
  host: '#5ab4ec',
  pool: '#6c7785',
};

const variables = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');

export const pageStyle = `
:root{color-scheme:light dark;${variables(light)}}
@media (prefers-color-scheme:dark){:root{${variables(dark)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1160px;margin:0 auto;padding:56px 20px 80px}
h1{font-size:clamp(30px,5vw,46px);line-height:1.1;letter-spacing:-.02em;margin:0 0 12px}
h2{font-size:25px;letter-spacing:-.01em;margin:64px 0 4px}
h3{font-size:17px;margin:28px 0 4px}
p{max-width:76ch;margin:8px 0}
.kicker{color:var(--faint);margin:0 0 28px;max-width:76ch}
.found{list-style:none;padding:0;margin:28px 0;counter-reset:found}
.found li{counter-increment:found;position:relative;padding:14px 0 14px 52px;border-top:1px solid var(--rule);max-width:84ch;font-size:18px}
.found li::before{content:counter(found);position:absolute;left:0;top:15px;width:32px;height:32px;border-radius:50%;background:var(--accent);color:var(--ground);font-weight:600;font-size:15px;display:grid;place-items:center}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:14px;margin:28px 0}
.tile{background:var(--soft);border-radius:12px;padding:18px 20px}
.tile b{display:block;font-size:38px;line-height:1.1;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile span{color:var(--faint);font-size:15px;line-height:1.4;display:block;margin-top:6px}
figure{margin:0 0 12px}
figure svg{width:100%;height:auto;display:block}
.scroll{overflow-x:auto}
.scroll svg{min-width:860px}
.caption{color:var(--faint);font-size:15px;max-width:90ch;margin:0 0 10px}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;font-size:14px;margin:0 0 6px;padding:0;list-style:none}
.legend svg{width:26px;height:12px;vertical-align:-1px;margin-right:6px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;margin:10px 0}
th,td{text-align:right;padding:5px 12px;border-bottom:1px solid var(--rule);white-space:nowrap}
th{color:var(--faint);font-weight:600}
td:first-child,th:first-child,td.left,th.left{text-align:left}
td.wrap{white-space:normal;text-align:left;color:var(--faint);min-width:260px}
details{border-top:1px solid var(--rule);padding:10px 0}
summary{cursor:pointer;font-weight:600}
code,pre{font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--soft);border-radius:10px;padding:14px 18px;overflow-x:auto}
.tabs{margin:16px 0}
.choices{display:flex;flex-wrap:wrap;align-items:center;gap:6px;margin:0 0 6px}
.choices>span{flex:0 0 130px;color:var(--faint);font-size:14px}
.choices input{position:absolute;opacity:0}
.choices label{padding:3px 13px;border:1px solid var(--rule);border-radius:999px;font-size:14px;cursor:pointer}
.choices input:checked+label{background:var(--accent);border-color:var(--accent);color:var(--ground)}
.choices input:focus-visible+label{outline:2px solid var(--accent);outline-offset:2px}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.pane{display:none;margin-top:18px}
footer{margin-top:64px;color:var(--faint);font-size:14px}
a{color:var(--accent)}
`.trim();
