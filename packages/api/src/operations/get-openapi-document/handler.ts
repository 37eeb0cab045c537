import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { openApiDocument } from '../../openapi.ts';
import { type Operation, publicOperation } from '../../operation.ts';

/** The operation that describes the others. */
export function getOpenApiDocument(described: readonly Operation[]): Operation {
  const document = openApiDocument(described);
  return publicOperation({
    id: 'getOpenApiDocument',
    method: 'GET',
    path: '/v1/openapi.json',
    tag: 'schema',
    summary: 'Show this document',
    query: NO_QUERY,
    body: NO_BODY,
    responses: { 200: { description: 'The OpenAPI document', schema: Type.Object({}) } },
    handle: () => Promise.resolve({ status: 200, body: document }),
  });
}
