// The key of a federation's owner: Ed25519 (RFC 8032). Owns its text and PEM forms; reads and writes no files.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** An owner's public key as a manifest has it: 'ed25519:' and its 32 bytes in hexadecimal, lower case. */
export const ownerKeyPattern = /^ed25519:[0-9a-f]{64}$/;

// RFC 8410, section 4: what stands before the 32 bytes of an Ed25519 key in its DER form.
const derPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** A new owner key: the private one as PKCS #8 in PEM, the public one as text for the manifest. */
export function createOwnerKey(): { pem: string; publicKey: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), publicKey: ownerPublicKey(privateKey) };
}

/** The private key of a PEM text; undefined where that is no Ed25519 private key. */
export function parseOwnerKey(pem: string): KeyObject | undefined {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // OpenSSL's words for what is wrong mean nothing to an operator, and may quote the key.
    return undefined;
  }
  return key.asymmetricKeyType === 'ed25519' ? key : undefined;
}

/** The public half of an Ed25519 private key, in the form of `ownerKeyPattern`. */
export function ownerPublicKey(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  assert(der.subarray(0, derPrefix.length).equals(derPrefix), 'an owner key is an Ed25519 key');
  return `ed25519:${der.subarray(derPrefix.length).toString('hex')}`;
}

/** The key for checking signatures of an owner whose public key is `text`, which has the form of `ownerKeyPattern`. */
export function verifyingKey(text: string): KeyObject {
  assert(ownerKeyPattern.test(text), 'not an owner key');
  const raw = Buffer.from(text.slice('ed25519:'.length), 'hex');
  return createPublicKey({ key: Buffer.concat([derPrefix, raw]), format: 'der', type: 'spki' });
}
