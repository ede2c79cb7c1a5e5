import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { OPENSSL, requireProgram } from '../process/programs.ts';

/** Files of a server's certificate. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** The certificate of the authority that signed it. */
  readonly ca: string;
}

/**
 * Creates a certificate authority and a certificate that it signs.
 *
 * @param folder for the files
 * @param name the only host of the certificate
 */
export function makeCertificate(folder: string, name: string): Certificate {
  const [ca, caKey] = [`${folder}/ca.pem`, `${folder}/ca.key`];
  const [certificate, key, request] = [
    `${folder}/server.pem`,
    `${folder}/server.key`,
    `${folder}/server.csr`,
  ];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    caKey,
    '-out',
    ca,
    '-days',
    '30',
    '-subj',
    '/CN=Test authority',
  );
  openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  writeFileSync(`${folder}/names`, `subjectAltName=DNS:${name}`);
  const signing = [
    '-CA',
    ca,
    '-CAkey',
    caKey,
    '-CAcreateserial',
    '-days',
    '30',
    '-extfile',
    `${folder}/names`,
  ];
  openssl('x509', '-req', '-in', request, '-out', certificate, ...signing);
  return { certificate, key, ca };
}

export function readCa({ ca }: Certificate): string {
  return readFileSync(ca, 'utf8');
}

function openssl(...values: string[]): void {
  execFileSync(requireProgram(OPENSSL), values, { stdio: 'pipe' });
}
