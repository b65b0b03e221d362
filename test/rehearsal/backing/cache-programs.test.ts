import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheProgram } from "../../../rehearsal/backing/cache.ts";
import { CertificateAuthority, issueCertificate } from "../../../rehearsal/certificates.ts";

describe("cacheProgram", () => {
  const folder = mkdtempSync(join(tmpdir(), "sparki-cache-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("knows the real Redis and its stand-in by the program's name, and wants one of them", () => {
    expect(cacheProgram({ "redis-server": "/usr/bin/redis-server" }).kind).toBe("redis");
    expect(cacheProgram({ "redis-server": "/tools/2.40.0/miniredis-server" }).kind).toBe("miniredis");
    expect(() => cacheProgram({})).toThrow("no redis-server among the tools");
  });

  it.each([
    ["/usr/bin/redis-server", "redis.conf", 'requirepass "a\\"b\\\\c"'],
    ["/tools/miniredis-server", "token", 'a"b\\c'],
  ])("keeps the token of %s out of the arguments, in a file that only we can read", async (command, file, expected) => {
    const authority = await CertificateAuthority.open(folder);
    const certificate = await issueCertificate({ authority, folder, address: "127.251.2.1", hostnames: [] });
    const place = { address: "127.251.2.1", folder, certificate, authorityPem: authority.pem };
    const args = cacheProgram({ "redis-server": command }).prepare(place, 'a"b\\c');
    expect(args.join(" ")).not.toContain('a"b');
    expect(args).toContain(join(folder, file));
    expect(readFileSync(join(folder, file), "utf8")).toContain(expected);
    expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
  });
});
