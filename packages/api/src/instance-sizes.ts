import { INSTANCE_SIZES, type InstanceSizes } from '@brainpod/model/instance-size';
import type { ApiDependencies } from './dependencies.ts';

/** What one instance of each size may use, as the operator has set it. */
export async function instanceSizes(_deps: ApiDependencies): Promise<InstanceSizes> {
  return INSTANCE_SIZES;
}
