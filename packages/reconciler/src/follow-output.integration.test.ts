import { resourceLabels } from '@brainpod/compiler/labels';
import { namespaceName } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import type { KubeObject } from '@brainpod/kube/kube-object';
import { StandInKubelet } from '@brainpod/testkit/stand-in-kubelet';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { followOutput, type OutputRequest } from './follow-output.ts';

let kube: KubeClient;
let kubelet: StandInKubelet;
let podName: string;
let count = 0;

beforeAll(async () => {
  kube = await KubeClient.fromKubeconfig(testKubeconfig());
  kubelet = await StandInKubelet.start(kube, testKubeconfig(), `output-${process.pid}`);
});
afterAll(async () => {
  await kubelet?.stop();
  kube?.close();
});
beforeEach(async () => {
  count += 1;
  podName = `output-${process.pid}-${count}`;
  const name = namespaceName(podName);
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: name },
  };
  await waitFor(async () => (await kube.get(account)) !== null, { timeoutMs: 10_000, what: 'the account' });
});

const at = (second: number, fraction = '') =>
  `2026-03-01T10:00:${String(second).padStart(2, '0')}${fraction === '' ? '' : `.${fraction}`}Z`;

function k8sPod(name: string, app = 'web'): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: namespaceName(podName), labels: resourceLabels(podName, 'App', app) },
    spec: { nodeName: kubelet.nodeName, containers: [{ name: 'app', image: 'nginx' }] },
  };
}

/** Makes an instance that runs its container of this number. */
async function run(name: string, options: { container?: number; app?: string } = {}): Promise<string> {
  const object = k8sPod(name, options.app);
  if ((await kube.get(object)) === null) await kube.create(object);
  const containerID = `containerd://${name}-${options.container ?? 1}`;
  const state = { running: { startedAt: at(0) } };
  const containerStatuses = [
    { name: 'app', image: 'nginx', imageID: 'x', ready: true, restartCount: 0, containerID, state },
  ];
  await kube.patch(object, { status: { phase: 'Running', containerStatuses } }, 'merge', 'status');
  return `${namespaceName(podName)}/${name}/app`;
}

type Following = { texts: string[]; ended: Promise<void>; stop: () => void };

async function follow(request: Partial<OutputRequest> = {}): Promise<Following> {
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const whole = { podName, app: 'web', tail: 100, follow: true, ...request };
  const lines = await followOutput(kube, whole, stopping.signal);
  const texts: string[] = [];
  const ended = (async () => {
    for await (const { instance, text } of lines) texts.push(`${instance}: ${text}`);
  })();
  return { texts, ended, stop: () => stopping.abort() };
}

function seen(following: Following, text: string): Promise<unknown> {
  return waitFor(() => following.texts.includes(text), { timeoutMs: 15_000, what: `"${text}"` });
}

test('gives what was written last, then what is written from now on, of every instance', async () => {
  const [one, two] = [await run('one'), await run('two')];
  for (const second of [1, 2, 3]) kubelet.write(one, at(second), `line ${second}`);
  kubelet.write(two, at(1), 'hello');
  const other = await run('else', { app: 'other' });
  kubelet.write(other, at(1), 'not ours');
  const following = await follow({ tail: 2 });
  await seen(following, 'one: line 3');
  await seen(following, 'two: hello');
  kubelet.write(two, at(4), 'more');
  await seen(following, 'two: more');
  expect(following.texts.toSorted()).toEqual(['one: line 2', 'one: line 3', 'two: hello', 'two: more']);
  following.stop();
  await following.ended;
  await waitFor(() => kubelet.followersOf(one) + kubelet.followersOf(two) === 0, {
    timeoutMs: 10_000,
    what: 'the connections to the node to end',
  });
});

test('instances that start later join from their first line, and ended ones leave', async () => {
  const one = await run('one');
  kubelet.write(one, at(1), 'old');
  const following = await follow({ tail: 0 });
  await waitFor(() => kubelet.followersOf(one) === 1, { timeoutMs: 15_000, what: 'the first instance' });
  const two = `${namespaceName(podName)}/two/app`;
  for (const second of [2, 3]) kubelet.write(two, at(second), `start ${second}`);
  await run('two');
  await seen(following, 'two: start 3');
  kubelet.write(one, at(4), 'bye');
  await seen(following, 'one: bye');
  kubelet.end(one);
  await kube.delete(k8sPod('one'), { gracePeriodSeconds: 0 });
  kubelet.write(two, at(5), 'alone');
  await seen(following, 'two: alone');
  expect(following.texts).toEqual(['two: start 2', 'two: start 3', 'one: bye', 'two: alone']);
});

test('goes on with the next run of a program that ended', async () => {
  const one = await run('one');
  kubelet.write(one, at(1), 'first run');
  const following = await follow();
  await seen(following, 'one: first run');
  kubelet.end(one);
  const next = `${namespaceName(podName)}/one/app`;
  await run('one', { container: 2 });
  kubelet.write(next, at(2), 'second run');
  await seen(following, 'one: second run');
});

test('goes on where a broken connection left off, with nothing lost or said twice', async () => {
  const one = await run('one');
  kubelet.write(one, at(1, '100000001'), 'a');
  const following = await follow();
  await seen(following, 'one: a');
  kubelet.breakOff();
  kubelet.write(one, at(1, '100000002'), 'b');
  await seen(following, 'one: b');
  kubelet.breakOff();
  kubelet.write(one, at(1, '9'), 'c');
  await seen(following, 'one: c');
  expect(following.texts).toEqual(['one: a', 'one: b', 'one: c']);
});

test('begins at an instant, to the digit', async () => {
  const one = await run('one');
  for (const fraction of ['1', '2', '3']) kubelet.write(one, at(7, fraction), `at .${fraction}`);
  const following = await follow({ since: at(7, '2') });
  await seen(following, 'one: at .3');
  expect(following.texts).toEqual(['one: at .2', 'one: at .3']);
});

test('without following ends with what there is', async () => {
  const [one, two] = [await run('one'), await run('two')];
  kubelet.write(one, at(1), 'a');
  kubelet.write(two, at(1), 'b');
  const following = await follow({ follow: false });
  await following.ended;
  expect(following.texts.toSorted()).toEqual(['one: a', 'two: b']);
  const none = await follow({ follow: false, app: 'none' });
  await none.ended;
  expect(none.texts).toEqual([]);
});

test('a reader that is slow holds the writers up, and leaving ends everything', async () => {
  const one = await run('one');
  for (let line = 0; line < 5_000; line++)
    kubelet.write(one, at(1, String(line).padStart(9, '0')), `${line}`);
  const stopping = new AbortController();
  const request = { podName, app: 'web', tail: 5_000, follow: true };
  let read = 0;
  for await (const { text } of await followOutput(kube, request, stopping.signal)) {
    expect(text).toBe(String(read));
    read += 1;
    if (read === 4_000) break;
  }
  stopping.abort();
  await waitFor(() => kubelet.followersOf(one) === 0, { timeoutMs: 10_000, what: 'the connection to end' });
});

test('says so when the cluster does not answer', async () => {
  const nobody = await KubeClient.inCluster('127.0.0.1', '1');
  const request = { podName, app: 'web', tail: 1, follow: true };
  await expect(followOutput(nobody, request, new AbortController().signal)).rejects.toThrow(KubeError);
});
