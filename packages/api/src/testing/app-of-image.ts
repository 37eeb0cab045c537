import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { REGISTRY_HOST, type TestApi } from './test-api.ts';

/** Puts an App of this image into the draft, in the place of the one before. Returns what the document calls the image. */
export async function writeApp(api: TestApi, pod: PodRecord, tag: string): Promise<string> {
  const image = `${REGISTRY_HOST}/${pod.name}/web:${tag}`;
  const app = sampleApp();
  const document = { ...app, spec: { ...app.spec, image } };
  const rules = { domain: 'example.com', check: () => [], actor: TEST_ACTOR };
  const replaced = await api.store.drafts
    .write(pod.id, { type: 'replace', document }, rules)
    .catch(() => ({ ok: false }));
  if (!replaced.ok) await api.write(pod, document);
  return image;
}

/** Deploys it, with what its tag leads to. */
export async function deployApp(
  api: TestApi,
  pod: PodRecord,
  { tag, digest }: { tag: string; digest: string },
): Promise<void> {
  const image = await writeApp(api, pod, tag);
  const imageDigests = { [image]: digest };
  const result = await api.store.deployments.deploy(pod.id, {
    ...{ imageDigests, check: () => [], actor: TEST_ACTOR },
  });
  if (!result.ok) throw new Error('not deployed');
  await api.finish(result.revisionId, 'deployed');
}
