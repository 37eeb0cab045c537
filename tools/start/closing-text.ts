export type Closing = {
  /** Null when no app was started. */
  url: string | null;
  /** The API's origin. */
  api: string;
  httpsPort: number;
  /** Where the gateway is reached: 127.0.0.1 for this machine's own engine. */
  gatewayAddress: string;
  authorityFile: string;
  configFile: string;
  isDefaultConfigFile: boolean;
  embedded: boolean;
};

/** What people need once everything runs. */
export function closingText(closing: Closing): string {
  const { api } = closing;
  const sections = [
    [
      ...(closing.url === null ? [] : [`  Your app      ${closing.url}`]),
      `  API           ${api}/v1`,
      `  Status page   ${api}/`,
      `  Your key      ${closing.configFile}`,
    ],
    ...(closing.url === null ? [] : [tryIt(closing, closing.url)]),
    trust(closing),
    nextSteps(closing),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function tryIt(closing: Closing, url: string): string[] {
  const { hostname } = new URL(url);
  const resolve = `${hostname}:${closing.httpsPort}:${closing.gatewayAddress}`;
  return ['Try it:', `  curl --cacert ${closing.authorityFile} --resolve ${resolve} ${url}`];
}

function trust(closing: Closing): string[] {
  const { authorityFile } = closing;
  return [
    'Its certificate is signed by an authority of this installation alone. To trust it:',
    `  Debian     sudo cp ${authorityFile} /usr/local/share/ca-certificates/brainpod.crt && sudo update-ca-certificates`,
    `  Chromium   certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n Brainpod -i ${authorityFile}   (Debian package libnss3-tools)`,
    `  Firefox    Settings, Certificates, View Certificates, Authorities, Import: ${authorityFile}`,
  ];
}

function nextSteps(closing: Closing): string[] {
  const prefix = closing.isDefaultConfigFile ? '' : `BRAINPOD_CONFIG=${closing.configFile} `;
  return [
    'Next:',
    '  npm start -- --app DIR          run your own folder',
    `${`  ${prefix}npx brainpod pod list`.padEnd(34)}what runs`,
    `  npx brainpod engine status      the parts of the platform; also: logs, doctor`,
    closing.embedded
      ? '  npx brainpod engine down        stop everything (up starts it again)'
      : '  npx brainpod engine down        stop the server and PostgreSQL; apps go on in the cluster',
  ];
}
