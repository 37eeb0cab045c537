import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { describeOperation } from '../../testing/describe-operation.ts';

const COMMITTED = new URL('../../../../../openapi/v1.json', import.meta.url);

describeOperation(
  'getOpenApiDocument',
  { request: () => ({ method: 'GET', path: '/v1/openapi.json' }) },
  ({ proves }) => {
    proves(200, 'is for everybody, and is the committed document', async (api) => {
      const answer = await api.call({ method: 'GET', path: '/v1/openapi.json', key: null });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(JSON.parse(readFileSync(COMMITTED, 'utf8')));
    });
  },
);
