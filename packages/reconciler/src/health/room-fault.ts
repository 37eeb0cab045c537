import type { Diagnosis } from './diagnosis.ts';

/** No node has room. More may come (instances end, nodes are added), so it is worth waiting. */
export function roomFault(app: string, instance: string, message: string): Diagnosis {
  const lacking = [
    ...(message.includes('Insufficient cpu') ? ['CPU'] : []),
    ...(message.includes('Insufficient memory') ? ['memory'] : []),
  ];
  const what = lacking.length === 0 ? 'no machine that takes it' : `too little free ${lacking.join(' and ')}`;
  return {
    terminal: false,
    sentence: `There is no room for App "${app}": the cluster has ${what} for another instance of size ${instance}. Choose a smaller instance, run fewer, or remove what is not needed.`,
  };
}

/** The instances of an App could not even be made. */
export function creationFault(app: string, message: string): Diagnosis {
  if (message.includes('exceeded quota')) {
    const limits = new Set<string>();
    for (const [, resource] of message.matchAll(
      /(?:requested: |,)(?:limits\.|requests\.)?(cpu|memory|pods|count\/pods)=/g,
    )) {
      limits.add(resource === 'cpu' ? 'CPU' : resource === 'memory' ? 'memory' : 'number of instances');
    }
    const what = limits.size === 0 ? '' : ` (${[...limits].join(' and ')})`;
    return {
      terminal: false,
      sentence: `App "${app}" needs more than this pod may use in all${what}. Choose smaller instances, run fewer, or ask the operator for more.`,
    };
  }
  // Other refusals pass: the account that an instance runs under may not have been made yet.
  if (message.includes('violates PodSecurity') || message.includes('ValidatingAdmissionPolicy')) {
    return {
      terminal: true,
      sentence: `App "${app}" asks for something that no app may do here, so that no instance of it was made. Check its runtime settings and its init step.`,
    };
  }
  return {
    terminal: false,
    sentence: `No instance of App "${app}" could be made. Deploy it again; if that does not help, tell the operator.`,
  };
}
