import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { readFileHistory } from "../../io/stack-state.ts";
import { checkpointOf, historyOf, releaseNamed } from "../support/updates.ts";

const PACKED = {
  plain: ["", (text: string) => text],
  gzip: [".gz", (text: string) => gzipSync(text)],
  zstd: [".zst", (text: string) => zstdCompressSync(text)],
} as const;

describe("readFileHistory", () => {
  let backend: string;
  beforeEach(() => {
    backend = mkdtempSync(join(tmpdir(), "sparki-backend-"));
    mkdirSync(join(backend, ".pulumi", "history", "sparki", "prod"), { recursive: true });
  });
  afterEach(() => rmSync(backend, { recursive: true }));

  const folder = () => join(backend, ".pulumi", "history", "sparki", "prod");
  const write = (name: string, content: string | Buffer) => writeFileSync(join(folder(), name), content);
  const read = () => readFileHistory(backend, "sparki", "prod");
  const [one, two, three] = [releaseNamed("1.0"), releaseNamed("2.0"), releaseNamed("3.0")];

  it("orders by the nanoseconds in the file names, newest first, however many digits they have", () => {
    write("prod-999.history.json", historyOf(one));
    write("prod-1795433500349031428.history.json", historyOf(three));
    write("prod-1795433500349031427.history.json", historyOf(two));
    expect(read().map(({ release }) => release?.id)).toEqual(["3.0", "2.0", "1.0"]);
  });

  it.each(Object.keys(PACKED))("reads %s files, the state with its promotion too", async (kind) => {
    const [ending, pack] = PACKED[kind as keyof typeof PACKED];
    write(`prod-10.history.json${ending}`, pack(historyOf(two, { message: "sparki deploy of 2.0" })));
    write(`prod-10.checkpoint.json${ending}`, pack(checkpointOf(one)));
    const [update] = read();
    expect(update).toMatchObject({ id: "prod-10", result: "succeeded", message: "sparki deploy of 2.0" });
    expect(update?.release).toEqual(two);
    expect((await update?.promotion())?.release).toEqual(one);
  });

  it("keeps failed updates, with what was live after them, and leaves out what is no update", async () => {
    write("prod-30.history.json", historyOf(two, { result: "failed" }));
    write("prod-30.checkpoint.json", checkpointOf(one));
    write("prod-20.history.json", historyOf(two, { kind: "refresh" }));
    write("prod-10.history.json", historyOf(one));
    write("prod-30.history.json.attrs", "{}");
    expect(read().map(({ result, release }) => [result, release?.id])).toEqual([
      ["failed", "2.0"],
      ["succeeded", "1.0"],
    ]);
    expect((await read()[0]?.promotion())?.release).toEqual(one);
  });

  it("tells apart stacks whose names begin alike", () => {
    write("prod-eu-20.history.json", historyOf(two));
    write("prod-10.history.json", historyOf(one));
    expect(read().map(({ release }) => release?.id)).toEqual(["1.0"]);
  });

  it("shows a file cut short as an update of unknown result, and finds the others", async () => {
    write("prod-20000000000.history.json", historyOf(two).slice(0, 40));
    write("prod-10.history.json", historyOf(one));
    const [broken, good] = read();
    expect(broken).toMatchObject({ result: "unknown", startedAt: 20, release: undefined });
    expect(await broken?.promotion()).toBeUndefined();
    expect(good?.release?.id).toBe("1.0");
  });

  it("takes no update for proven whose state is gone, broken or without a promotion", async () => {
    write("prod-30.history.json", historyOf(one));
    write("prod-20.history.json", historyOf(one));
    write("prod-20.checkpoint.json", "{");
    write("prod-10.history.json", historyOf(one));
    write("prod-10.checkpoint.json", JSON.stringify({ version: 3, checkpoint: { stack: "prod", latest: null } }));
    expect(await Promise.all(read().map((update) => update.promotion()))).toEqual([undefined, undefined, undefined]);
  });

  it("finds no update where the backend has none yet", () => {
    rmSync(folder(), { recursive: true });
    expect(read()).toEqual([]);
  });

  it("refuses a history that cannot be read, which is not an empty one", () => {
    rmSync(folder(), { recursive: true });
    writeFileSync(folder(), "no folder");
    expect(read).toThrow(expect.objectContaining({ code: "SPARKI_OUTSIDE" }));
  });
});
