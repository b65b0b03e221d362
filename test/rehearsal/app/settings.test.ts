import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { Cadence, Misbehaviour, parseBehaviour, secretFiles, settingsFrom } from "../../../rehearsal/app/settings.ts";

describe("settingsFrom", () => {
  it("has a default for everything", () => {
    expect(settingsFrom({})).toMatchObject({ port: 8080, root: "/", release: "unknown", shutdownDelaySeconds: 0 });
  });

  it("reads what a pod is given", () => {
    const settings = settingsFrom({
      SPARKI_LISTEN_ADDRESS: "127.20.16.5",
      PORT: "9000",
      RELEASE_ID: "r1",
      TRACK: "one-box",
      DATABASE_HOST: "db.example",
      DATABASE_PORT: "5433",
      CACHE_HOST: "cache.example",
      SPARKI_BEHAVIOUR: '{"crash":true}',
    });
    expect(settings).toMatchObject({
      listenAddress: "127.20.16.5",
      port: 9000,
      release: "r1",
      track: "one-box",
      database: { host: "db.example", port: 5433, name: "sparki" },
      cache: { host: "cache.example", port: 6379 },
      behaviour: { crash: true },
    });
  });

  it("looks for the database's authority below the container's root, unless the run names its own", () => {
    const pod = { SPARKI_ROOT: "/run/pod", DATABASE_CA_FILE: "/etc/ca.pem" };
    expect(settingsFrom(pod).certificateAuthorityFile).toBe("/run/pod/etc/ca.pem");
    expect(settingsFrom({ ...pod, SPARKI_CA_FILE: "/run/ca.pem" }).certificateAuthorityFile).toBe("/run/ca.pem");
  });

  it("refuses a port that is no number", () => {
    expect(() => settingsFrom({ PORT: "http" })).toThrow('PORT is "http"; expected a number');
  });
});

describe("secretFiles", () => {
  it("are below the container's root", () => {
    expect(secretFiles("/run/pod").databasePassword).toBe("/run/pod/mnt/secrets/database/password");
    expect(secretFiles("/").cacheToken).toBe("/mnt/secrets/cache/auth-token");
  });
});

describe("parseBehaviour", () => {
  it("is harmless where nothing is said", () => {
    expect(parseBehaviour("{}")).toEqual({
      errorRatio: 0,
      slowRatio: 0,
      slowMilliseconds: 2000,
      crash: false,
      neverReady: false,
      metricsNotNumbers: false,
      failMigration: undefined,
      failTests: false,
    });
  });

  it("takes what an image's behaviour says, and its kind as well", () => {
    const given = {
      kind: "engine",
      errorRatio: 0.05,
      slowRatio: 1,
      slowMilliseconds: 7,
      crash: true,
      neverReady: true,
      metricsNotNumbers: true,
      failTests: true,
    };
    const { kind: _kind, ...expected } = { ...given, failMigration: "0004_owners" };
    expect(parseBehaviour(JSON.stringify({ ...given, failMigration: "0004_owners" }))).toEqual(expected);
  });

  it.each([{ errorRatio: 5 }, { errorRatio: "much" }, { slowRatio: -0.1 }])("refuses %j", (behaviour) => {
    expect(() => parseBehaviour(JSON.stringify(behaviour))).toThrow(/expected a number from 0 to 1/);
  });
});

describe("Cadence", () => {
  it("has chosen floor(calls × ratio) after any number of calls", () => {
    const hundredths = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(hundredths, fc.integer({ min: 0, max: 2000 }), (ratio, calls) => {
        const cadence = new Cadence();
        const chosen = Array.from({ length: calls }, () => cadence.next(ratio / 100)).filter(Boolean).length;
        expect(chosen).toBe(Math.floor((calls * ratio) / 100));
      }),
    );
  });

  it("does not catch up for calls before a restart", () => {
    const cadence = new Cadence();
    for (let i = 0; i < 100; i += 1) cadence.next(0);
    cadence.restart();
    expect([cadence.next(0.5), cadence.next(0.5)]).toEqual([false, true]);
  });
});

describe("Misbehaviour", () => {
  const root = mkdtempSync(join(tmpdir(), "sparki-behaviour-"));
  const file = join(root, "behaviour.json");
  const misbehaviour = new Misbehaviour(parseBehaviour("{}"), root);
  const until = async (holds: () => boolean) => {
    for (let i = 0; i < 100 && !holds(); i += 1) await sleep(50);
  };

  afterAll(() => {
    misbehaviour.close();
    rmSync(root, { recursive: true });
  });

  it("follows behaviour.json while the process runs, and the image again once it is gone", async () => {
    expect(misbehaviour.next()).toEqual({ delayMilliseconds: 0, fails: false });
    writeFileSync(file, JSON.stringify({ errorRatio: 1, slowRatio: 1, slowMilliseconds: 3 }));
    await until(() => misbehaviour.current.errorRatio === 1);
    expect(misbehaviour.next()).toEqual({ delayMilliseconds: 3, fails: true });
    rmSync(file);
    await until(() => misbehaviour.current.errorRatio === 0);
    expect(misbehaviour.next()).toEqual({ delayMilliseconds: 0, fails: false });
  });
});
