import type { PodRecord } from '@brainpod/store/pods';
import type { Request, TestApi } from './test-api.ts';

/** A test that gets this status from the operation; it fails when it did not. */
export type Proves = (status: number, title: string, run: (api: TestApi) => Promise<void>) => void;

export type Sample = {
  /** A well-formed call of the operation on this pod. */
  request: (pod: PodRecord) => Request;
  /** Brings a new pod into the state that the call is for. */
  prepare?: (pod: PodRecord, api: TestApi) => Promise<unknown>;
};

export async function preparedPod(api: TestApi, { prepare }: Sample): Promise<PodRecord> {
  const pod = await api.newPod();
  await prepare?.(pod, api);
  return pod;
}
