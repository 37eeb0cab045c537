import type { InstanceSizes } from '@brainpod/model/instance-size';
import type { ApiDependencies } from './dependencies.ts';

/** What one instance of each size may use, as the operator has set it. */
export function instanceSizes(deps: ApiDependencies): Promise<InstanceSizes> {
  return deps.store.instanceSizes.list();
}
