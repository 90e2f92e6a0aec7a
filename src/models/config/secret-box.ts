import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { AppError } from "#core/errors.ts";

/** Encrypts small secrets for the disk with AES-256-GCM; each is bound to the name of what it belongs to. */
export interface SecretBox {
  seal(secret: string, name: string): string;
  /** AppError `storage` when it was sealed with another key, for another name, or was changed. */
  open(sealed: string, name: string): string;
}

const ivBytes = 12;
const tagBytes = 16;
const prefix = "v1.";

/** `key`: any text that is hard to guess. */
export function createSecretBox(key: () => string): SecretBox {
  const keyBytes = () => createHash("sha256").update("abstractgateway secrets\n").update(key()).digest();
  return {
    seal(secret, name) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", keyBytes(), iv);
      cipher.setAAD(Buffer.from(name));
      const body = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return prefix + Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
    },
    open(sealed, name) {
      const bytes = Buffer.from(sealed.startsWith(prefix) ? sealed.slice(prefix.length) : "", "base64url");
      try {
        const decipher = createDecipheriv("aes-256-gcm", keyBytes(), bytes.subarray(0, ivBytes));
        decipher.setAAD(Buffer.from(name));
        decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString("utf8");
      } catch (cause) {
        const remedy = "was ABSTRACTGATEWAY_SECRET_KEY or the file config/secret.key changed? Enter the secret again";
        throw new AppError("storage", `The secret of '${name}' cannot be read: ${remedy}`, { cause });
      }
    },
  };
}
