// A certificate for the loopback that signs itself, made by the openssl of the machine. Trusted by nobody but who is given it.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In PEM. */
export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

/** Skips the suite, and prints why, where there is no openssl. */
export function needOpenssl(context: Mocha.Context): void {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
  } catch {
    console.log('      skipped: there is no openssl on this machine (Debian: apt-get install openssl)');
    context.skip();
  }
}

/** Writes cert.pem and key.pem for 127.0.0.1 into `folder`. */
export function makeCertificate(folder: string): Certificate {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const names = ['-subj', '/CN=rumormill test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  // The OPC UA library names a configuration of its own to the whole process, which need not be there any more.
  const { OPENSSL_CONF: _, ...env } = process.env;
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore', env });
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
