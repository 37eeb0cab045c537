import type { KubeObject } from './kube-object.ts';
import { BUILDS_LABEL, MANAGED_LABEL, PLATFORM_LABELS } from './labels.ts';
import {
  ADMISSION_POLICY_NAME,
  BUILD_POLICY_NAME,
  INIT_CONTAINER_NAME,
  SERVICE_POLICY_NAME,
} from './names.ts';

type Validation = { expression: string; message: string };

// Conditions on one container, named `c` in the expressions. A field that is absent from the container
// is taken from the instance, as Kubernetes itself does.
const CONTAINED = [
  'c.?securityContext.?privileged.orValue(false) == false',
  "c.?securityContext.?capabilities.?drop.orValue([]).exists(capability, capability == 'ALL')",
  "c.?securityContext.?procMount.orValue('Default') == 'Default'",
  '!c.?securityContext.?seLinuxOptions.hasValue()',
  '!c.?securityContext.?windowsOptions.hasValue()',
  'c.?volumeDevices.orValue([]).size() == 0',
  "c.?volumeMounts.orValue([]).all(m, m.?mountPropagation.orValue('None') == 'None')",
];

const UNPRIVILEGED = [
  ...CONTAINED,
  'c.?securityContext.?allowPrivilegeEscalation.orValue(true) == false',
  "c.?securityContext.?seccompProfile.?type.orValue(variables.seccompType) in ['RuntimeDefault', 'Localhost']",
  "c.?securityContext.?appArmorProfile.?type.orValue('') != 'Unconfined'",
];

const NOT_ROOT = [
  'c.?securityContext.?runAsNonRoot.orValue(variables.runAsNonRoot) == true',
  'c.?securityContext.?runAsUser.orValue(variables.runAsUser) != 0',
];

const RESTRICTED = all([
  ...UNPRIVILEGED,
  ...NOT_ROOT,
  "c.?securityContext.?capabilities.?add.orValue([]).all(capability, capability == 'NET_BIND_SERVICE')",
]);

// The one exception: prepares volumes as root before the app starts, and has ended when it does.
const ROOT_INIT = all([
  ...UNPRIVILEGED,
  `c.name == '${INIT_CONTAINER_NAME}'`,
  '!has(c.restartPolicy)',
  'c.?securityContext.?runAsUser.orValue(-1) == 0',
  "c.?securityContext.?capabilities.?add.orValue([]).all(capability, capability in ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'])",
]);

// A builder is root in a user namespace of its own, which it makes with the two capabilities that give out user ids.
// What it does there is what the default seccomp and AppArmor profiles keep everybody from.
const BUILDER = all([
  ...CONTAINED,
  ...NOT_ROOT,
  "c.?securityContext.?capabilities.?add.orValue([]).all(capability, capability in ['SETGID', 'SETUID'])",
]);

const PROBE_HOSTS = [
  'readinessProbe',
  'livenessProbe',
  'startupProbe',
  'lifecycle.?postStart',
  'lifecycle.?preStop',
].flatMap((hook) =>
  ['httpGet', 'tcpSocket'].map((action) => `c.?${hook}.?${action}.?host.orValue('') == ''`),
);

const VOLUME_KINDS = [
  'configMap',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const VARIABLES = [
  { name: 'initContainers', expression: 'object.spec.?initContainers.orValue([])' },
  { name: 'ephemeralContainers', expression: 'object.spec.?ephemeralContainers.orValue([])' },
  {
    name: 'everyContainer',
    expression: 'object.spec.containers + variables.initContainers + variables.ephemeralContainers',
  },
  { name: 'volumes', expression: 'object.spec.?volumes.orValue([])' },
  { name: 'runAsNonRoot', expression: 'object.spec.?securityContext.?runAsNonRoot.orValue(false)' },
  { name: 'runAsUser', expression: 'object.spec.?securityContext.?runAsUser.orValue(-1)' },
  { name: 'seccompType', expression: "object.spec.?securityContext.?seccompProfile.?type.orValue('')" },
];

/** For every instance, of apps and of builds alike. */
const PLACE_VALIDATIONS: Validation[] = [
  {
    expression: all(
      ['hostNetwork', 'hostPID', 'hostIPC'].map((field) => `object.spec.?${field}.orValue(false) == false`),
    ),
    message: "must not use the host's network, process or IPC namespace",
  },
  {
    expression: all([
      // Who is placed has been given a node by the scheduler, so only what is new must name none.
      "(request.operation != 'CREATE' || !has(object.spec.nodeName))",
      '!has(object.spec.runtimeClassName)',
      "!object.spec.?priorityClassName.orValue('').startsWith('system-')",
      'object.spec.?resourceClaims.orValue([]).size() == 0',
    ]),
    message: 'must name no node, no runtime, no priority of the system and no device',
  },
  {
    expression: all([
      'object.spec.?automountServiceAccountToken.orValue(true) == false',
      'variables.volumes.all(v, v.?projected.?sources.orValue([]).all(s, !has(s.serviceAccountToken) && !has(s.podCertificate)))',
    ]),
    message: 'must set automountServiceAccountToken: false and project no token',
  },
  {
    expression: 'variables.everyContainer.all(c, c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0))',
    message: 'containers must not use ports of the host',
  },
  {
    expression: `variables.everyContainer.all(c, ${all(PROBE_HOSTS)})`,
    message: 'probes and lifecycle hooks must not name a host: they reach only their own instance',
  },
];

const VALIDATIONS: Validation[] = [
  ...PLACE_VALIDATIONS,
  {
    expression: all([
      'object.spec.?securityContext.?sysctls.orValue([]).size() == 0',
      "object.spec.?securityContext.?appArmorProfile.?type.orValue('') != 'Unconfined'",
      '!object.spec.?securityContext.?seLinuxOptions.hasValue()',
      '!object.spec.?securityContext.?windowsOptions.hasValue()',
    ]),
    message:
      "must not change the kernel's settings, nor name a profile or label that loosens its own confinement",
  },
  {
    expression: `variables.volumes.all(v, ${VOLUME_KINDS.map((kind) => `has(v.${kind})`).join(' || ')})`,
    message: `volumes must be one of ${VOLUME_KINDS.join(', ')}`,
  },
  {
    expression: `(object.spec.containers + variables.ephemeralContainers).all(c, ${RESTRICTED})`,
    message:
      'containers must meet the Pod Security Standard "restricted": not root, no privilege escalation, all capabilities dropped, a seccomp profile',
  },
  {
    expression: `variables.initContainers.all(c, (${RESTRICTED}) || (${ROOT_INIT}))`,
    message: `init containers must meet "restricted", but for one named "${INIT_CONTAINER_NAME}" that may run as uid 0 with no capability other than CHOWN, DAC_OVERRIDE, FOWNER`,
  },
];

const BUILD_VOLUME_KINDS = ['configMap', 'emptyDir', 'secret'];

const BUILD_VALIDATIONS: Validation[] = [
  ...PLACE_VALIDATIONS,
  {
    expression: all([
      'object.spec.?securityContext.?sysctls.orValue([]).size() == 0',
      '!object.spec.?securityContext.?seLinuxOptions.hasValue()',
      '!object.spec.?securityContext.?windowsOptions.hasValue()',
    ]),
    message: "must not change the kernel's settings, nor name a label that loosens its own confinement",
  },
  {
    expression: `variables.volumes.all(v, ${BUILD_VOLUME_KINDS.map((kind) => `has(v.${kind})`).join(' || ')})`,
    message: `volumes must be one of ${BUILD_VOLUME_KINDS.join(', ')}`,
  },
  {
    expression: `variables.everyContainer.all(c, ${BUILDER})`,
    message:
      'containers must not be root, nor have any capability but SETGID and SETUID, with which a builder makes a user namespace',
  },
];

const SERVICE_VALIDATIONS: Validation[] = [
  {
    expression: "object.spec.?type.orValue('ClusterIP') == 'ClusterIP'",
    message: 'services must be of type ClusterIP: only the edge is reached from outside',
  },
  {
    expression: 'object.spec.?externalIPs.orValue([]).size() == 0',
    message: 'services must not claim external addresses: they would take what is sent to others',
  },
  {
    expression: 'object.spec.?selector.orValue({}).size() > 0',
    message: 'services must select instances: addresses written by hand could be anybody’s',
  },
];

/**
 * The policy that holds every instance in a pod's namespace to Pod Security's `restricted`, except the
 * init container that may run as root, the one that keeps Services within the namespace, the one for the namespaces of
 * builds, and their bindings to those namespaces. Pod Security itself enforces only `baseline` there, because it knows no such exception.
 */
export function admissionPolicy(): KubeObject[] {
  return [
    ...policy(ADMISSION_POLICY_NAME, ['pods', 'pods/ephemeralcontainers'], {
      variables: VARIABLES,
      validations: VALIDATIONS,
    }),
    ...policy(SERVICE_POLICY_NAME, ['services'], { validations: SERVICE_VALIDATIONS }),
    ...policy(BUILD_POLICY_NAME, ['pods', 'pods/ephemeralcontainers'], {
      label: BUILDS_LABEL,
      variables: VARIABLES,
      validations: BUILD_VALIDATIONS,
    }),
  ];
}

type Rules = { variables?: { name: string; expression: string }[]; validations: Validation[] };

/** `label`: which namespaces it holds; those of pods where absent. */
function policy(
  name: string,
  resources: readonly string[],
  { label = MANAGED_LABEL, ...rules }: Rules & { label?: string },
): KubeObject[] {
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name, labels: PLATFORM_LABELS },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: [...resources],
            },
          ],
        },
        ...rules,
        validations: rules.validations.map((validation) => ({ ...validation, reason: 'Forbidden' })),
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name, labels: PLATFORM_LABELS },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { [label]: 'true' } } },
      },
    },
  ];
}

function all(conditions: readonly string[]): string {
  return conditions.join(' && ');
}
