import type { Blueprint } from '../blueprint.ts';
import { type BlueprintFiles, parseBlueprint } from '../parse-blueprint.ts';

/** A blueprint of kinds that always run, with an input of each type and something generated. */
export const SAMPLE_FILES: BlueprintFiles = {
  id: 'sample',
  manifest: `
id: sample
name: Sample
category: software
tagline: A page with a secret
description: A Config, an App and a Route.
tags: [page]
version: '1'
defaults:
  name: sample
  greeting: Hello
  image: nginx:1.29
  instance: 1x
  replicas: 1
  isLoud: false
  domains: []
generate:
  secret: { bytes: 16, format: hex }
inputSchema:
  type: object
  additionalProperties: false
  properties:
    name:
      type: string
      title: Name
      description: a name of 1 to 40 lowercase letters
      pattern: '^[a-z]([a-z0-9-]*[a-z0-9])?$'
      maxLength: 40
      examples: [shop]
    greeting:
      type: string
      title: Greeting
      description: a text of 1 to 2000 characters
      minLength: 1
      maxLength: 2000
      examples: [Good morning]
    image: { type: string, title: Image, description: the name of an image, examples: ['nginx:1.29'] }
    instance:
      type: string
      title: Size
      description: one of the sizes .5x and 1x
      enum: ['.5x', '1x']
      examples: ['.5x']
    replicas:
      type: integer
      title: Instances
      description: a whole number from 1 to 10
      minimum: 1
      maximum: 10
      examples: [2]
    isLoud: { type: boolean, title: Loud, description: true or false, examples: [true] }
    domains:
      type: array
      title: Domains
      description: a list of domains
      items: { type: string, description: a domain }
      maxItems: 9
      examples: [[www.example.com]]
`,
  resources: `
apiVersion: pod.brainpod.io/v1alpha1
kind: Config
metadata: { name: '{{ input.name }}-page', namespace: default }
spec:
  files: { index.html: '{{input.greeting}}' }
---
apiVersion: pod.brainpod.io/v1alpha1
kind: App
metadata: { name: '{{ input.name }}', namespace: default }
spec:
  image: '{{ input.image }}'
  env:
    - { name: GREETING, value: 'Say: {{ input.greeting }}!' }
    - { name: SECRET, value: 'key:{{ generated.secret }}' }
    - { name: LOUD, value: 'loud={{ input.isLoud }} of {{ input.replicas }}' }
  instance: '{{ input.instance }}'
  replicas: '{{ input.replicas }}'
  mounts:
    - { path: /srv/index.html, config: '{{ input.name }}-page', file: index.html }
---
apiVersion: pod.brainpod.io/v1alpha1
kind: Route
metadata: { name: '{{ input.name }}', namespace: default }
spec:
  domains: '{{ input.domains }}'
  rules:
    - { name: web, path: /, port: 8080, backendRef: 'urn:brain:app:default:{{ input.name }}' }
`,
  readme: 'What it makes, and what to do then.\n',
};

/** The sample, read. */
export function sampleBlueprint(): Blueprint {
  const parsed = parseBlueprint(SAMPLE_FILES);
  if (!parsed.ok) throw new Error(`the sample has faults: ${JSON.stringify(parsed.faults)}`);
  return parsed.value;
}

/** Bytes that are the same each time. */
export const SAMPLE_BYTES = { secret: new Uint8Array(16).fill(0xab) };
