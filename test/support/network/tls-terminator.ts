import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { OPENSSL, requireProgram } from '../process/programs.ts';
import { tempFolder } from '../temp-folder.ts';
import { listenOnFreePort } from './ports.ts';

/** A TLS server for one host name. This process trusts its certificate while it runs. */
export interface TlsTerminator extends AsyncDisposable {
  readonly port: number;
}

/** Starts a server that forwards the decrypted bytes to a port of this machine. */
export async function terminateTls(hostname: string, targetPort: number): Promise<TlsTerminator> {
  using folder = tempFolder();
  const keyFile = join(folder.path, 'key.pem');
  const certFile = join(folder.path, 'cert.pem');
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${hostname}`;
  const names = ['-addext', `subjectAltName=DNS:${hostname}`, '-keyout', keyFile, '-out', certFile];
  execFileSync(requireProgram(OPENSSL), [...request.split(' '), ...names], { stdio: 'pipe' });
  const cert = readFileSync(certFile, 'utf8');
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, cert]);
  const sockets = new Set<Socket>();
  const server = createServer({ key: readFileSync(keyFile), cert }, (client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const port = await listenOnFreePort(server);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      setDefaultCACertificates(trusted);
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
