import type { InputSchema } from './input-schema.ts';
import type { JsonValue } from './json-value.ts';

/** What a blueprint gets at random, anew at each installation: so many bytes, written as text in this format. */
export type GeneratedValue = { bytes: number; format: 'base64' | 'hex' };

/** A stack with parameters: what people read of it, what it asks, and the resources it makes. */
export type Blueprint = {
  id: string;
  name: string;
  category: 'software' | 'framework';
  tagline: string;
  description: string;
  tags: readonly string[];
  version: string;
  /** Markdown: what it makes, and what to do then. */
  body: string;
  /** What an input that is left out is; every input has one, so an empty input can be installed. */
  defaults: Readonly<Record<string, JsonValue>>;
  /** JSON Schema. */
  inputSchema: InputSchema;
  generate: Readonly<Record<string, GeneratedValue>>;
  /** Resources whose texts may hold `{{ input.x }}` and `{{ generated.x }}`. */
  templates: readonly JsonValue[];
};
