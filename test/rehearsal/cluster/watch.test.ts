import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";
import { KubernetesApi } from "../../../rehearsal/cluster/api.ts";
import { follow } from "../../../rehearsal/cluster/watch.ts";

interface Thing {
  readonly metadata: { readonly uid: string; readonly name: string };
}

const thing = (uid: string, name = uid): Thing => ({ metadata: { uid, name } });

/** A server of one collection, as the API server would answer for it. */
class Collection {
  items: Thing[] = [];
  refusals: number[] = [];
  readonly watches: ServerResponse[] = [];
  #opened: (() => void) | undefined;
  readonly server: Server;

  constructor(tls: { cert: string; key: string }) {
    this.server = createServer(tls, ({ url = "" }, response) => {
      const refusal = this.refusals.shift();
      if (refusal !== undefined) response.writeHead(refusal).end("{}");
      else if (url.includes("watch=true")) this.#watch(response);
      else response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items: this.items }));
    });
  }

  send(type: string, object: object): void {
    this.watches.at(-1)?.write(`${JSON.stringify({ type, object })}\n`);
  }

  /** Resolves once the next watch is open. */
  watched(): Promise<void> {
    return new Promise((resolve) => {
      this.#opened = resolve;
    });
  }

  #watch(response: ServerResponse): void {
    response.flushHeaders();
    this.watches.push(response);
    this.#opened?.();
  }
}

let directory: string;
let collection: Collection;
let api: KubernetesApi;
let ending: AbortController;
let log: string[];
let changed: () => void;

beforeEach(async () => {
  directory = mkdtempSync(`${tmpdir()}/sparki-watch-`);
  const authority = await CertificateAuthority.open(directory);
  const { certificatePem, keyPem } = await authority.issue({ commonName: "api", addresses: ["127.0.0.1"] });
  collection = new Collection({ cert: certificatePem, key: keyPem });
  collection.server.listen(0, "127.0.0.1");
  await once(collection.server, "listening");
  const address = collection.server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const endpoint = `https://127.0.0.1:${port}`;
  api = new KubernetesApi({ endpoint, certificateAuthorityPem: authority.pem, token: "t" });
  ending = new AbortController();
  log = [];
  changed = () => undefined;
});

afterEach(async () => {
  ending.abort();
  await api.close();
  collection.server.closeAllConnections();
  collection.server.close();
  rmSync(directory, { recursive: true, force: true });
});

function start(): Promise<void> {
  const note = (word: string) => (object: Thing) => {
    log.push(`${word} ${object.metadata.name}`);
    changed();
  };
  const watching = { path: "/things", onChange: note("has"), onDelete: note("lost") };
  return follow(api, watching, ending.signal);
}

async function until(entry: string): Promise<void> {
  while (!log.includes(entry)) {
    await new Promise<void>((resolve) => {
      changed = resolve;
    });
  }
}

describe("follow", () => {
  it("tells what is there, then each change", async () => {
    collection.items = [thing("a")];
    const watched = collection.watched();
    await start();
    expect(log).toEqual(["has a"]);
    await watched;
    collection.send("ADDED", thing("b"));
    collection.send("BOOKMARK", { metadata: { resourceVersion: "5" } });
    collection.send("DELETED", thing("a"));
    await until("lost a");
    expect(log).toEqual(["has a", "has b", "lost a"]);
  });

  it("lists again when its version is too old, and finds what was deleted meanwhile", async () => {
    collection.items = [thing("a"), thing("b")];
    const watched = collection.watched();
    await start();
    await watched;
    collection.items = [thing("b", "renamed")];
    collection.send("ERROR", { code: 410, message: "too old resource version" });
    await until("has renamed");
    expect(log).toEqual(["has a", "has b", "lost a", "has renamed"]);
  });

  it("goes on after the connection breaks", async () => {
    const watched = collection.watched();
    await start();
    await watched;
    const again = collection.watched();
    collection.watches[0]?.destroy();
    await again;
    collection.send("ADDED", thing("c"));
    await until("has c");
  });

  it("waits while the collection is still being made", async () => {
    collection.items = [thing("a")];
    collection.refusals = [429];
    await start();
    expect(log).toEqual(["has a"]);
  });

  it("fails when the collection cannot be listed at first", async () => {
    collection.refusals = [403];
    await expect(start()).rejects.toMatchObject({ name: "ApiError", status: 403 });
  });
});
