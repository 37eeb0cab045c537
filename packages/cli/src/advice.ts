import { ApiFailure, ConnectionFailure, UnexpectedAnswer } from '@brainpod/api-client/failure';

/** What a person was doing when it failed: the command without arguments, such as `pod get`, and its settings. */
export type Situation = { command: string; pod: string | null; endpoint: string | null };

type Rule = { code: string; command?: RegExp; message?: RegExp; advice: string };

/** The first that fits counts. `POD` stands for the pod of the settings. */
const RULES: readonly Rule[] = [
  { code: 'UNAUTHORIZED', command: /^login/, advice: 'Try again with: brainpod login' },
  {
    code: 'UNAUTHORIZED',
    advice: 'Sign in with: brainpod login. Which key is used, and from where: brainpod config show',
  },
  {
    code: 'FORBIDDEN',
    advice:
      'What this API key may do: brainpod whoami. A key that may do more: brainpod key create, or brainpod login',
  },
  {
    code: 'NOT_FOUND',
    command: /^(image build|deploy)$/,
    message: /^There is no operation/,
    advice:
      'This server does not build yet. With --local a BuildKit of yours does, which BUILDKIT_HOST names.',
  },
  {
    code: 'NOT_FOUND',
    message: /^There is no operation/,
    advice: 'This server does not offer that yet. Which server is asked: brainpod config show',
  },
  {
    code: 'NOT_FOUND',
    command: /^pod restore/,
    advice: 'Which can be restored: brainpod pod list --deleted',
  },
  { code: 'NOT_FOUND', message: /no such pod|no longer|not exist/i, advice: 'Your pods: brainpod pod list' },
  {
    code: 'NOT_FOUND',
    command: /^(revision|rollback)/,
    advice: 'The revisions of this pod: brainpod revision list',
  },
  {
    code: 'NOT_FOUND',
    command: /^domain/,
    advice:
      "The own domains of this pod: brainpod domain list POD. One more is named in a Route's spec.domains.",
  },
  { code: 'NOT_FOUND', command: /^blueprint/, advice: 'The blueprints there are: brainpod blueprint list' },
  { code: 'NOT_FOUND', command: /^build /, advice: 'The builds of this pod: brainpod build list' },
  { code: 'NOT_FOUND', command: /^key/, advice: 'Your keys: brainpod key list' },
  { code: 'NOT_FOUND', command: /^cluster/, advice: 'The clusters there are: brainpod cluster list' },
  { code: 'NOT_FOUND', command: /^size/, advice: 'The sizes there are: brainpod size list' },
  { code: 'NOT_FOUND', command: /^image/, advice: 'The images there are: brainpod image list' },
  {
    code: 'NOT_FOUND',
    command: /^registry credentials/,
    advice: 'The registries for which this pod has credentials: brainpod registry credentials list',
  },
  { code: 'NOT_FOUND', command: /^pod/, advice: 'Your pods: brainpod pod list' },
  { code: 'NOT_FOUND', advice: 'What there is in this pod: brainpod resource list' },
  {
    code: 'PRECONDITION_FAILED',
    message: /stopped/i,
    advice: 'Start it with: brainpod pod start POD',
  },
  {
    code: 'PRECONDITION_FAILED',
    message: /locked|restart/i,
    advice: 'See when it is over: brainpod resource list',
  },
  {
    code: 'PRECONDITION_FAILED',
    command: /^rollback/,
    message: /draft/i,
    advice:
      'See the changes with "brainpod plan", then deploy them with "brainpod deploy", or set them aside with "brainpod rollback … --discard-draft"',
  },
  {
    code: 'PRECONDITION_FAILED',
    command: /^(deploy|plan)/,
    message: /plan|If-Match|changed|differ/i,
    advice: 'Read what is new with "brainpod plan", then deploy with the tag that it shows.',
  },
  {
    code: 'PRECONDITION_FAILED',
    command: /^deploy/,
    advice:
      'There is no draft until something is changed, for example with "brainpod resource create". After a failed deploy: brainpod redeploy. How it stands: brainpod revision list',
  },
  {
    code: 'PRECONDITION_FAILED',
    command: /^redeploy/,
    advice:
      'How the revisions stand: brainpod revision list. Changes are deployed with: brainpod deploy --wait',
  },
  { code: 'PRECONDITION_FAILED', command: /^cluster/, advice: 'Delete or move its pods first.' },
  { code: 'PRECONDITION_FAILED', advice: 'How the pod stands: brainpod pod get POD, brainpod revision list' },
  {
    code: 'VALIDATION_ERROR',
    command: /^resource (create|replace)/,
    advice: 'Which fields there are: brainpod describe resource KIND',
  },
  {
    code: 'VALIDATION_ERROR',
    command: /^(deploy|redeploy|plan)/,
    advice: 'See all of it with: brainpod plan',
  },
  {
    code: 'VALIDATION_ERROR',
    command: /^blueprint install/,
    advice: 'What it can be told: brainpod blueprint get ID',
  },
  {
    code: 'VALIDATION_ERROR',
    command: /^domain certificate/,
    advice: 'What is in the file: openssl x509 -in FILE -noout -text',
  },
  {
    code: 'REQUEST_TOO_LARGE',
    advice: 'Send fewer resources at a time, or put large files into the image instead of a Config.',
  },
  {
    code: 'SERVICE_UNAVAILABLE',
    advice:
      'It was tried several times. Try again in a minute; on this machine, look with: brainpod engine status',
  },
  {
    code: 'REQUEST_TIMEOUT',
    advice: 'It was tried several times. What was written is whole or not at all: look, then try again.',
  },
  { code: 'INTERNAL_ERROR', advice: 'This is a mistake of the platform. Tell its operator the request id.' },
];

/** What to do next after this failure; null where its own message says it. */
export function adviceFor(error: unknown, situation: Situation): string | null {
  if (error instanceof ConnectionFailure) {
    return isLocal(error.endpoint)
      ? 'Is Brainpod running on this machine? Look with: brainpod engine status. Start it with: npm start'
      : 'Which server is asked, and from where that comes: brainpod config show';
  }
  if (error instanceof UnexpectedAnswer)
    return `Is this the address of a Brainpod API? Set it with: brainpod config set endpoint URL`;
  if (!(error instanceof ApiFailure)) return null;
  if (limitFault(error)) return 'What is used and what is allowed: brainpod pod limits';
  if (error.code === 'RATE_LIMITED') {
    const wait = error.retryAfterSeconds === null ? 'a moment' : `${error.retryAfterSeconds} s`;
    return `Too many requests with this key. Wait ${wait}, then try again.`;
  }
  const rule = RULES.find(
    ({ code, command, message }) =>
      code === error.code &&
      (command === undefined || command.test(situation.command)) &&
      (message === undefined || message.test(error.message)),
  );
  return rule?.advice.replaceAll('POD', situation.pod ?? 'NAME') ?? null;
}

/** Whether the account's or pod's limits are in the way. */
export function limitFault(error: ApiFailure): boolean {
  return error.details.some(({ path }) => path.startsWith('limits.'));
}

function isLocal(endpoint: string): boolean {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : '';
  return host === 'localhost' || host.endsWith('.localhost') || host.startsWith('127.') || host === '[::1]';
}
