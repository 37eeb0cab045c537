/** Why something does not get healthy, for a person. */
export type Diagnosis = {
  /** Waiting does not help: the deploy fails at once. */
  terminal: boolean;
  /** What happened and what to do, in words of Brainpod and not of Kubernetes. */
  sentence: string;
  /** Whose last words explain more. */
  logFrom?: LogSource;
};

export type LogSource = { namespace: string; k8sPod: string; container: string; previous: boolean };
