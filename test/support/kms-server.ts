import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

/** A server of as much of KMS's protocol as Pulumi's secrets provider asks for, with its keys in memory. */
export interface KmsServer {
  /** What whoever asks it must have in the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys by which something was encrypted, in the order of the calls. */
  readonly encryptedBy: readonly string[];
  close(): Promise<void>;
}

/** Starts it on a free loopback port. */
export async function serveKms(): Promise<KmsServer> {
  const kept = new Map<string, { readonly key: string; readonly plaintext: string }>();
  const encryptedBy: string[] = [];
  const acts: Readonly<Record<string, (asked: Record<string, string>) => object | undefined>> = {
    Encrypt: ({ KeyId = "", Plaintext = "" }) => {
      const blob = randomBytes(48).toString("base64");
      kept.set(blob, { key: KeyId, plaintext: Plaintext });
      encryptedBy.push(KeyId);
      return { CiphertextBlob: blob, KeyId };
    },
    Decrypt: ({ CiphertextBlob = "" }) => {
      const found = kept.get(CiphertextBlob);
      return found && { Plaintext: found.plaintext, KeyId: found.key };
    },
  };
  const server = createServer(async (request, response) => {
    const act = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const answer = acts[act]?.(JSON.parse(await text(request)));
    response.writeHead(answer === undefined ? 400 : 200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(answer ?? { __type: "InvalidCiphertextException" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    environment: { AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}` },
    encryptedBy,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
