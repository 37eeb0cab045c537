import { namespaceName } from '@brainpod/compiler/names';
import { KubeClient } from '@brainpod/kube/client';
import { type Behaviour, StandInNode } from '@brainpod/reconciler/test/stand-in-node';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { KubeProxy } from './kube-proxy.ts';

export const GATEWAY_CLASS = 'stand-in';

/** A real API server with stand-in nodes and a gateway class, which servers reach through a proxy. */
export class GatewayCluster {
  /** Past the proxy. */
  readonly kube: KubeClient;
  readonly proxy: KubeProxy;
  readonly #apiServer: ApiServer;
  readonly #node: StandInNode;

  private constructor(parts: {
    kube: KubeClient;
    proxy: KubeProxy;
    apiServer: ApiServer;
    node: StandInNode;
  }) {
    this.kube = parts.kube;
    this.proxy = parts.proxy;
    this.#apiServer = parts.apiServer;
    this.#node = parts.node;
  }

  static async start(behaviours: Record<string, Behaviour> = {}): Promise<GatewayCluster> {
    const apiServer = await startGatewayCluster(testEngineBinDir());
    const kube = await KubeClient.fromKubeconfig(apiServer.kubeconfig);
    const gatewayClass = {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: GATEWAY_CLASS },
    };
    await kube.apply({ ...gatewayClass, spec: { controllerName: 'brainpod.io/stand-in' } });
    const accepted = {
      type: 'Accepted',
      status: 'True',
      reason: 'Accepted',
      message: '',
      lastTransitionTime: new Date().toISOString(),
    };
    await kube.patch(gatewayClass, { status: { conditions: [accepted] } }, 'merge', 'status');
    const node = new StandInNode(kube, behaviours);
    node.start();
    const proxy = await KubeProxy.start(apiServer.kubeconfig);
    return new GatewayCluster({ kube, proxy, apiServer, node });
  }

  /** The kubeconfig that leads past the proxy. */
  get directKubeconfig(): string {
    return this.#apiServer.kubeconfig;
  }

  /** The image that an App's Deployment names; null where there is none. */
  async imageOf(pod: string, app: string): Promise<string | null> {
    const found = await this.kube.get({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: app, namespace: namespaceName(pod) },
    });
    const spec = found?.spec as { template: { spec: { containers: { image: string }[] } } } | undefined;
    return spec?.template.spec.containers[0]?.image ?? null;
  }

  async remove(): Promise<void> {
    await this.#node.stop();
    this.kube.close();
    await this.proxy.remove();
    await this.#apiServer.remove();
  }
}
