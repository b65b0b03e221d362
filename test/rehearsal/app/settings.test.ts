import { secretFiles, settingsFrom } from "../../../rehearsal/app/settings.ts";

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
