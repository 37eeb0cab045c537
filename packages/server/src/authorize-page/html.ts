import type { LoginRequest } from './login-request.ts';

/** What an API key may do, as `GET /v1/me` tells it. */
export type Permission = { action: string; resources: string[]; excludedResources: string[] };

const EVERY_POD = 'urn:brain:pod:*';
const POD = 'urn:brain:pod:';

/** Asks for an API key. `faults` are of the attempt before. */
export function keyPage(request: LoginRequest, faults: readonly string[] = []): string {
  return page(
    'Sign in on the command line',
    `${faultList(faults)}
      <p>A program on your machine, at <code>${escapeHtml(request.redirectUri.host)}</code>, asks for an API key. If you did not just run <code>brainpod login</code>, refuse.</p>
      <form method="post" action="/cli/authorize" autocomplete="off" class="panel">
        ${hiddenFields(request)}
        <label for="key">Your API key</label>
        <input id="key" name="key" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" required autofocus aria-describedby="hint">
        <p id="hint" class="hint">It is not handed on. The command line gets a new key of its own, which you see before you approve.</p>
        <div class="buttons">
          <button name="step" value="show">Continue</button>
          <button name="step" value="refuse" formnovalidate class="plain">Refuse</button>
        </div>
      </form>`,
  );
}

export type Offer = { key: string; email: string | null; days: number; permissions: readonly Permission[] };

/** Shows what the new key would be, and asks whether to make it. */
export function offerPage(request: LoginRequest, offer: Offer): string {
  const whose = offer.email === null ? 'you' : escapeHtml(offer.email);
  const rights = offer.permissions
    .map(
      ({ action, resources, excludedResources }) =>
        `<li><code>${escapeHtml(action)}</code> <span>${escapeHtml(placesText(resources, excludedResources))}</span></li>`,
    )
    .join('\n          ');
  return page(
    'Approve a new API key',
    `<p>The program at <code>${escapeHtml(request.redirectUri.host)}</code> gets a new API key of <strong>${whose}</strong>. It ends after ${offer.days} days, or with the key that you gave if that is sooner, and you can revoke it at any time.</p>
      <h2>It may</h2>
      <ul class="panel rights">
          ${rights}
      </ul>
      <form method="post" action="/cli/authorize" autocomplete="off">
        ${hiddenFields(request)}
        <input type="hidden" name="key" value="${escapeHtml(offer.key)}">
        <div class="buttons">
          <button name="step" value="approve">Approve</button>
          <button name="step" value="refuse" class="plain">Refuse</button>
        </div>
      </form>`,
  );
}

/** Says why nothing can be approved here. */
export function faultPage(faults: readonly string[]): string {
  return page(
    'This cannot be approved',
    `${faultList(faults)}
      <p>Run <code>brainpod login</code> again, and follow the address that it prints.</p>`,
  );
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title} – Brainpod</title>
    <link rel="icon" href="/status/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/status/page.css">
    <link rel="stylesheet" href="/cli/authorize.css">
  </head>
  <body>
    <main class="narrow">
      <header>
        <img src="/status/icon.svg" alt="" width="40" height="40">
        <div>
          <h1>Brainpod</h1>
          <p>${title}</p>
        </div>
      </header>
      ${content}
    </main>
  </body>
</html>
`;
}

function faultList(faults: readonly string[]): string {
  if (faults.length === 0) return '';
  const items = faults.map((fault) => `<li>${escapeHtml(fault)}</li>`).join('');
  return `<ul class="panel faults" role="alert">${items}</ul>`;
}

function hiddenFields({ redirectUri, state }: LoginRequest): string {
  return `<input type="hidden" name="redirect_uri" value="${escapeHtml(redirectUri.href)}">
        <input type="hidden" name="state" value="${escapeHtml(state)}">`;
}

/** `on every pod but old-pod`. */
function placesText(resources: readonly string[], excluded: readonly string[]): string {
  const names = (urns: readonly string[]) => urns.map((urn) => urn.replace(POD, '')).join(', ');
  if (!resources.includes(EVERY_POD)) return `on ${names(resources)}`;
  return excluded.length === 0 ? 'on every pod' : `on every pod but ${names(excluded)}`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
