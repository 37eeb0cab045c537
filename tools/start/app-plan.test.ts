import { expect, test } from 'vitest';
import { baseImagesIn, otherVersionsIn, planApp } from './app-plan.ts';

const NOTHING = { app: null, image: null, port: null, platformOnly: false };

test('without flags the example runs, in a pod called hello', () => {
  expect(planApp(NOTHING, '/clone')).toEqual({
    kind: 'folder',
    directory: '/clone/examples/hello-node',
    displayName: 'hello',
  });
});

test('a folder of one’s own gives its name', () => {
  expect(planApp({ ...NOTHING, app: '/home/ada/My Shop' }, '/clone')).toMatchObject({
    directory: '/home/ada/My Shop',
    displayName: 'my-shop',
  });
});

test.each([
  ['nginx', 'nginx', null, 8080],
  ['ghcr.io/team/web.app:1.2@sha256:abc', 'web-app', 3000, 3000],
  ['127.0.0.1:5000/api', 'api', null, 8080],
])('image %s is the app %s', (image, name, port, listensOn) => {
  expect(planApp({ ...NOTHING, image, port }, '/clone')).toEqual({
    kind: 'image',
    image,
    name,
    displayName: name,
    port: listensOn,
  });
});

test('the platform alone runs nothing', () => {
  expect(planApp({ ...NOTHING, platformOnly: true }, '/clone')).toBeNull();
});

test('base images are found under every way to write them, stages and platforms included', () => {
  const dockerfile = [
    'FROM --platform=linux/amd64 docker.io/library/node:24-trixie-slim AS build',
    '  from debian:trixie-slim',
    'FROM build',
    '# FROM node:24',
    'FROM python:3',
  ].join('\n');
  expect(baseImagesIn(dockerfile)).toEqual(['debian:trixie-slim', 'node:24-trixie-slim']);
});

test('a version that cannot be made here is named beside those that can', () => {
  const dockerfile = 'FROM python:3.12-slim AS build\nFROM python:3.13-slim\nFROM redis:8\nFROM build\n';
  expect(otherVersionsIn(dockerfile)).toEqual([
    { wanted: 'python:3.12-slim', made: ['python:3.11-slim', 'python:3.13-slim'] },
  ]);
});
