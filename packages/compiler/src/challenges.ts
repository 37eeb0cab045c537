import { challengePath } from '@brainpod/model/challenge-path';
import { ENVOY_GATEWAY } from './edge-policies.ts';
import type { KubeObject } from './kube-object.ts';
import { podLabels } from './labels.ts';
import { challengeName, namespaceName } from './names.ts';
import type { Challenge, Platform, PodContext } from './platform-facts.ts';

/**
 * What a certificate authority asks a pod's own domains for, answered by the edge itself, by HTTP, beside the redirect
 * to https. These belong to no Route: neither its allow-list nor its roll-out has a part in them.
 */
export function compileChallenges(pod: PodContext, platform: Platform): KubeObject[] {
  if (!platform.envoyGateway) return [];
  return pod.challenges.flatMap((challenge) => [
    directAnswer(pod, challenge),
    challengeRoute(pod, challenge, platform),
  ]);
}

function metadata(pod: PodContext, { domain }: Challenge): KubeObject['metadata'] {
  return { name: challengeName(domain), namespace: namespaceName(pod.name), labels: podLabels(pod.name) };
}

function directAnswer(pod: PodContext, challenge: Challenge): KubeObject {
  return {
    apiVersion: ENVOY_GATEWAY,
    kind: 'HTTPRouteFilter',
    metadata: metadata(pod, challenge),
    spec: {
      directResponse: {
        contentType: 'application/octet-stream',
        statusCode: 200,
        body: { type: 'Inline', inline: challenge.answer },
      },
    },
  };
}

function challengeRoute(pod: PodContext, challenge: Challenge, { gateway }: Platform): KubeObject {
  const [group = ''] = ENVOY_GATEWAY.split('/');
  const answer = { group, kind: 'HTTPRouteFilter', name: challengeName(challenge.domain) };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: metadata(pod, challenge),
    spec: {
      parentRefs: [{ namespace: gateway.namespace, name: gateway.name, sectionName: gateway.httpListener }],
      hostnames: [challenge.domain],
      rules: [
        {
          matches: [{ path: { type: 'Exact', value: challengePath(challenge.token) } }],
          filters: [{ type: 'ExtensionRef', extensionRef: answer }],
        },
      ],
    },
  };
}
