import { ApiError } from '@brainpod/model/errors';
import type { SourcePort } from './source-port.ts';

/** SERVICE_UNAVAILABLE (ApiError) where nothing can be built. */
export function keptSources({ sources }: { sources?: SourcePort }): SourcePort {
  if (sources !== undefined) return sources;
  throw new ApiError(
    'SERVICE_UNAVAILABLE',
    'This server builds no images. Build elsewhere and push the image.',
  );
}
