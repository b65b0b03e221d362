import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { request } from "../../../io/http.ts";
import { type Network, openNetwork } from "../../../io/network.ts";
import { IMAGE_LIMITS, type Platform } from "../../../io/oci-image.ts";
import { Registry } from "../../../io/oci-registry.ts";
import { CONTRACT, type Role } from "../../../runbook/conformance/contract.ts";
import { checkImage } from "../../../runbook/conformance/image.ts";
import { conformanceText } from "../../../runbook/conformance/report.ts";
import { conformanceDocument } from "../../../runbook/report/document.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { namedImage } from "../../../stacks/fields.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import {
  AUTHORITIES,
  GOOD_ENTRIES,
  type ImageParts,
  type ImageRegistry,
  LAYER_TYPE,
  layerOf,
  PROGRAM,
  sha256,
  startImageRegistry,
  type TarEntry,
  tarOf,
} from "../../support/image-registry.ts";

let server: ImageRegistry;
let network: Network;
beforeAll(async () => {
  server = await startImageRegistry();
  network = openNetwork(server.env);
});
afterAll(async () => {
  await network.close();
  await server.close();
});
beforeEach(() => {
  server.answer = () => false;
  server.asked.length = 0;
});

interface Asking {
  readonly role?: Role;
  readonly platforms?: readonly Platform[];
  readonly limits?: Partial<typeof IMAGE_LIMITS>;
  readonly region?: string;
  readonly now?: number;
  readonly secret?: string;
}

async function check(version: string, { role = "engine", platforms = ["linux/amd64"], ...asking }: Asking = {}) {
  const name = `${server.host}/sparki/engine${version.startsWith("sha256:") ? "@" : ":"}${version}`;
  const image = namedImage(name);
  if (image === undefined) throw new Error(`${name} is no image`);
  const { signal } = new AbortController();
  const registry = new Registry((url, options) => request(network, url, options), asking.secret, signal);
  const limits = { ...IMAGE_LIMITS, ...asking.limits };
  const clock = fakeClock(asking.now ?? 0);
  return checkImage({
    registry,
    image,
    name,
    role,
    platforms,
    limits,
    clock,
    region: asking.region,
    say: () => undefined,
  });
}

type Report = Awaited<ReturnType<typeof check>>;

const failedIn = ({ points }: Report) => points.filter(({ status }) => status === "fail").map(({ id }) => id);
const foundOf = ({ points }: Report, id: string) => points.find((point) => point.id === id);
const SEEN = CONTRACT.filter(({ seen }) => seen === "registry").map(({ id }) => id);

/** The good files, with these in place of those of the same path or beside them. */
const withEntries = (...entries: TarEntry[]): ImageParts => ({
  layers: [layerOf([...GOOD_ENTRIES.filter(({ path }) => entries.every((each) => each.path !== path)), ...entries])],
});
const without = (path: string): ImageParts => ({
  layers: [layerOf(GOOD_ENTRIES.filter((each) => each.path !== path))],
});
const withConfig = (config: ImageParts["config"]): ImageParts => ({ config: config ?? {} });

describe("checkImage", () => {
  it("passes a good engine in every point that a registry shows, and calls no other point passed", async () => {
    const digest = server.push();
    const report = await check(digest);
    expect(report.points.filter(({ status }) => status === "pass").map(({ id }) => id)).toEqual(SEEN);
    expect(report).toMatchObject({ outcome: "conforms", exitCode: 0, failed: 0, service: "engine", image: { digest } });
    expect(foundOf(report, "health")).toMatchObject({
      status: "not checked",
      found: "run it, then npx sparki conformance URL",
    });
    expect(foundOf(report, "memory")).toMatchObject({
      status: "not checked",
      found: expect.stringMatching(/^`docker run/),
    });
    expect(report.image?.platforms[0]?.size).toMatchObject({ layers: 1, entries: GOOD_ENTRIES.length });
    expect(conformanceDocument.parse(report)).toEqual(report);
    const text = conformanceText(report, plainScreen(process.stderr).paint);
    expect(text.replaceAll(/\s+/g, " ")).toContain("conforms, for the points that can be checked by image");
  });

  it.each([
    ["gzip", gzipSync, `${LAYER_TYPE}+gzip`],
    ["gzip of Docker", gzipSync, "application/vnd.docker.image.rootfs.diff.tar.gzip"],
    ["zstd", zstdCompressSync, `${LAYER_TYPE}+zstd`],
    ["no compression", (tar: Buffer) => tar, LAYER_TYPE],
  ])("reads layers with %s", async (_, pack, type) => {
    const report = await check(server.push({ layers: [layerOf(GOOD_ENTRIES, pack, type)] }));
    expect(report).toMatchObject({ outcome: "conforms", exitCode: 0 });
  });

  it("checks the web by its own points and the end-to-end tests by theirs", async () => {
    const bare = server.push({
      layers: [layerOf([{ path: "app/server", ...PROGRAM }])],
      config: { ExposedPorts: undefined },
    });
    expect(await check(bare, { role: "e2e" })).toMatchObject({ outcome: "conforms", exitCode: 0, service: "e2e" });
    const web = await check(bare, { role: "web" });
    expect(web).toMatchObject({ outcome: "not proven", exitCode: 3, failed: 0 });
    expect(foundOf(web, "image-port")).toMatchObject({ status: "not checked" });
    expect(foundOf(web, "image-migrate")).toBeUndefined();
  });
});

/** For each point: what is wrong with an image, and what is then said of it. */
const WRONG: readonly (readonly [string, string, ImageParts, RegExp])[] = [
  [
    "image-platforms",
    "another platform",
    { architecture: "arm64" },
    /it is for linux\/arm64 alone; linux\/amd64 is asked for/,
  ],
  ["image-user", "no user", withConfig({ User: "" }), /names no user, which is root/],
  ["image-user", "root", withConfig({ User: "0:0" }), /User is 0:0, which is root/],
  ["image-user", "a name", withConfig({ User: "sparki" }), /User is "sparki"; expected a number/],
  ["image-user", "root with zeros", withConfig({ User: "000" }), /which is root/],
  ["image-command", "no command", withConfig({ Entrypoint: [] }), /neither an entrypoint nor a command/],
  [
    "image-command",
    "a command that is not there",
    withConfig({ Entrypoint: ["/app/none"] }),
    /\/app\/none is not in the image/,
  ],
  ["image-command", "a command that PATH has not", withConfig({ Entrypoint: ["none"] }), /none is not in the image/],
  [
    "image-command",
    "a command that root alone may run",
    withEntries({ path: "app/server", mode: 0o700, text: "x" }),
    /\/app\/server may not be executed by user and group 10001: mode 0700 of 0:0/,
  ],
  [
    "image-port",
    "another port",
    withConfig({ ExposedPorts: { "3000/tcp": {} } }),
    /exposes 3000\/tcp; expected 8080\/tcp/,
  ],
  [
    "image-secrets",
    "a password as variable",
    withConfig({ Env: ["DATABASE_PASSWORD=hunter2"] }),
    /variable DATABASE_PASSWORD$/,
  ],
  [
    "image-secrets",
    "a token as label",
    withConfig({ Labels: { note: "ghp_abcdefghijklmnopqrstuvwxyz0123456789" } }),
    /a secret in label note$/,
  ],
  [
    "image-secrets",
    "a token in its history",
    { history: [{}, { created_by: "RUN |1 NPM_TOKEN=npm_abcdefghijklmnopqrstuvwxyz0123456789 npm ci" }] },
    /a secret in line 2 of the history$/,
  ],
  [
    "image-secrets",
    "a password in its command",
    withConfig({ Entrypoint: ["/app/server"], Cmd: ["--password", "hunter2"] }),
    /a secret in the command$/,
  ],
  [
    "image-secrets",
    "one as annotation",
    { annotations: { "db.password": "hunter2" } },
    /a secret in annotation db\.password$/,
  ],
  ["image-migrate", "no such program", without("app/migrate"), /\/app\/migrate is not in the image/],
  [
    "image-migrate",
    "one that cannot be executed",
    withEntries({ path: "app/migrate", mode: 0o644, text: "x" }),
    /may not be executed .*mode 0644 of 0:0/,
  ],
  [
    "image-migrate",
    "one whose owner, the pod's user, has fewer rights than others",
    withEntries({ path: "app/migrate", mode: 0o675, uid: 10001, text: "x" }),
    /mode 0675 of 10001:0/,
  ],
  [
    "image-migrate",
    "a folder in its place",
    withEntries({ path: "app/migrate", type: "Directory", mode: 0o755 }),
    /is no file/,
  ],
  [
    "image-migrate",
    "a link to itself",
    withEntries({ path: "app/migrate", type: "SymbolicLink", link: "migrate" }),
    /is not in the image/,
  ],
  [
    "image-seed-data",
    "a link that leads out of the image",
    withEntries({ path: "app/seed-data", type: "SymbolicLink", link: "../../../../../bin/sh" }),
    /\/app\/seed-data is not in the image/,
  ],
  [
    "image-authorities",
    "certificates of root alone",
    withEntries({ path: "etc/ssl/rds.pem", mode: 0o600, text: AUTHORITIES }),
    /\/etc\/ssl\/rds\.pem has them, and user 10001 may not read it/,
  ],
  ["image-mounts", "a volume", withConfig({ Volumes: { "/data": {} } }), /declares the volumes \/data/],
  [
    "image-mounts",
    "a file where a mount goes",
    withEntries({ path: "mnt", text: "x" }),
    /\/mnt\/secrets\/database cannot be mounted/,
  ],
  [
    "image-mounts",
    "a working directory of root alone",
    {
      ...withEntries({ path: "root/", type: "Directory", mode: 0o700 }),
      ...withConfig({ WorkingDir: "/root" }),
    },
    /\/root cannot be entered by user 10001/,
  ],
];

describe("checkImage of an image that is wrong in one point", () => {
  it.each(WRONG)("fails %s for %s", async (id, _, parts, found) => {
    const report = await check(server.push(parts));
    expect(failedIn(report)).toEqual([id]);
    expect(foundOf(report, id)?.found).toMatch(found);
    expect(report).toMatchObject({ outcome: "does not conform", exitCode: 1 });
    expect(JSON.stringify(report)).not.toMatch(/hunter2|ghp_|npm_a/);
  });

  it("has a wrong image for every point", () => {
    const ids = new Set([...WRONG.map(([id]) => id), ...BROKEN.map(([id]) => id)]);
    expect(SEEN.filter((id) => !ids.has(id))).toEqual([]);
  });
});

/** A good layer, with another content behind its name. */
const replaced = (of: (parts: { layer: Buffer; digest: string }) => void, parts?: ImageParts) => () => {
  const { layers = [layerOf(GOOD_ENTRIES)] } = parts ?? {};
  const version = server.push({ layers });
  const layer = layers[0]?.blob ?? Buffer.alloc(0);
  of({ layer, digest: sha256(layer) });
  return version;
};
const pushed = (parts: ImageParts) => () => server.push(parts);
const flipped = (content: Buffer) =>
  Buffer.from(content.map((byte, index) => (index === content.length - 9 ? byte ^ 1 : byte)));
const oneLayer = (...entries: TarEntry[]) => pushed({ layers: [layerOf([...GOOD_ENTRIES, ...entries])] });
const same = (tar: Buffer) => tar;
const raw = (tar: Buffer, pack: (tar: Buffer) => Buffer = gzipSync) =>
  pushed({
    layers: [{ blob: pack(tar), mediaType: `${LAYER_TYPE}+gzip`, diffId: sha256(tar) }],
  });

type Broken = readonly [string, "fail" | "not checked", string, () => string, RegExp, (Asking | undefined)?];

/** What cannot be read: of which point it is, how that ends, and what is said. */
const BROKEN: readonly Broken[] = [
  [
    "image-digests",
    "fail",
    "a layer that was changed",
    replaced(({ layer, digest }) => server.blobs.set(digest, flipped(layer))),
    /layer 1 of 1 is damaged: the registry gives sha256:[0-9a-f]{64} for sha256:/,
  ],
  [
    "image-digests",
    "fail",
    "a layer that ends early",
    replaced(({ layer, digest }) => server.blobs.set(digest, layer.subarray(0, 300))),
    /layer 1 of 1 has 300 bytes; the manifest says \d+/,
  ],
  [
    "image-digests",
    "fail",
    "a layer that is gone",
    replaced(({ digest }) => server.blobs.delete(digest)),
    /layer 1 of 1 is not in the registry/,
  ],
  [
    "image-digests",
    "fail",
    "a layer that never ends",
    replaced(({ digest }) => {
      server.answer = ({ url = "" }, response) => {
        if (!url.endsWith(digest)) return false;
        response.writeHead(200);
        const more = setInterval(() => response.write(Buffer.alloc(65_536)), 5);
        response.on("close", () => clearInterval(more));
        return true;
      };
    }),
    /layer 1 of 1 is longer than the \d+ bytes that the manifest says/,
  ],
  [
    "image-digests",
    "fail",
    "a layer that unpacks to something else",
    pushed({ layers: [{ ...layerOf(GOOD_ENTRIES), diffId: `sha256:${"0".repeat(64)}` }] }),
    /unpacks to sha256:[0-9a-f]{64}; the config says sha256:0{64}/,
  ],
  [
    "image-layers",
    "not checked",
    "an unknown media type",
    pushed({ layers: [layerOf(GOOD_ENTRIES, deflateSync, "application/vnd.in-toto+json")] }),
    /layer 1 of 1 has the media type "application\/vnd\.in-toto\+json"; expected a tar/,
  ],
  [
    "image-layers",
    "not checked",
    "a second compression inside",
    raw(gzipSync(tarOf(GOOD_ENTRIES))),
    /is compressed otherwise than its media type says/,
  ],
  [
    "image-layers",
    "fail",
    "no gzip where gzip is announced",
    raw(tarOf(GOOD_ENTRIES), same),
    /cannot be unpacked as application\/vnd\.oci\.image\.layer\.v1\.tar\+gzip/,
  ],
  [
    "image-layers",
    "not checked",
    "a layer that is larger than the limit",
    pushed({}),
    /layer 1 of 1 has 0\.\d MiB; a layer of more than 0\.0 MiB is not read/,
    { limits: { layerBytes: 100 } },
  ],
  [
    "image-layers",
    "not checked",
    "a layer that unpacks without an end",
    raw(Buffer.concat([tarOf([{ path: "big", text: "0".repeat(4 << 20) }])])),
    /layer 1 of 1 unpacks to more than 1\.0 MiB, which is not read/,
    { limits: { unpackedBytes: 1 << 20 } },
  ],
  [
    "image-layers",
    "not checked",
    "more entries than are read",
    pushed({}),
    /has more than 3 entries/,
    { limits: { entries: 3 } },
  ],
  [
    "image-layers",
    "fail",
    "an entry above the root",
    oneLayer({ path: "../../etc/passwd", text: "x" }),
    /"\.\.\/\.\.\/etc\/passwd" leads out of the image/,
  ],
  [
    "image-layers",
    "fail",
    "a hard link to what is not in the image",
    oneLayer({ path: "app/x", type: "Link", link: "etc/shadow" }),
    /is a hard link to "etc\/shadow", which is no file of the image/,
  ],
  [
    "image-layers",
    "fail",
    "a text that is no archive",
    raw(Buffer.from("x".repeat(2_000))),
    /has a tar archive that cannot be read/,
  ],
  [
    "image-layers",
    "fail",
    "an archive that ends early",
    raw(tarOf(GOOD_ENTRIES).subarray(0, -5_000)),
    /has a tar archive that cannot be read: .*Truncated/,
  ],
];

describe("checkImage of an image that cannot be read", () => {
  it.each(BROKEN.map((row) => [row[0], row[2], row] as const))(
    "tells by %s of %s, and judges nothing by what it could not read",
    async (_, __, [id, status, , make, found, asking]) => {
      const report = await check(make(), asking);
      expect(foundOf(report, id)).toMatchObject({ status, found: expect.stringMatching(found) });
      expect(report.exitCode).toBe(status === "fail" ? 1 : 3);
      expect(failedIn(report)).toEqual(status === "fail" ? [id] : []);
      for (const file of ["image-migrate", "image-command", "image-authorities", "image-mounts"])
        expect(foundOf(report, file)).toMatchObject({
          status: "not checked",
          found: expect.stringMatching(/^the files were not read: /),
        });
      expect(report.image?.platforms[0]?.size).toBeNull();
    },
  );

  it.each(["manifest", "config"])(
    "fails image-digests for a %s that was changed, and knows nothing else",
    async (what) => {
      const version = server.push();
      const of = server.manifests.get(version);
      if (what === "manifest") server.manifests.set(version, { type: of?.type ?? "", text: `${of?.text} ` });
      else {
        const { digest } = JSON.parse(of?.text ?? "").config;
        server.blobs.set(digest, Buffer.concat([server.blobs.get(digest) ?? Buffer.alloc(0), Buffer.from(" ")]));
      }
      const report = await check(version);
      expect(failedIn(report)).toEqual(["image-digests"]);
      if (what === "config") expect(report.passed).toBe(0);
    },
  );

  it("fails nothing and proves nothing where the registry has something else than an image", async () => {
    const report = await check(server.push({ manifestType: "application/vnd.cncf.helm.chart+json" }));
    expect(report).toMatchObject({ outcome: "not proven", exitCode: 3, failed: 0, passed: 0 });
    expect(foundOf(report, "image-platforms")?.found).toMatch(/it is of the type "application\/vnd\.cncf\.helm/);
  });
});

describe("checkImage of an index", () => {
  it("checks each platform that is asked for, and says of which one a finding is", async () => {
    const images = { amd64: server.push(), arm64: server.push({ architecture: "arm64", ...without("app/migrate") }) };
    const version = server.index(images, "both");
    expect(await check("both")).toMatchObject({ outcome: "conforms", image: { digest: version } });
    const report = await check("both", { platforms: ["linux/amd64", "linux/arm64"] });
    expect(failedIn(report)).toEqual(["image-migrate"]);
    expect(foundOf(report, "image-migrate")?.found).toBe("linux/arm64: /app/migrate is not in the image");
  });

  it("follows an index that an index gives for a platform, as builders with attestations make it", async () => {
    // https://github.com/CodesWhat/drydock/pull/816
    const inner = server.index({ amd64: server.push() });
    server.index({ amd64: inner }, "nested");
    expect(await check("nested")).toMatchObject({ outcome: "conforms" });
    const other = server.index({ arm64: server.push({ architecture: "arm64" }) });
    server.index({ amd64: other }, "astray");
    expect(foundOf(await check("astray"), "image-platforms")?.found).toBe(
      "it has nothing for linux/amd64, only for linux/arm64",
    );
  });

  it("fails a platform that the index has not, and one that its config contradicts", async () => {
    const arm = server.push({ architecture: "arm64" });
    server.index({ arm64: arm }, "arm");
    expect(foundOf(await check("arm"), "image-platforms")?.found).toBe(
      "it has nothing for linux/amd64, only for linux/arm64",
    );
    server.index({ amd64: arm }, "lying");
    expect(foundOf(await check("lying"), "image-platforms")?.found).toBe(
      "what the index gives for linux/amd64 is for linux/arm64",
    );
  });
});

describe("checkImage of several layers", () => {
  const two = (...entries: TarEntry[]) => server.push({ layers: [layerOf(GOOD_ENTRIES), layerOf(entries)] });

  it.each([
    ["takes away", [{ path: "app/.wh.migrate" }]],
    [
      "takes away with its folder",
      [{ path: ".wh.app" }, { path: "app/server", ...PROGRAM }, { path: "app/seed-data", ...PROGRAM }],
    ],
    [
      "hides",
      [{ path: "app/server", ...PROGRAM }, { path: "app/.wh..wh..opq" }, { path: "app/seed-data", ...PROGRAM }],
    ],
    ["replaces by a link to nowhere", [{ path: "app/migrate", type: "SymbolicLink", link: "/none" }]],
  ] as const)("misses a program that a later layer %s", async (_, entries) => {
    expect(failedIn(await check(two(...entries)))).toEqual(["image-migrate"]);
  });

  it.each([
    [
      "by a link in the image",
      [
        { path: "app/migrate", type: "SymbolicLink", link: "../bin/migrate" },
        { path: "bin/migrate", ...PROGRAM },
      ],
    ],
    [
      "in a folder that is a link",
      [
        { path: "opt/app/x", text: "" },
        { path: "app", type: "SymbolicLink", link: "/opt/app" },
        { path: "app/migrate", ...PROGRAM },
        { path: "app/seed-data", ...PROGRAM },
        { path: "opt/app/server", ...PROGRAM },
      ],
    ],
    ["by a hard link", [{ path: "app/.wh.migrate" }, { path: "app/migrate", type: "Link", link: "app/server" }]],
    ["after an empty layer", []],
  ] as const)("finds a program %s", async (_, entries) => {
    expect(failedIn(await check(two(...entries)))).toEqual([]);
  });
});

describe("checkImage of certificates", () => {
  const YEAR_2200 = 7_258_118_400;

  it("never calls an engine without a file of them passed", async () => {
    const report = await check(server.push(without("etc/ssl/rds.pem")));
    expect(foundOf(report, "image-authorities")).toMatchObject({ status: "not checked" });
    expect(report).toMatchObject({ outcome: "not proven", exitCode: 3 });
  });

  it("counts those of the stack's region that have not expired, and no others", async () => {
    const version = server.push();
    expect(foundOf(await check(version, { region: "eu-central-1" }), "image-authorities")?.found).toMatch(
      /has \d+ of RDS in eu-central-1/,
    );
    expect(foundOf(await check(version, { region: "xx-none-1" }), "image-authorities")?.status).toBe("not checked");
    expect(foundOf(await check(version, { now: YEAR_2200 }), "image-authorities")?.status).toBe("not checked");
  });
});

describe("checkImage and the registry's login", () => {
  it("sends the token to the registry's own realm alone, over TLS", async () => {
    const version = server.push();
    server.answer = ({ url = "", headers }, response) => {
      if (url.startsWith("/token")) {
        response.writeHead(200, { "content-type": "application/json" }).end('{"token":"t"}');
        return true;
      }
      if (headers.authorization === "Bearer t") return false;
      response.writeHead(401, { "www-authenticate": `Bearer realm="https://${server.host}/token"` }).end();
      return true;
    };
    expect(await check(version, { secret: "ann:pass" })).toMatchObject({ outcome: "conforms" });
    const withBasic = server.asked.filter(({ authorization }) => authorization?.startsWith("Basic "));
    expect(withBasic.length).toBeGreaterThan(0);
    expect(withBasic.every(({ url }) => url.startsWith("/token"))).toBe(true);
  });

  it.each(["https://127.0.0.2:9/token", "http://evil.test/token"])(
    "sends nothing to a realm elsewhere: %s",
    async (realm) => {
      const version = server.push();
      server.answer = (_, response) => {
        response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
        return true;
      };
      await expect(check(version, { secret: "ann:pass" })).rejects.toMatchObject({
        code: "SPARKI_OUTSIDE",
        message: expect.stringMatching(/asks to log in at .*, which is not its own over TLS/),
      });
      expect(server.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    },
  );

  it("throws SPARKI_OUTSIDE where the connection breaks inside a layer", async () => {
    const version = server.push();
    const { digest } = JSON.parse(server.manifests.get(version)?.text ?? "").layers[0];
    server.answer = ({ url = "" }, response) => {
      if (!url.endsWith(digest)) return false;
      response.writeHead(200, { "content-length": "5000" });
      response.write("x", () => response.destroy());
      return true;
    };
    await expect(check(version)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
