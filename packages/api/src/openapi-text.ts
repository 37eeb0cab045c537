import { openApiDocument } from './openapi.ts';
import { DESCRIBED_OPERATIONS } from './operations.ts';

/** The OpenAPI document as it is committed in `openapi/v1.json`. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(DESCRIBED_OPERATIONS), null, 2)}\n`;
}
