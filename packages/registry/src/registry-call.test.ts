import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OciError } from './oci-error.ts';
import { parseRegistryCall, podOf, upstreamTarget } from './registry-call.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function codeOf(target: string): string {
  try {
    parseRegistryCall(target);
  } catch (error) {
    if (error instanceof OciError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('what a request asks for', () => {
  it.each([
    ['/v2/', 'ping'],
    ['/v2', 'ping'],
    [`/v2/pod/app/blobs/${digest}`, 'blob'],
    [`/v2/pod/team/app/manifests/latest`, 'manifest'],
    [`/v2/pod/app/manifests/${digest}`, 'manifest'],
    ['/v2/docker.io/library/node/manifests/24', 'manifest'],
    ['/v2/pod/app/tags/list?n=10&last=a', 'tags'],
    [`/v2/pod/app/referrers/${digest}`, 'referrers'],
    [`/v2/pod/app/blobs/uploads/?mount=${digest}&from=other/app`, 'upload-start'],
    ['/v2/pod/app/blobs/uploads/4f3c-1?_state=x_-=', 'upload'],
    ['/v2/pod/blobs/uploads/manifests/v1', 'manifest'],
  ])('%s is %s', (target, kind) => {
    expect(parseRegistryCall(target).kind).toBe(kind);
  });

  it('reads an escaped digest and drops parameters that mean nothing to the registry', () => {
    const call = parseRegistryCall(`/v2/pod/app/blobs/${digest.replace(':', '%3A')}?ns=registry.example`);
    expect(upstreamTarget(call)).toBe(`/v2/pod/app/blobs/${digest}`);
  });

  it('keeps what the registry needs to go on with an upload', () => {
    const call = parseRegistryCall(`/v2/pod/app/blobs/uploads/u-1?_state=ab%3D&digest=${digest}`);
    expect(upstreamTarget(call)).toBe(
      `/v2/pod/app/blobs/uploads/u-1?_state=ab%3D&digest=${digest.replace(':', '%3A')}`,
    );
  });
});

describe('what is refused', () => {
  it.each([
    ['/v2/_catalog', 'DENIED'],
    ['/v2/_catalog/', 'DENIED'],
    ['/v2/ghcr.io/library/node/manifests/24', 'DENIED'],
    ['/v2/app/manifests/latest', 'NAME_UNKNOWN'],
    ['/v2/pod//app/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod/../other/app/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod/./app/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod%2fapp/x/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod/%2e%2e/other/app/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod/app/manifests/..%2f..%2fother', 'TAG_INVALID'],
    ['/v2/pod/App/manifests/latest', 'NAME_INVALID'],
    ['/v2/POD/app/manifests/latest', 'NAME_INVALID'],
    ['/v2/pod/app\\x/manifests/latest', 'NAME_INVALID'],
    [`/v2/pod/${'a'.repeat(260)}/manifests/latest`, 'NAME_INVALID'],
    ['/v2/pod/app/manifests/.hidden', 'TAG_INVALID'],
    ['/v2/pod/app/blobs/sha256:short', 'DIGEST_INVALID'],
    ['/v2/pod/app/blobs/uploads/../../x', 'NAME_INVALID'],
    ['/v2/pod/app/blobs/uploads/a%2fb', 'NAME_INVALID'],
    [`/v2/pod/app/blobs/uploads/?mount=${digest}&from=pod/app&from=other/app`, 'NAME_INVALID'],
    [`/v2/pod/app/blobs/uploads/?mount=${digest}&from=../other/app`, 'NAME_INVALID'],
    ['/v2/pod/app/', 'NAME_UNKNOWN'],
    ['/v2/pod/app/tags/other', 'NAME_UNKNOWN'],
    ['/v1/pod/app', 'NAME_UNKNOWN'],
    ['//v2/pod/app/manifests/latest', 'NAME_UNKNOWN'],
  ])('%s: %s', (target, code) => {
    expect(codeOf(target)).toBe(code);
  });

  it('never sends a path upstream that leaves the pod which was checked', () => {
    const part = fc.constantFrom(
      'pod',
      'other',
      '..',
      '.',
      '',
      '%2f',
      '%2e%2e',
      'blobs',
      'uploads',
      'manifests',
      digest,
      'A',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
        const target = `/v2/${parts.join('/')}`;
        if (codeOf(target) !== 'accepted') return;
        const call = parseRegistryCall(target);
        if (call.kind === 'ping') return;
        const sent = new URL(upstreamTarget(call), 'http://registry.test').pathname;
        expect(sent.startsWith(`/v2/${podOf(call.repository)}/`)).toBe(true);
        expect(sent.split('/')[2]).toBe(parts[0]);
      }),
      { numRuns: 2000 },
    );
  });
});
