import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import type { TestApi } from './test-api.ts';

/** The domain that `wantDomain` has a pod want. */
export function sampleDomain(pod: { name: string }): string {
  return `www.${pod.name}.example.com`;
}

export async function wantDomain(pod: PodRecord, api: TestApi): Promise<string> {
  const domain = sampleDomain(pod);
  await api.write(pod, sampleApp(), sampleRoute('web', { domains: [domain] }));
  return domain;
}
