/** Follows /status.json and draws it. All text goes in as text, never as markup. */
const POLL_INTERVAL_MS = 1000;
const MARKS = { done: '✓', running: '●', waiting: '○', failed: '✕' };
const WORDS = { ready: 'running', backoff: 'restarting' };

const byId = (id) => document.getElementById(id);

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text ?? '';
  return node;
}

function seconds(from, to) {
  const total = Math.max(0, Math.round((to - Date.parse(from)) / 1000));
  return total < 60 ? `${total} s` : `${Math.floor(total / 60)} min ${total % 60} s`;
}

function stageItem(stage) {
  const item = element('li', '');
  const end = stage.finishedAt ? Date.parse(stage.finishedAt) : Date.now();
  let time = stage.startedAt ? seconds(stage.startedAt, end) : '';
  if (stage.state === 'running' && stage.estimateSeconds) time += ` of about ${stage.estimateSeconds} s`;
  item.append(
    element('span', stage.state, MARKS[stage.state]),
    element('span', '', stage.title),
    element('span', 'time', time),
  );
  if (stage.detail && stage.state !== 'done') item.append(element('span', 'detail', stage.detail));
  return item;
}

function partItem(part) {
  const item = element('li', '');
  const row = element('div', 'row');
  row.append(
    element('span', 'name', part.name),
    element('span', part.state, WORDS[part.state] ?? part.state),
  );
  item.append(row);
  const facts = [];
  if (part.state === 'ready' && part.since) facts.push(`for ${seconds(part.since, Date.now())}`);
  if (part.restarts > 0) facts.push(`restarted ${part.restarts} ×`);
  if (part.waitsFor) facts.push(`waits for ${part.waitsFor}`);
  if (part.message) facts.push(part.message);
  item.append(element('div', 'detail', facts.join(' · ')));
  return item;
}

function summary(status) {
  if (status.ready) return ['ready', 'Ready', 'Everything runs. Deploy something.'];
  const failed = status.stages.find((stage) => stage.state === 'failed');
  if (failed) return ['failed', 'Failed', `${failed.title} failed. ${failed.detail ?? ''}`];
  const running = status.stages.find((stage) => stage.state === 'running');
  if (running) return ['running', 'Starting', `${running.title} … the API answers already.`];
  const part = status.parts.find((candidate) => candidate.state !== 'ready');
  return ['running', 'Starting', part ? `Waiting for ${part.name}.` : 'Starting.'];
}

function draw(status) {
  const [state, word, sentence] = summary(status);
  byId('badge').className = `badge ${state}`;
  byId('badge').textContent = word;
  byId('summary').textContent = sentence;
  document.title = `Brainpod · ${word.toLowerCase()}`;
  byId('stages-section').hidden = status.stages.length === 0;
  byId('stages').replaceChildren(...status.stages.map(stageItem));
  byId('parts').replaceChildren(...status.parts.map(partItem));
  byId('api').textContent = status.api;
  byId('registry').textContent = `${new URL(status.api).host}/<pod>/<name>`;
  byId('domain').textContent = `*.${status.domain}`;
}

async function follow() {
  try {
    const answer = await fetch('/status.json', { cache: 'no-store' });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    draw(await answer.json());
  } catch (error) {
    byId('badge').className = 'badge failed';
    byId('badge').textContent = 'Away';
    byId('summary').textContent =
      `The server does not answer (${error.message}). It is started again by itself; “npx brainpod engine status” tells more.`;
  }
  setTimeout(follow, POLL_INTERVAL_MS);
}

follow();
