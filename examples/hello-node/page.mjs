const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (value) => String(value).replace(/[&<>"]/g, (character) => ESCAPES[character]);

const row = ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`;

/** The page, whole: no script, no font and no picture from anywhere else. */
export function page(facts) {
  const rows = [
    ['App', facts.app],
    ['Instance', facts.instance],
    ...(facts.pod === null ? [] : [['Pod', facts.pod]]),
    ['Node', facts.node],
    ['Runs as user', facts.user],
    ['Memory', `${facts.memoryMiB} MiB`],
    ['Up for', `${facts.upSeconds} s`],
    ['Visits', facts.requests],
  ];
  const message = facts.message ?? `No message: nothing is mounted at ${facts.messageFile}.`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(facts.greeting)}</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --ink: #17211b; --soft: #5c6b62; --line: #dfe5e0; --card: #fff; --page: #f3f6f3; --mark: #15803d; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eee9; --soft: #9aaba0; --line: #2a352e; --card: #161d18; --page: #0e1310; --mark: #4ade80; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 ui-sans-serif, system-ui, sans-serif; }
main { width: min(34rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 2.5rem; }
.live { display: inline-flex; align-items: center; gap: .5rem; color: var(--mark); font-size: .875rem; font-weight: 600; }
.live::before { content: ""; width: .6rem; height: .6rem; border-radius: 50%; background: currentColor; }
h1 { margin: .75rem 0 .5rem; font-size: 2.25rem; line-height: 1.15; letter-spacing: -.02em; text-wrap: balance; }
p { color: var(--soft); white-space: pre-line; }
dl { margin-top: 2rem; border-top: 1px solid var(--line); }
dl div { display: flex; justify-content: space-between; gap: 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; text-align: right; }
</style>
</head>
<body>
<main>
<span class="live">running</span>
<h1>${escapeHtml(facts.greeting)}</h1>
<p>${escapeHtml(message)}</p>
<dl>
${rows.map(row).join('\n')}
</dl>
</main>
</body>
</html>
`;
}
