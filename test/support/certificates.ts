// A certificate for the loopback, in PEM, for tests of TLS.
import {
  CertificatePurpose,
  createSelfSignedCertificate,
  generatePrivateKey,
  privateKeyToPEM,
} from 'node-opcua-crypto';

export async function selfSigned(name: string): Promise<{ certificate: string; key: string }> {
  const privateKey = await generatePrivateKey(2048);
  const { privPem } = await privateKeyToPEM(privateKey);
  const { cert } = await createSelfSignedCertificate({
    privateKey,
    subject: `CN=${name}`,
    dns: ['localhost'],
    ip: ['127.0.0.1'],
    applicationUri: `urn:${name}`,
    purpose: CertificatePurpose.ForApplication,
    notBefore: new Date(Date.now() - 86_400_000),
    validity: 10,
  });
  return { certificate: cert, key: privPem };
}
