import type { ClusterCandidate, ClusterRegistrar } from '../cluster-registrar.ts';

type Verdict = Awaited<ReturnType<ClusterRegistrar['check']>>;

/** Takes clusters in as a test says, without asking any. The real one is tested where it is made. */
export class StandInRegistrar implements ClusterRegistrar {
  verdict: Verdict = { faults: [], warnings: [] };
  /** What was asked about, oldest first. */
  readonly asked: ClusterCandidate[] = [];

  async check(candidate: ClusterCandidate): Promise<Verdict> {
    this.asked.push(candidate);
    return this.verdict;
  }

  seal(clusterId: string, kubeconfig: string): Buffer {
    return flipped(Buffer.from(JSON.stringify({ clusterId, kubeconfig })));
  }

  open(clusterId: string, sealed: Buffer): string {
    // A parse boundary: `seal` made it.
    const found = JSON.parse(flipped(sealed).toString()) as {
      clusterId: string;
      kubeconfig: string;
    };
    if (found.clusterId !== clusterId) throw new Error('sealed for another cluster');
    return found.kubeconfig;
  }
}

/** Nothing of the text is to be seen in it. */
function flipped(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => byte ^ 0xff));
}
