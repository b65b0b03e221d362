import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheAnswersIn, cacheQuestionsJob } from "../../io/copy-questions.ts";

const questions = [
  { id: "lasting keys", command: "INFO keyspace" },
  { id: "queue", command: "LLEN jobs" },
  { id: "wrong", command: "LLEN flags" },
  { id: "none", command: "GET nothing" },
];
const asked = {
  ...{ name: "drill-cache-copy", image: "ghcr.io/a/psql@sha256:1", host: "cache.example", questions },
  ...{ secretName: "sparki/prod/cache", networkCidr: "10.0.0.0/16" },
};
const job = cacheQuestionsJob({ ...asked, token: "token-of-the-copy" });

/** What stands in for redis-cli: the commands on its input, each answered as Redis would, after the first refused try. */
const REDIS_CLI = `#!/bin/sh
[ -e "$READY" ] || { touch "$READY"; echo 'Could not connect to Redis at cache.example:6379: Connection timed out'; exit 1; }
[ "$*" = "--tls -h cache.example -p 6379" ] || { echo "ERR odd arguments: $*"; exit 1; }
while read -r line; do
  case $line in
    "AUTH secret-token") printf 'OK\\n';;
    AUTH*) printf 'WRONGPASS invalid username-password pair\\n';;
    PING) printf 'PONG\\n';;
    "INFO keyspace") printf '# Keyspace\\r\\ndb0:keys=5,expires=2,avg_ttl=0\\r\\n';;
    "LLEN jobs") printf '3\\n';;
    "LLEN flags") printf 'WRONGTYPE Operation against a key holding the wrong kind of value\\n';;
    "GET nothing") printf '\\n';;
  esac
done
`;

describe("cacheQuestionsJob", () => {
  it("asks in a restricted pod, with a token that is in no argument and in no environment", () => {
    const pod = job.spec?.template.spec;
    const [container] = pod?.containers ?? [];
    expect(JSON.stringify(job)).not.toContain("token-of-the-copy");
    expect(pod?.volumes).toEqual([{ name: "token", secret: { secretName: "drill-cache-copy", defaultMode: 0o440 } }]);
    expect(pod).toMatchObject({ serviceAccountName: "engine", automountServiceAccountToken: false });
    expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600 });
  });

  it("reads the live cache's token from the stack's own secret", () => {
    const volumes = cacheQuestionsJob(asked).spec?.template.spec?.volumes;
    expect(volumes).toMatchObject([{ csi: { volumeAttributes: { secretProviderClass: "drill-cache-copy" } } }]);
  });

  it.each([
    ["secret-token", 0],
    ["another-token", 1],
  ])("runs its script with %s: waits until it is let in, and tells each answer by its number", (token, code) => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-cache-questions-"));
    try {
      const secrets = join(folder, "secrets");
      mkdirSync(secrets);
      writeFileSync(join(secrets, "token"), token);
      for (const [name, script] of Object.entries({ "redis-cli": REDIS_CLI, sleep: "#!/bin/sh\n" })) {
        writeFileSync(join(folder, name), script);
        chmodSync(join(folder, name), 0o755);
      }
      const [shell = "", flags = "", script = "", ...rest] = job.spec?.template.spec?.containers[0]?.command ?? [];
      const here = script.replaceAll("/mnt/secrets/cache", secrets);
      const own = { CACHE_HOST: "cache.example", CACHE_PORT: "6379", READY: join(folder, "ready") };
      const env = { PATH: `${folder}:${process.env.PATH}`, ...own };
      const { status, stdout } = spawnSync(shell, [flags, here, ...rest], { env, encoding: "utf8", timeout: 60_000 });
      expect(status).toBe(code);
      if (code !== 0) expect(() => cacheAnswersIn(stdout, questions)).toThrow(/refuses the check's job: WRONGPASS/);
      else
        expect(cacheAnswersIn(stdout, questions)).toEqual([
          { id: "lasting keys", value: "# Keyspace  db0:keys=5,expires=2,avg_ttl=0" },
          { id: "queue", value: "3" },
          { id: "wrong", problem: expect.stringMatching(/^WRONGTYPE Operation against/), sqlState: "" },
          { id: "none", value: null },
        ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("cacheAnswersIn", () => {
  it("reads only lines that are answers to what was asked", () => {
    const log = [
      "hello",
      "sparki-answer 1 OK 3",
      "sparki-answer 9 OK 1",
      "sparki-answer x OK 1",
      " sparki-answer 2 OK 1",
    ];
    expect(cacheAnswersIn(log.join("\n"), questions)).toEqual([{ id: "queue", value: "3" }]);
  });

  it("takes a lost connection for no answer of Redis's", () => {
    expect(cacheAnswersIn("sparki-answer 1 Error: Server closed the connection", questions)).toEqual([
      { id: "queue", problem: "Error: Server closed the connection", sqlState: "" },
    ]);
  });
});
